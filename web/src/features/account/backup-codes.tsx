/** Backup codes, shown this once: copied, kept as a file, or printed by the person themselves. */
import { Download } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { Dialog, useUnsaved } from "@/ui/dialog";

export function BackupCodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("factor.codes_title")}
      description={t("factor.codes_text")}
    >
      <Codes codes={codes} onClose={onClose} />
    </Dialog>
  );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [kept, setKept] = useState(false);
  // Closing now would lose them for good.
  useUnsaved(!kept);
  const text = codes.join("\n");
  const save = () => {
    const address = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = "switchroom-backup-codes.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <div className="grid gap-3" data-testid="backup-codes">
      <ul className="grid grid-cols-2 gap-x-6 gap-y-1 rounded-md bg-sunken px-3 py-2.5 font-mono max-[24rem]:grid-cols-1">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex gap-2">
        <CopyButton what={t("factor.codes_title")} value={text} />
        <Button onClick={save}>
          <Download aria-hidden />
          {t("factor.codes_save")}
        </Button>
      </div>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={kept}
          onChange={(event) => setKept(event.target.checked)}
        />
        {t("factor.codes_kept")}
      </label>
      <div className="flex justify-end">
        <Button look="primary" disabled={!kept} onClick={onClose}>
          {t("factor.codes_done")}
        </Button>
      </div>
    </div>
  );
}

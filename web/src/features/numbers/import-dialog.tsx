/** Sending a file of lines: what its columns are called, and the file. */
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import type { Import } from "@/lib/api/types";
import { Dialog } from "@/ui/dialog";
import { csvUpload, FileForm } from "@/ui/file-form";

export function ImportDialog({ onSent, onClose }: { onSent: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("imports.send")}
      description={t("imports.numbers_text")}
    >
      <FileForm
        columns={t("imports.numbers_columns")}
        regionHint={t("imports.region_hint")}
        submit={t("imports.send_it")}
        send={(file, region) =>
          take<Import>(api.POST("/api/v1/phone-number-imports", csvUpload(file, region)))
        }
        onSent={(made) => {
          toast.success(t("imports.running", { name: made.name }));
          onSent();
        }}
        onCancel={onClose}
      />
    </Dialog>
  );
}

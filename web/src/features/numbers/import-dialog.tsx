/** Sending a file of lines: what its columns are called, and the file. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import type { Import } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";

export function ImportDialog({ onSent, onClose }: { onSent: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [region, setRegion] = useState("");
  const [tried, setTried] = useState(false);
  const regionFault = region !== "" && !/^[a-z]{2}$/i.test(region);
  const send = useMutation({
    mutationFn: (chosen: File) =>
      take<Import>(
        api.POST("/api/v1/phone-number-imports", {
          params: { query: { name: chosen.name, region: region.toUpperCase() || undefined } },
          // The file goes as it is, without being read into memory first.
          body: chosen as never,
          bodySerializer: (body: unknown) => body as BodyInit,
          headers: { "Content-Type": "text/csv" },
        }),
      ),
    onSuccess: (made) => {
      toast.success(t("imports.running", { name: made.name }));
      onSent();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => (open || send.isPending ? undefined : onClose())}
      title={t("imports.send")}
      description={t("imports.numbers_text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (file && !regionFault) send.mutate(file);
        }}
      >
        <Field
          label={t("imports.file")}
          required
          hint={t("imports.numbers_columns")}
          error={tried && !file ? t("imports.choose") : undefined}
        >
          <Input
            type="file"
            accept=".csv,text/csv"
            className="h-auto py-1.5"
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
        </Field>
        <Field
          label={t("imports.region")}
          hint={t("imports.region_hint")}
          className="w-40"
          error={regionFault ? t("form.region_invalid") : undefined}
        >
          <Input
            maxLength={2}
            className="uppercase"
            autoComplete="off"
            placeholder="FR"
            value={region}
            onChange={(event) => setRegion(event.target.value)}
          />
        </Field>
        <InlineError error={send.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose} disabled={send.isPending}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" look="primary" busy={send.isPending}>
            {t("imports.send_it")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { idempotencyKey } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import { Dialog } from "@/ui/dialog";
import { EntryForm } from "./entry-form";
import { createEntry, type Entry, type Kind } from "./kinds";

export function CreateDialog({
  kind,
  open,
  onOpenChange,
  onCreated,
}: {
  kind: Kind;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCreated: (entry: Entry) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sent = useRef<{ body: string; key: string } | null>(null);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t(`directory.new.${kind}`)}>
      <EntryForm
        kind={kind}
        submitLabel={t("action.create")}
        onCancel={() => onOpenChange(false)}
        onSubmit={async (input) => {
          // The same body keeps its key, so that a retry after a lost answer creates nothing twice.
          const body = JSON.stringify(input);
          if (sent.current?.body !== body) sent.current = { body, key: idempotencyKey() };
          const entry = await createEntry(kind, input, sent.current.key);
          sent.current = null;
          toast.success(t("directory.created", { name: entry.name }));
          await client.invalidateQueries({ queryKey: [...keys.directory, kind, "list"] });
          onOpenChange(false);
          onCreated(entry);
        }}
      />
    </Dialog>
  );
}

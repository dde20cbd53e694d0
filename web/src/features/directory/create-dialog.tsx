import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import { useSameKey } from "@/lib/same-key";
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
  const key = useSameKey();
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t(`directory.new.${kind}`)}>
      <EntryForm
        kind={kind}
        submitLabel={t("action.create")}
        onCancel={() => onOpenChange(false)}
        onSubmit={async (input) => {
          const entry = await createEntry(kind, input, key.of(input));
          key.done();
          toast.success(t("directory.created", { name: entry.name }));
          await client.invalidateQueries({ queryKey: [...keys.directory, kind, "list"] });
          onOpenChange(false);
          onCreated(entry);
        }}
      />
    </Dialog>
  );
}

/** Two records become one, asked about first: the same wherever duplicates are shown. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { CONTACT_KIND, type Merge } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import { Confirm } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";

/** The kinds of record, in the order in which they are offered; of all of them two can be one. */
export const MERGEABLE = ["individuals", "organizations", "contacts", "email-contacts"] as const;
export type MergeableKind = (typeof MERGEABLE)[number];

export interface Named {
  id: string;
  name: string;
}

export function ConfirmMerge({
  kind,
  keep,
  other,
  onClose,
}: {
  kind: MergeableKind;
  /** The one that stays. */
  keep: Named;
  other: Named;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const merge = useMutation({
    mutationFn: () =>
      take<Merge>(
        api.POST("/api/v1/contact-merges", {
          body: { kind: CONTACT_KIND[kind], keep_id: keep.id, merge_id: other.id },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: (made) => {
      onClose();
      toast.success(t("merge.done", { name: other.name, keep: keep.name }), {
        description: t("merge.moved", { tickets: made.moved_tickets, notes: made.moved_notes }),
      });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.directory }),
  });
  return (
    <Confirm
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("merge.title", { other: other.name, name: keep.name })}
      text={t("merge.text", { name: keep.name })}
      action={t("merge.merge")}
      busy={merge.isPending}
      error={<InlineError error={merge.error} />}
      onConfirm={() => merge.mutate()}
    />
  );
}

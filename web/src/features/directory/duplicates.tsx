/** Records that may be the same as the one looked at: made one, and within thirty days two again. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { type Candidate, CONTACT_KIND, type Merge } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ContactLink } from "@/ui/contact-link";
import { Empty, Failed, Loading, useErrorText } from "@/ui/feedback";
import { ConfirmMerge, type MergeableKind } from "./merging";

export function Duplicates({ kind, id, name }: { kind: MergeableKind; id: string; name: string }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Candidate | null>(null);
  const query = useQuery({
    queryKey: [...keys.directory, "candidates", id],
    queryFn: ({ signal }) =>
      take<Page<Candidate>>(
        api.GET("/api/v1/contact-duplicates/candidates", {
          params: { query: { kind: CONTACT_KIND[kind], contact_id: id } },
          signal,
        }),
      ),
  });
  return (
    <div className="grid gap-5">
      {query.isPending ? (
        <Loading />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.items.length === 0 ? (
        <Empty title={t("merge.none")} text={t("merge.none_text")} className="py-6" />
      ) : (
        <ul className="grid gap-2" data-testid="candidates">
          {query.data.items.map((candidate) => (
            <li
              key={candidate.contact.id}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-line px-3 py-2"
            >
              <span className="grid min-w-0">
                <ContactLink
                  contact={candidate.contact}
                  name={candidate.name}
                  organizationId={candidate.organization_id}
                />
                {candidate.organization_name || candidate.email ? (
                  <span className="text-[0.8667rem] wrap-anywhere text-muted">
                    {[candidate.organization_name, candidate.email].filter(Boolean).join(" · ")}
                  </span>
                ) : null}
              </span>
              <span className="flex flex-wrap gap-1">
                {candidate.reasons.map((reason) => (
                  <Badge key={reason} tone="warn">
                    {t(`merge.reason.${reason as "number" | "email" | "name"}`, { defaultValue: reason })}
                  </Badge>
                ))}
              </span>
              <Button
                size="sm"
                className="ml-auto"
                aria-label={t("merge.merge_one", { name: candidate.name })}
                onClick={() => setAsked(candidate)}
              >
                {t("merge.merge")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Merges id={id} />
      {asked ? (
        <ConfirmMerge
          kind={kind}
          keep={{ id, name }}
          other={{ id: asked.contact.id, name: asked.name }}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </div>
  );
}

function Merges({ id }: { id: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const query = useQuery({
    queryKey: [...keys.directory, "merges", id],
    queryFn: ({ signal }) =>
      take<Page<Merge>>(api.GET("/api/v1/contact-merges", { params: { query: { contact_id: id } }, signal })),
  });
  const undo = useMutation({
    mutationFn: (merge: Merge) =>
      take<Merge>(
        api.POST("/api/v1/contact-merges/{id}/undo", {
          params: { path: { id: merge.id } },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: () => toast.success(t("merge.undone")),
    onError: (error) => toast.error(errorText(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.directory }),
  });
  const merges = query.data?.items ?? [];
  if (merges.length === 0) return null;
  return (
    <section aria-labelledby="merges" className="border-t border-line pt-3">
      <h3 id="merges" className="mb-2 font-semibold">
        {t("merge.history")}
      </h3>
      <ul className="grid gap-2" data-testid="merges">
        {merges.map((merge) => (
          <li
            key={merge.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-line px-3 py-2"
          >
            <span>
              <When at={merge.merged_at} />{" "}
              <span className="text-muted">
                {t("merge.moved", { tickets: merge.moved_tickets, notes: merge.moved_notes })}
              </span>
            </span>
            {merge.undone_at ? (
              <Badge>{t("merge.was_undone")}</Badge>
            ) : (
              <span className="ml-auto flex flex-wrap items-center gap-2 text-[0.8667rem] text-muted">
                {t("merge.until")} <When at={merge.undo_until} />
                <Button
                  size="sm"
                  busy={undo.isPending && undo.variables.id === merge.id}
                  onClick={() => undo.mutate(merge)}
                >
                  {t("merge.undo")}
                </Button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A member's second factor: whether there is one, and its reset for who lost phone and backup codes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Member, SecondFactor } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { Panel, PanelHead } from "@/ui/panel";

export function MemberFactor({ member }: { member: Member }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [asking, setAsking] = useState(false);
  const params = { path: { id: member.id } };
  const query = useQuery({
    queryKey: [...keys.people, "factor", member.id],
    queryFn: ({ signal }) =>
      take<SecondFactor>(api.GET("/api/v1/users/{id}/second-factor", { params, signal })),
  });
  const name = member.name || member.email;
  const reset = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/users/{id}/second-factor", { params })),
    onSuccess: () => {
      setAsking(false);
      toast.success(t("factor.was_reset", { name }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.people, "factor", member.id] }),
  });
  if (!query.data) return null;
  const elsewhere = isApiError(reset.error) && reset.error.type === "member-elsewhere";
  return (
    <Panel data-testid="member-factor">
      <PanelHead level={3} title={t("factor.title")} />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 p-3">
        <p>
          {query.data.enabled ? (
            <>
              {t("factor.member_on")} <When at={query.data.confirmed_at} />
            </>
          ) : (
            <span className="text-muted">{t("factor.member_off")}</span>
          )}
        </p>
        {query.data.enabled ? (
          <Button size="sm" className="ml-auto" onClick={() => setAsking(true)}>
            {t("factor.reset")}
          </Button>
        ) : null}
      </div>
      {asking ? (
        <Confirm
          open
          onOpenChange={setAsking}
          title={t("factor.reset_title", { name })}
          text={t("factor.reset_text")}
          action={t("factor.reset")}
          busy={reset.isPending}
          error={
            reset.error ? (
              <div className="mt-2">
                <FormProblem message={elsewhere ? t("factor.elsewhere") : errorText(reset.error)} />
              </div>
            ) : null
          }
          onConfirm={() => reset.mutate()}
        />
      ) : null}
    </Panel>
  );
}

/** A password link for a member who forgot theirs: mailed where the server sends mail, else shown once. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { Member, PasswordLink } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { HandOver } from "@/ui/hand-over";
import { makePasswordLink } from "./people";
import { useRefusalText } from "./refusal";

export function MemberPassword({ member }: { member: Member }) {
  const { t } = useTranslation();
  const refusal = useRefusalText();
  const errorText = useErrorText();
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<PasswordLink | null>(null);
  const name = member.name || member.email;
  const make = useMutation({
    mutationFn: () => makePasswordLink(member),
    onSuccess: (link) => {
      setAsking(false);
      if (link.link) setMade(link);
      else toast.success(t("people.mailed", { email: member.email }));
    },
  });
  return (
    <>
      <Button
        size="sm"
        onClick={() => {
          make.reset();
          setAsking(true);
        }}
      >
        {t("people.password")}
      </Button>
      {asking ? (
        <Confirm
          open
          onOpenChange={setAsking}
          title={t("people.password_ask", { name })}
          text={t("people.password_text")}
          action={t("people.password_make")}
          look="primary"
          busy={make.isPending}
          error={
            make.error ? (
              <div className="mt-2">
                <FormProblem message={refusal(make.error)?.message ?? errorText(make.error)} />
              </div>
            ) : null
          }
          onConfirm={() => make.mutate()}
        />
      ) : null}
      {made ? (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setMade(null))}
          title={t("people.password_title", { name })}
        >
          <HandOver
            made={made}
            label={t("people.password_link")}
            text={t("people.password_link_text", { email: member.email })}
            data-testid="password-link"
            onClose={() => setMade(null)}
          />
        </Dialog>
      ) : null}
    </>
  );
}

/** Erasing a person for good: asked with the name typed, because nothing brings it back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ShieldX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { CONTACT_KIND } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import type { Entry, Target } from "./kinds";

export function Erase({ target, entry, onGone }: { target: Target; entry: Entry; onGone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setAsking(true)}>
        <ShieldX aria-hidden />
        {t("erase.erase")}
      </Button>
      {asking ? (
        <EraseDialog target={target} entry={entry} onGone={onGone} onClose={() => setAsking(false)} />
      ) : null}
    </>
  );
}

function EraseDialog({
  target,
  entry,
  onGone,
  onClose,
}: {
  target: Target;
  entry: Entry;
  onGone: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const same = typed.trim() === entry.name.trim();
  const erase = useMutation({
    mutationFn: () =>
      take<{ tickets: number; calls: number }>(
        api.POST("/api/v1/contact-erasures", {
          body: {
            contact: { kind: CONTACT_KIND[target.kind], id: target.id },
            reason: reason.trim() || null,
          },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: (made) => {
      toast.success(t("erase.done"), {
        description: t("erase.kept", { tickets: made.tickets, calls: made.calls }),
      });
      onClose();
      onGone();
      void client.invalidateQueries({
        queryKey: keys.directory,
        predicate: ({ queryKey }) => !queryKey.includes(entry.id),
      });
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => (open || erase.isPending ? undefined : onClose())}
      title={t("erase.title", { name: entry.name })}
      description={t("erase.text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (same) erase.mutate();
        }}
      >
        <Field label={t("erase.reason")} hint={t("erase.reason_hint")}>
          <Input
            autoComplete="off"
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Field>
        <Field
          label={t("erase.type", { name: entry.name })}
          required
          error={typed !== "" && !same ? t("erase.differs") : undefined}
        >
          <Input
            autoComplete="off"
            aria-required
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </Field>
        <InlineError error={erase.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose} disabled={erase.isPending}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" look="danger" busy={erase.isPending} disabled={!same}>
            {t("erase.erase")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

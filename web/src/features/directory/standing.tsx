/** Where a contact stands: active, suspended, given up; moved by a command with a reason for the audit log. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import type { Standing } from "@/lib/api/directory-types";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";

/** Only these are moved by command. */
type StandingKind = "individuals" | "organizations";

const tone: Record<Standing, Tone> = {
  pending: "accent",
  active: "good",
  suspended: "bad",
  inactive: "neutral",
};

export function StandingBadge({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  return (
    <Badge tone={tone[standing] ?? "neutral"} data-standing={standing}>
      {t(`standing.${standing}`, { defaultValue: standing })}
    </Badge>
  );
}

/** Only these are commands; nobody is made pending. */
export const MOVES: Record<Standing, readonly Exclude<Standing, "pending">[]> = {
  pending: ["active", "inactive"],
  active: ["suspended", "inactive"],
  suspended: ["active", "inactive"],
  inactive: ["active"],
};

/** Of one of several ticked records: only as it was on the screen. */
export async function moveStanding(
  { kind, id, version }: { kind: StandingKind; id: string; version?: number },
  status: Standing,
  reason: string | null,
): Promise<void> {
  const options = {
    body: { status, reason },
    params: {
      path: { id },
      header: version === undefined ? {} : { "If-Match": `"${version}"` },
    },
    headers: { "Idempotency-Key": idempotencyKey() },
  };
  if (kind === "individuals") await take(api.POST("/api/v1/individuals/{id}/status", options));
  else await take(api.POST("/api/v1/organizations/{id}/status", options));
}

export function StandingMoves({
  kind,
  id,
  name,
  standing,
}: {
  kind: StandingKind;
  id: string;
  name: string;
  standing: Standing;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [asked, setAsked] = useState<Exclude<Standing, "pending"> | null>(null);
  const [reason, setReason] = useState("");
  const move = useMutation({
    mutationFn: (status: Standing) => moveStanding({ kind, id }, status, reason.trim() || null),
    onSuccess: (_, status) => {
      toast.success(t(`standing.done.${status as "active" | "suspended" | "inactive"}`, { name }));
      setAsked(null);
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.directory }),
  });
  const refused = isApiError(move.error) && move.error.type === "status-move";
  return (
    <>
      {MOVES[standing].map((to) => (
        <Button
          key={to}
          size="sm"
          onClick={() => {
            move.reset();
            setReason("");
            setAsked(to);
          }}
        >
          {t(`standing.move.${to}`)}
        </Button>
      ))}
      {asked ? (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t(`standing.title.${asked}`, { name })}
          description={t(`standing.text.${asked}`)}
        >
          <form
            className="grid gap-3"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              move.mutate(asked);
            }}
          >
            <Field label={t("standing.reason")} hint={t("standing.reason_hint")}>
              <Input
                autoComplete="off"
                maxLength={500}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </Field>
            <FormProblem
              message={move.error ? (refused ? t("standing.refused") : errorText(move.error)) : undefined}
            />
            <div className="flex justify-end gap-2">
              <Button onClick={() => setAsked(null)}>{t("action.cancel")}</Button>
              <Button type="submit" look={asked === "active" ? "primary" : "danger"} busy={move.isPending}>
                {t(`standing.move.${asked}`)}
              </Button>
            </div>
          </form>
        </Dialog>
      ) : null}
    </>
  );
}

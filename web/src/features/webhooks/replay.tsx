/** The log sent once more: all that is kept, or what is behind a place of it. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Delivery } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { formatDateTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { FormProblem, InlineError } from "@/ui/feedback";
import { Choice, Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";

/** Where the log begins, whatever of it is still kept. */
const BEGINNING = "0";

function useReplay(id: string, onDone: () => void) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (after: string) =>
      take(
        api.POST("/api/v1/webhook-endpoints/{id}/replay", {
          params: { path: { id } },
          body: { after },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: () => {
      toast.success(t("webhooks.replay_begun"));
      onDone();
      return client.invalidateQueries({ queryKey: keys.webhooks });
    },
  });
}

/** Asks from where, and says what comes of it. */
export function Replay({ id, name }: { id: string; name: string }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button size="sm" onClick={() => setAsking(true)}>
        <History aria-hidden />
        {t("webhooks.replay_log")}
      </Button>
      {asking ? (
        <Dialog
          open
          onOpenChange={setAsking}
          title={t("webhooks.replay_title", { name })}
          description={t("webhooks.replay_text")}
        >
          <ReplayForm id={id} onClose={() => setAsking(false)} />
        </Dialog>
      ) : null}
    </>
  );
}

function ReplayForm({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const replay = useReplay(id, onClose);
  const schema = useMemo(
    () =>
      z.object({ from: z.enum(["all", "cursor"]), after: z.string() }).check(
        z.refine(({ from, after }) => from === "all" || after.trim() !== "", {
          message: t("form.required"),
          path: ["after"],
        }),
      ),
    [t],
  );
  const form = useForm<{ from: "all" | "cursor"; after: string }>({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: { from: "cursor", after: "" },
  });
  const { errors, isSubmitting } = form.formState;
  const from = form.watch("from");
  const submit = form.handleSubmit(async ({ after }) => {
    try {
      await replay.mutateAsync(from === "all" ? BEGINNING : after.trim());
    } catch (error) {
      const fieldOf = ([head]: string[]) => (head === "after" && from === "cursor" ? "after" : null);
      if (!placeProblem(form, error, fieldOf, t("form.check_fields"))) throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Choice
        legend={t("webhooks.replay_what")}
        name="from"
        value={from}
        options={[
          { value: "cursor", label: t("webhooks.replay_behind") },
          { value: "all", label: t("webhooks.replay_everything") },
        ]}
        onChange={(value) => form.setValue("from", value)}
      />
      {from === "cursor" ? (
        <Field
          label={t("webhooks.cursor")}
          required
          hint={t("webhooks.cursor_hint")}
          error={errors.after?.message}
        >
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-required
            className="font-mono"
            {...form.register("after")}
          />
        </Field>
      ) : null}
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("webhooks.replay")} busy={isSubmitting} onCancel={onClose} />
    </form>
  );
}

/** Everything behind one delivery: what to ask for when it is known until when all was well. */
export function ReplayAfter({ id, delivery }: { id: string; delivery: Delivery }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const replay = useReplay(id, () => setAsking(false));
  const label = t("webhooks.replay_after_one", { type: delivery.type, cursor: delivery.cursor });
  return (
    <>
      <Button
        look="ghost"
        size="icon-sm"
        aria-label={label}
        title={label}
        onClick={() => {
          replay.reset();
          setAsking(true);
        }}
      >
        <History aria-hidden />
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t("webhooks.replay_after", { when: formatDateTime(delivery.attempted_at) })}
        text={t("webhooks.replay_text")}
        action={t("webhooks.replay")}
        look="primary"
        busy={replay.isPending}
        error={<InlineError error={replay.error} />}
        onConfirm={() => replay.mutate(delivery.cursor)}
      />
    </>
  );
}

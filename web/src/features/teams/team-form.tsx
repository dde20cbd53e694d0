import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { Team } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";

const valuesOf = (team: Team | undefined) => ({
  name: team?.name ?? "",
  description: team?.description ?? "",
});

export function TeamForm({
  team,
  readAgain,
  onSaved,
  onCancel,
}: {
  team?: Team;
  /** The team as it is now. */
  readAgain?: () => Promise<Team | undefined>;
  onSaved: (team: Team) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(100, t("form.too_long"))),
        description: z.string().check(z.maxLength(500, t("form.too_long"))),
      }),
    [t],
  );
  const form = useForm({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: valuesOf(team),
  });
  const seen = useSeen(team, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    const body = { name: values.name.trim(), description: values.description.trim() || null };
    try {
      let saved: Team;
      if (team) {
        saved = await take<Team>(
          api.PATCH("/api/v1/teams/{id}", {
            body,
            params: { path: { id: team.id }, header: { "If-Match": seen.etag } },
          }),
        );
      } else {
        saved = await take<Team>(
          api.POST("/api/v1/teams", { body, headers: { "Idempotency-Key": key.of(body) } }),
        );
      }
      toast.success(t("teams.saved", { name: saved.name }));
      onSaved(saved);
    } catch (error) {
      if (isApiError(error) && error.type === "team-exists")
        form.setError("name", { message: t("teams.exists") }, { shouldFocus: true });
      else if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => (head === "name" || head === "description" ? head : null),
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <Field label={t("field.description")} error={errors.description?.message}>
        <Textarea rows={2} className="min-h-14" autoComplete="off" {...form.register("description")} />
      </Field>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={team ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onCancel}
      />
    </form>
  );
}

/** One's own name; what else one is, is for admins to change. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { ApiError, isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Me } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { Button } from "@/ui/button";
import { FormProblem } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { Fact, Facts, Panel, PanelHead } from "@/ui/panel";
import { useRoleText } from "@/ui/role";

export function ProfileForm({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const roleText = useRoleText();
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(200, t("form.too_long"))),
      }),
    [t],
  );
  const form = useForm({
    resolver: zodResolver(schema),
    mode: "onTouched",
    values: { name: me.user.name },
    resetOptions: { keepDirtyValues: true },
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  const submit = form.handleSubmit(async ({ name }) => {
    try {
      const changed = await take<Me>(
        api.PATCH("/api/v1/me", {
          body: { name: name.trim() },
          params: { header: { "If-Match": `"${me.version}"` } },
        }),
      );
      client.setQueryData(keys.me, changed);
      form.reset({ name: changed.user.name });
      void client.invalidateQueries({ queryKey: keys.people });
      toast.success(t("account.saved"));
    } catch (error) {
      if (isApiError(error) && error.status === 412) await client.invalidateQueries({ queryKey: keys.me });
      const told =
        isApiError(error) && error.status === 412
          ? new ApiError(412, { detail: t("form.changed_elsewhere") })
          : error;
      if (!placeProblem(form, told, ([head]) => (head === "name" ? "name" : null), t("form.check_fields")))
        throw error;
    }
  });
  return (
    <Panel>
      <PanelHead title={t("account.profile")} />
      <div className="grid gap-4 p-3 lg:grid-cols-2">
        <form onSubmit={(event) => void submit(event)} noValidate className="grid content-start gap-3">
          <Field label={t("field.name")} required hint={t("account.name_hint")} error={errors.name?.message}>
            <Input autoComplete="name" aria-required {...form.register("name")} />
          </Field>
          <FormProblem message={errors.root?.message} />
          <div>
            <Button type="submit" look="primary" busy={isSubmitting} disabled={!isDirty}>
              {t("action.save")}
            </Button>
          </div>
        </form>
        <Facts className="content-start">
          <Fact term={t("field.email")}>{me.user.email}</Fact>
          <Fact term={t("field.role")}>
            {me.platform_admin ? t("role.platform_admin") : (me.role_name ?? roleText(me.role ?? ""))}
          </Fact>
          <Fact term={t("account.tenant")}>{me.tenant?.name ?? t("account.no_tenant")}</Fact>
          <Fact term={t("field.extension")}>{me.extension ?? <span className="text-muted">–</span>}</Fact>
        </Facts>
      </div>
    </Panel>
  );
}

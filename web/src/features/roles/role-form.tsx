import { zodResolver } from "@hookform/resolvers/zod";
import { useEffect, useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { PermissionItem, RoleItem } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { PermissionBoxes } from "@/ui/permission-boxes";
import { useRoleText } from "@/ui/role";
import { useSeen } from "@/ui/seen";

/** Any but the owner: what kind of person the role is for. */
const BASES = ["org_admin", "supervisor", "agent", "corporate", "member", "client"] as const;

interface Values {
  name: string;
  description: string;
  base: string;
}

const valuesOf = (role: RoleItem): Values => ({
  name: role.name,
  description: role.description ?? "",
  base: role.base,
});

export function RoleForm({
  role,
  readAgain,
  like,
  permissions,
  mine,
  onSaved,
  onCancel,
}: {
  /** The one that is changed; absent for a new one. */
  role?: RoleItem;
  /** The role as it is now. */
  readAgain?: () => Promise<RoleItem | undefined>;
  like: RoleItem | null;
  permissions: readonly PermissionItem[];
  mine: ReadonlySet<string>;
  onSaved: (role: RoleItem) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const key = useSameKey();
  const [start, setStart] = useState<ReadonlySet<string>>(
    // Nobody gives what they do not have: a copy begins with what both have.
    () => new Set(role ? role.permissions : like?.permissions.filter((name) => mine.has(name))),
  );
  const [chosen, setChosen] = useState(start);
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(60, t("form.too_long"))),
        description: z.string().check(z.maxLength(500, t("form.too_long"))),
        base: z.string(),
      }),
    [t],
  );
  const base = like && like.base !== "org_owner" ? like.base : "agent";
  const form = useForm<Values>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: role ? valuesOf(role) : { name: "", description: "", base },
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  const changed = chosen.size !== start.size || [...chosen].some((name) => !start.has(name));
  useUnsaved(isDirty || changed);
  const { adopt, ...seen } = useSeen(role, form, valuesOf, readAgain, (now) => {
    // What was ticked and unticked here, on what the role has now.
    const given = [...chosen].filter((name) => !start.has(name));
    setChosen(new Set([...now.permissions, ...given].filter((name) => chosen.has(name) || !start.has(name))));
    setStart(new Set(now.permissions));
  });
  const asNow = (now: RoleItem) => {
    adopt(now);
    setStart(new Set(now.permissions));
    setChosen(new Set(now.permissions));
  };
  // The form is open as long as its role is looked at: while nothing is changed here, it shows what others do.
  const newer = role && (role.version ?? 0) > (seen.seen?.version ?? 0) && !isDirty && !changed ? role : null;
  useEffect(() => {
    if (newer) asNow(newer);
  });
  const submit = form.handleSubmit(async (values) => {
    const body = {
      name: values.name.trim(),
      description: values.description.trim() || null,
      base: values.base,
      permissions: [...chosen].sort(),
    };
    try {
      let saved: RoleItem;
      if (role?.id) {
        saved = await take<RoleItem>(
          api.PATCH("/api/v1/roles/{id}", {
            body,
            params: { path: { id: role.id }, header: { "If-Match": seen.etag } },
          }),
        );
      } else {
        saved = await take<RoleItem>(
          api.POST("/api/v1/roles", { body, headers: { "Idempotency-Key": key.of(body) } }),
        );
      }
      asNow(saved);
      toast.success(t(role ? "roles.saved" : "roles.made", { name: saved.name }));
      onSaved(saved);
    } catch (error) {
      if (isApiError(error) && error.type === "role-exists")
        form.setError("name", { message: t("roles.exists") }, { shouldFocus: true });
      else if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => (["name", "description", "base"] as const).find((field) => field === head) ?? null,
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3" data-testid="role-form">
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("field.name")} required error={errors.name?.message}>
          <Input autoComplete="off" aria-required {...form.register("name")} />
        </Field>
        <Field label={t("roles.base")} hint={t("roles.base_hint")} error={errors.base?.message}>
          <Select {...form.register("base")}>
            {BASES.map((each) => (
              <option key={each} value={each}>
                {roleText(each)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Field label={t("field.description")} error={errors.description?.message}>
        <Textarea rows={2} className="min-h-14" autoComplete="off" {...form.register("description")} />
      </Field>
      <h3 className="font-semibold">
        {t("roles.permissions")} <span className="num font-normal text-muted">{chosen.size}</span>
      </h3>
      <PermissionBoxes all={permissions} chosen={chosen} mine={mine} onChange={setChosen} />
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={role ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        disabled={role && !isDirty && !changed}
        onCancel={onCancel}
      />
    </form>
  );
}

/** Role, extension, SIP address, modules and notes of a member. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm, useWatch } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { Member } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { ContactChooser } from "@/ui/contact-chooser";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useRoleText } from "@/ui/role";
import { useSeen } from "@/ui/seen";
import { NoteRows } from "./member-notes";
import { changeOf, choiceOf, isClient, type MemberValues, memberSchema, valuesOf } from "./member-values";
import { ModuleBoxes } from "./module-boxes";
import { changeMember, grantable, type PeopleRights, possible } from "./people";
import { useRefusalText } from "./refusal";
import { useFormWords } from "./use-form-words";
import { useRoles } from "./use-roles";

const FIELDS = ["role", "extension", "sip_uri", "modules", "contact"] as const;

export function MemberForm({
  member,
  rights,
  readAgain,
  onSaved,
  onCancel,
}: {
  member: Member;
  rights: PeopleRights;
  /** The member as they are now. */
  readAgain: () => Promise<Member | undefined>;
  onSaved: () => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const refusal = useRefusalText();
  const roles = useRoles();
  const words = useFormWords();
  const schema = useMemo(() => memberSchema(words), [words]);
  const form = useForm<MemberValues>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: valuesOf(member),
  });
  const seen = useSeen(member, form, valuesOf, readAgain);
  const before = valuesOf(seen.seen ?? member);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const may = possible(member, rights);
  const offered = grantable(roles, rights).map((role) => ({
    value: choiceOf(role),
    label: role.id ? role.name : roleText(role.name),
  }));
  const [role, contact] = useWatch({ control: form.control, name: ["role", "contact"] });
  const submit = form.handleSubmit(async (values) => {
    try {
      const saved = await changeMember(
        member.id,
        changeOf(before, values, isClient(values.role, roles), seen.seen?.metadata ?? {}),
        seen.etag,
      );
      toast.success(t("people.saved", { name: saved.name || saved.email }));
      await onSaved();
    } catch (error) {
      if (await seen.overtaken(error)) return;
      const told = refusal(error);
      if (told?.field) form.setError(told.field, { message: told.message }, { shouldFocus: true });
      else if (told) form.setError("root", { message: told.message });
      else if (
        !placeProblem(
          form,
          error,
          ([head]) => (head === "role_id" ? "role" : (FIELDS.find((field) => field === head) ?? null)),
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form
      onSubmit={(event) => void submit(event)}
      noValidate
      className="grid max-w-xl gap-3"
      data-testid="member-form"
    >
      <Field
        label={t("field.role")}
        required
        hint={may.powers ? t("people.role_hint") : t("people.own_powers")}
        error={errors.role?.message}
      >
        <Select aria-required disabled={!may.powers} {...form.register("role")}>
          {offered.some(({ value }) => value === before.role) ? null : (
            <option value={before.role}>
              {seen.seen?.role_name ?? roleText(seen.seen?.role ?? member.role)}
            </option>
          )}
          {offered.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label={t("field.extension")}
          hint={t("people.extension_hint")}
          error={errors.extension?.message}
        >
          <Input inputMode="numeric" autoComplete="off" {...form.register("extension")} />
        </Field>
        <Field label={t("people.sip_uri")} hint={t("people.sip_hint")} error={errors.sip_uri?.message}>
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            placeholder="sip:201@pbx.example"
            {...form.register("sip_uri")}
          />
        </Field>
      </div>
      {isClient(role, roles) && rights.contacts ? (
        <ContactChooser
          value={contact}
          known={seen.seen?.contact ?? null}
          hint={t("people.contact_hint")}
          error={errors.contact?.message}
          onChange={(next) => form.setValue("contact", next, { shouldDirty: true, shouldTouch: true })}
        />
      ) : null}
      <ModuleBoxes form={form} disabled={!may.powers} />
      {seen.seen?.metadata ? <NoteRows form={form} /> : null}
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("action.save")} busy={isSubmitting} disabled={!isDirty} onCancel={onCancel} />
    </form>
  );
}

/** Inviting somebody. Where the server sends no mail, the link is shown: this once, to be handed over. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useForm, useWatch } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import type { Invitation, Modules } from "@/lib/api/types";
import { contactOfText } from "@/lib/client-contact";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { ContactChooser } from "@/ui/contact-chooser";
import { Dialog, useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { InvitationLink } from "@/ui/hand-over";
import { useRoleText } from "@/ui/role";
import { choiceOf, inviteSchema, isClient, roleOf } from "./member-values";
import { ModuleBoxes } from "./module-boxes";
import { grantable, invite, type PeopleRights } from "./people";
import { refusalOf, useRefusalText } from "./refusal";
import { useFormWords } from "./use-form-words";
import { useRoles } from "./use-roles";

interface Values {
  email: string;
  name: string;
  role: string;
  extension: string;
  modules: Modules;
  contact: string;
}
const EMPTY: Values = {
  email: "",
  name: "",
  role: "agent",
  extension: "",
  modules: { individuals: true, organizations: true, tickets: true, numbers: true },
  contact: "",
};
const FIELDS = ["email", "name", "role", "extension", "modules", "contact"] as const;

export function InviteDialog({ rights, onClose }: { rights: PeopleRights; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<Invitation | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={made ? t("people.invited", { email: made.email }) : t("people.invite")}
      description={made ? undefined : t("people.invite_text")}
    >
      {made ? (
        <InvitationLink invitation={made} onClose={onClose} />
      ) : (
        <InviteForm
          rights={rights}
          onCancel={onClose}
          onMade={(invitation) => {
            void client.invalidateQueries({ queryKey: keys.invitations });
            if (invitation.link) setMade(invitation);
            else {
              toast.success(t("people.mailed", { email: invitation.email }));
              onClose();
            }
          }}
        />
      )}
    </Dialog>
  );
}

function InviteForm({
  rights,
  onMade,
  onCancel,
}: {
  rights: PeopleRights;
  onMade: (invitation: Invitation) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const refusal = useRefusalText();
  const roles = useRoles();
  const words = useFormWords();
  const schema = useMemo(() => inviteSchema(words), [words]);
  const key = useSameKey();
  const form = useForm<Values>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: EMPTY,
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const offered = grantable(roles, rights).map((role) => ({
    value: choiceOf(role),
    label: role.id ? role.name : roleText(role.name),
  }));
  const [role, chosen] = useWatch({ control: form.control, name: ["role", "contact"] });
  const submit = form.handleSubmit(async (values) => {
    const contact = isClient(values.role, roles) ? contactOfText(values.contact) : null;
    const body = {
      email: values.email.trim(),
      ...roleOf(values.role),
      ...(values.name.trim() ? { name: values.name.trim() } : {}),
      ...(values.extension.trim() ? { extension: values.extension.trim() } : {}),
      ...(contact ? { contact } : {}),
      modules: values.modules,
    };
    try {
      onMade(await invite(body, key.of(body)));
    } catch (error) {
      const told = refusal(error);
      if (told) {
        const at = told.field ?? (refusalOf(error)?.startsWith("already") ? ("email" as const) : null);
        if (at) form.setError(at, { message: told.message }, { shouldFocus: true });
        else form.setError("root", { message: told.message });
      } else if (
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
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.email")} required error={errors.email?.message}>
        <Input
          type="email"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-required
          {...form.register("email")}
        />
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("field.name")} hint={t("people.name_hint")} error={errors.name?.message}>
          <Input autoComplete="off" {...form.register("name")} />
        </Field>
        <Field
          label={t("field.extension")}
          hint={t("people.extension_hint")}
          error={errors.extension?.message}
        >
          <Input inputMode="numeric" autoComplete="off" {...form.register("extension")} />
        </Field>
      </div>
      <Field label={t("field.role")} required error={errors.role?.message}>
        <Select aria-required {...form.register("role")}>
          {offered.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      {isClient(role, roles) && rights.contacts ? (
        <ContactChooser
          value={chosen}
          known={null}
          hint={t("people.contact_hint")}
          error={errors.contact?.message}
          onChange={(next) => form.setValue("contact", next, { shouldDirty: true, shouldTouch: true })}
        />
      ) : null}
      <ModuleBoxes form={form} />
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("people.invite_send")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}

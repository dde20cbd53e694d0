/** Opening a connection, and changing one: the same fields, except that the provider stays. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { CONNECTION_KINDS, type Connection } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";
import { CREDENTIAL_NAMES, CREDENTIALS, EMPTY, schemaOf, type Values } from "./credentials";

const FIELDS = ["kind", "name", "default_region", ...CREDENTIAL_NAMES] as const;

/** A connection's own fields; what it signs with is never shown. */
const valuesOf = (connection: Connection): Values => ({
  ...EMPTY,
  // The built-in one is changed by nobody.
  kind: connection.kind === "sip" ? EMPTY.kind : connection.kind,
  name: connection.name,
  default_region: connection.default_region ?? "",
});

export function ConnectionForm({
  connection,
  readAgain,
  submitLabel,
  onSubmit,
  onCancel,
}: {
  /** The one that is changed; absent for a new one. */
  connection?: Connection;
  /** The connection as it is now. */
  readAgain?: () => Promise<Connection | undefined>;
  submitLabel: string;
  /** `etag`: of the version that was seen, of one that is changed. */
  onSubmit: (values: Values, etag: string) => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const changing = connection !== undefined;
  const schema = useMemo(
    () =>
      schemaOf(
        {
          required: t("form.required"),
          tooLong: t("form.too_long"),
          region: t("form.region_invalid"),
          publicKey: t("form.public_key_invalid"),
          together: t("form.belongs_together"),
        },
        changing,
      ),
    [t, changing],
  );
  const form = useForm<Values>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: connection ? valuesOf(connection) : EMPTY,
  });
  const seen = useSeen(connection, form, valuesOf, readAgain);
  const kind = form.watch("kind");
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (typed) => {
    try {
      await onSubmit(typed, seen.etag);
    } catch (error) {
      if (await seen.overtaken(error)) return;
      const placed = placeProblem(
        form,
        error,
        ([head]) => FIELDS.find((field) => field === head) ?? null,
        t("form.check_fields"),
      );
      if (!placed) throw error;
    }
  });
  const credentials = CREDENTIALS[kind] ?? [];
  return (
    <form className="grid gap-3" noValidate onSubmit={(event) => void submit(event)}>
      {changing ? null : (
        <Field label={t("connections.kind")} error={errors.kind?.message}>
          <Select {...form.register("kind")}>
            {CONNECTION_KINDS.map((each) => (
              <option key={each} value={each}>
                {t(`connection_kind.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <Field label={t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <Field
        label={t("connections.region")}
        hint={t("connections.region_hint")}
        error={errors.default_region?.message}
      >
        <Input autoComplete="off" maxLength={2} className="uppercase" {...form.register("default_region")} />
      </Field>
      {changing && credentials.length > 0 ? (
        <p className="text-[0.8667rem] text-muted">{t("connections.keep_credentials")}</p>
      ) : null}
      {credentials.map(({ name, required, secret }) => (
        <Field
          key={name}
          label={t(`credential.${name}`)}
          required={required && !changing}
          hint={name === "secret" && !changing ? t("connections.secret_hint") : undefined}
          error={errors[name]?.message}
        >
          <Input
            type={secret ? "password" : "text"}
            autoComplete="new-password"
            aria-required={(required && !changing) || undefined}
            {...form.register(name)}
          />
        </Field>
      ))}
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={submitLabel} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}

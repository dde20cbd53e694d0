import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { CONNECTION_KINDS, type Connection, type ConnectionKind, type NewConnection } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";

/** What each provider's connection is made of, as the contract lists it. */
const CREDENTIALS: Record<ConnectionKind, { name: string; required: boolean; secret: boolean }[]> = {
  generic: [{ name: "secret", required: false, secret: true }],
  twilio: [{ name: "auth_token", required: true, secret: true }],
  plivo: [{ name: "auth_token", required: true, secret: true }],
  telnyx: [{ name: "public_key", required: true, secret: false }],
  vonage: [
    { name: "signature_secret", required: true, secret: true },
    { name: "api_key", required: false, secret: false },
  ],
  sipgate: [
    { name: "basic_user", required: false, secret: false },
    { name: "basic_password", required: false, secret: true },
  ],
  zammad: [],
};
const CREDENTIAL_NAMES = [
  "secret",
  "auth_token",
  "public_key",
  "signature_secret",
  "api_key",
  "basic_user",
  "basic_password",
] as const;
type CredentialName = (typeof CREDENTIAL_NAMES)[number];

export function ConnectionList({ canCreate }: { canCreate: boolean }) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const pages = usePages({
    queryKey: keys.connections,
    fetchPage: (cursor, signal) =>
      take<Page<Connection>>(api.GET("/api/v1/connections", { params: { query: { cursor } }, signal })),
  });
  const columns = useMemo<Column<Connection>[]>(
    () => [
      {
        id: "name",
        header: t("field.name"),
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "kind",
        header: t("connections.kind"),
        className: "@3xl:w-40",
        cell: ({ row }) => (
          <Badge tone="accent">
            {t(`connection_kind.${row.original.kind}`, { defaultValue: row.original.kind })}
          </Badge>
        ),
      },
      {
        id: "region",
        header: t("connections.region"),
        className: "@3xl:w-40",
        cell: ({ row }) =>
          row.original.default_region ?? <span className="text-muted">{t("connections.tenant_region")}</span>,
      },
      {
        id: "id",
        header: t("field.id"),
        wideOnly: true,
        cell: ({ row }) => <span className="font-mono text-[0.8rem] text-muted">{row.original.id}</span>,
      },
    ],
    [t],
  );
  return (
    <>
      <PageHead
        title={t("nav.connections")}
        sub={t("connections.sub")}
        actions={
          canCreate ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("connections.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        label={t("nav.connections")}
        columns={columns}
        pages={pages}
        rowId={(connection) => connection.id}
        emptyTitle={t("connections.empty")}
        emptyText={t("connections.empty_text")}
      />
      {creating ? <CreateConnection onClose={() => setCreating(false)} /> : null}
    </>
  );
}

type Values = { kind: ConnectionKind; name: string; default_region: string } & Record<CredentialName, string>;

function CreateConnection({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<Connection | null>(null);
  const [error, setError] = useState<unknown>(null);
  const key = useRef(idempotencyKey());
  const form = useForm<Values>({
    defaultValues: {
      kind: "generic",
      name: "",
      default_region: "",
      secret: "",
      auth_token: "",
      public_key: "",
      signature_secret: "",
      api_key: "",
      basic_user: "",
      basic_password: "",
    },
  });
  const kind = form.watch("kind");
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    setError(null);
    const body: NewConnection = { kind: values.kind, name: values.name.trim() };
    if (values.default_region.trim()) body.default_region = values.default_region.trim().toUpperCase();
    for (const { name } of CREDENTIALS[values.kind]) {
      const value = values[name as CredentialName].trim();
      if (value) body[name as CredentialName] = value;
    }
    try {
      setMade(
        await take<Connection>(
          api.POST("/api/v1/connections", {
            body,
            headers: { "Idempotency-Key": key.current },
          }),
        ),
      );
      void client.invalidateQueries({ queryKey: keys.connections });
    } catch (failure) {
      key.current = idempotencyKey();
      setError(failure);
      if (!isApiError(failure)) return;
      for (const field of ["name", "default_region", ...CREDENTIAL_NAMES] as const) {
        const detail = failure.field(field);
        if (detail) form.setError(field, { message: detail });
      }
    }
  });

  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={made ? t("connections.made", { name: made.name }) : t("connections.new")}
      description={made ? t("connections.once") : undefined}
    >
      {made ? (
        <div className="grid gap-3" data-testid="connection-secret">
          {made.hook_url ? <CopyField label={t("connections.hook_url")} value={made.hook_url} /> : null}
          {made.secret ? <CopyField label={t("connections.secret")} value={made.secret} /> : null}
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              {t("connections.noted")}
            </Button>
          </div>
        </div>
      ) : (
        <form className="grid gap-3" noValidate onSubmit={(event) => void submit(event)}>
          <Field label={t("connections.kind")}>
            <Select {...form.register("kind")}>
              {CONNECTION_KINDS.map((each) => (
                <option key={each} value={each}>
                  {t(`connection_kind.${each}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("field.name")} required error={errors.name?.message}>
            <Input autoComplete="off" {...form.register("name", { required: t("form.required") })} />
          </Field>
          <Field
            label={t("connections.region")}
            hint={t("connections.region_hint")}
            error={errors.default_region?.message}
          >
            <Input
              autoComplete="off"
              maxLength={2}
              className="uppercase"
              {...form.register("default_region")}
            />
          </Field>
          {CREDENTIALS[kind].map(({ name, required, secret }) => (
            <Field
              key={name}
              label={t(`credential.${name as CredentialName}`)}
              required={required}
              hint={name === "secret" ? t("connections.secret_hint") : undefined}
              error={errors[name as CredentialName]?.message}
            >
              <Input
                type={secret ? "password" : "text"}
                autoComplete="new-password"
                {...form.register(name as CredentialName, {
                  required: required ? t("form.required") : false,
                })}
              />
            </Field>
          ))}
          <InlineError error={error} />
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("action.cancel")}</Button>
            <Button type="submit" look="primary" busy={isSubmitting}>
              {t("action.create")}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

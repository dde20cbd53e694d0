/** Asks what a token is for and how long it is good, then shows it: this once. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { ApiToken, Page, PermissionItem } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useMe } from "@/lib/session";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Dialog, useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Choice, Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { PermissionBoxes } from "@/ui/permission-boxes";
import { TERMS, type Term, untilOf } from "./expiry";

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

export function CreateToken({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<ApiToken | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={made ? t("tokens.made", { name: made.name }) : t("tokens.new")}
      description={made ? t("tokens.once") : t("tokens.new_text")}
      className={made ? undefined : "max-w-3xl"}
    >
      {made ? (
        <div className="grid gap-3" data-testid="token-secret">
          <CopyField label={t("tokens.token")} value={made.token ?? ""} />
          <p className="text-[0.8667rem] text-muted">{t("tokens.use")}</p>
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              {t("tokens.noted")}
            </Button>
          </div>
        </div>
      ) : (
        <TokenForm
          onCancel={onClose}
          onMade={(token) => {
            setMade(token);
            void client.invalidateQueries({ queryKey: keys.tokens });
          }}
        />
      )}
    </Dialog>
  );
}

function TokenForm({ onMade, onCancel }: { onMade: (token: ApiToken) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const sent = useRef<{ wish: string; key: string; until: string | null } | null>(null);
  const schema = useMemo(
    () =>
      z
        .object({
          name: z
            .string()
            .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(200, t("form.too_long"))),
          term: z.enum(TERMS),
          date: z.string(),
        })
        .check(
          z.refine((values) => values.term !== "date" || values.date !== "", {
            path: ["date"],
            message: t("form.required"),
          }),
          z.refine((values) => values.term !== "date" || values.date === "" || values.date >= tomorrow(), {
            path: ["date"],
            message: t("form.past"),
          }),
        ),
    [t],
  );
  const form = useForm<{ name: string; term: Term; date: string }>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: { name: "", term: "90", date: "" },
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const term = form.watch("term");
  const me = useMe();
  const mine = useMemo(() => new Set(me?.permissions ?? []), [me]);
  const [scopes, setScopes] = useState<ReadonlySet<string> | null>(null);
  const [scopeFault, setScopeFault] = useState(false);
  const permissions = useQuery({
    queryKey: keys.permissions,
    enabled: scopes !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => take<Page<PermissionItem>>(api.GET("/api/v1/permissions", { signal })),
  });
  const submit = form.handleSubmit(async (values) => {
    setScopeFault(scopes?.size === 0);
    if (scopes?.size === 0) return;
    const chosen = scopes ? [...scopes].sort() : null;
    const wish = JSON.stringify([values, chosen]);
    // The same wishes keep their key and their instant, so that a retry after a lost answer makes one token.
    if (sent.current?.wish !== wish) {
      const until = untilOf(values.term, values.date, Date.now());
      sent.current = { wish, key: idempotencyKey(), until };
    }
    try {
      onMade(
        await take<ApiToken>(
          api.POST("/api/v1/api-tokens", {
            body: { name: values.name.trim(), expires_at: sent.current.until, scopes: chosen },
            headers: { "Idempotency-Key": sent.current.key },
          }),
        ),
      );
    } catch (error) {
      const fieldOf = ([head]: string[]) =>
        head === "name" ? ("name" as const) : head === "expires_at" ? ("date" as const) : null;
      if (!placeProblem(form, error, fieldOf, t("form.check_fields"))) throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required hint={t("tokens.name_hint")} error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("tokens.term_label")} error={errors.term?.message}>
          <Select {...form.register("term")}>
            {TERMS.map((each) => (
              <option key={each} value={each}>
                {t(`tokens.term.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
        {term === "date" ? (
          <Field label={t("tokens.until")} required error={errors.date?.message}>
            <Input type="date" min={tomorrow()} {...form.register("date")} />
          </Field>
        ) : null}
      </div>
      {term === "never" ? (
        <p role="status" className="rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
          {t("tokens.never_warning")}
        </p>
      ) : null}
      <Choice
        legend={t("tokens.may")}
        name="scopes"
        value={scopes === null ? "all" : "some"}
        options={[
          { value: "all", label: t("tokens.may_all") },
          { value: "some", label: t("tokens.may_some") },
        ]}
        onChange={(choice) => setScopes(choice === "all" ? null : new Set())}
      />
      {scopes && permissions.data ? (
        <PermissionBoxes
          // A token may only what its owner may: the rest is not offered.
          all={permissions.data.items.filter((each) => mine.has(each.name))}
          chosen={scopes}
          mine={mine}
          onChange={(next) => {
            setScopes(next);
            setScopeFault(false);
          }}
        />
      ) : null}
      <FormProblem message={scopeFault ? t("tokens.no_scope") : errors.root?.message} />
      <FormFoot submit={t("action.create")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}

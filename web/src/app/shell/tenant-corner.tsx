/**
 * Whose account one is in, at the foot of the navigation: with the way to the others one is a member of, and for the
 * platform admin, who is a member of none, with the way into any of them.
 */

import { useMutation } from "@tanstack/react-query";
import { Building2, ChevronsUpDown } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { act, stopActing } from "@/lib/acting";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { Me } from "@/lib/api/types";
import { switchTenant, useMyTenants } from "@/lib/tenants";
import { Dialog } from "@/ui/dialog";
import { useErrorText } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { Menu, MenuGroup, MenuItem, MenuSeparator } from "@/ui/menu";

/** What was loaded is another tenant's: the console starts anew. */
const startAnew = () => location.assign("/");

export function TenantCorner({ me }: { me: Me }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [asking, setAsking] = useState(false);
  const tenants = useMyTenants(!me.platform_admin);
  const others = (tenants.data ?? []).filter((tenant) => !tenant.current && !tenant.suspended);
  const go = useMutation({
    mutationFn: switchTenant,
    onSuccess: startAnew,
    onError: (error) => toast.error(errorText(error)),
  });
  const name = me.tenant?.name ?? t("shell.platform");
  const foot = "flex w-full items-center gap-2 border-t border-line px-4 py-2.5 text-[0.8rem] text-muted";
  if (!me.platform_admin && others.length === 0) {
    return (
      <p className={foot} title={name}>
        <span className="truncate">{name}</span>
      </p>
    );
  }
  return (
    <>
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            aria-label={me.platform_admin && me.tenant ? t("shell.acting", { name }) : name}
            className={`${foot} hover:bg-sunken`}
          >
            <Building2 aria-hidden className="size-4 shrink-0" />
            <span className="min-w-0 flex-1 truncate text-left">{name}</span>
            <ChevronsUpDown aria-hidden className="size-4 shrink-0" />
          </button>
        }
      >
        {me.platform_admin ? (
          <>
            <MenuItem onSelect={() => setAsking(true)}>
              <Building2 aria-hidden />
              {t("shell.act")}
            </MenuItem>
            {me.tenant ? (
              <>
                <MenuSeparator />
                <MenuItem
                  onSelect={() => {
                    stopActing();
                    startAnew();
                  }}
                >
                  {t("shell.act_stop")}
                </MenuItem>
              </>
            ) : null}
          </>
        ) : (
          <MenuGroup label={t("shell.tenant_switch")}>
            {others.map((tenant) => (
              <MenuItem key={tenant.id} disabled={go.isPending} onSelect={() => go.mutate(tenant.slug)}>
                <Building2 aria-hidden />
                {tenant.name}
              </MenuItem>
            ))}
          </MenuGroup>
        )}
      </Menu>
      {asking ? <ActDialog onClose={() => setAsking(false)} /> : null}
    </>
  );
}

/** An account is named by its slug, as in `X-Tenant`, which is tried first. */
function ActDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [slug, setSlug] = useState("");
  const look = useMutation({
    mutationFn: (tenant: string) => take<Me>(api.GET("/api/v1/me", { headers: { "X-Tenant": tenant } })),
    onSuccess: (_, tenant) => {
      act(tenant);
      startAnew();
    },
  });
  const missing = isApiError(look.error) && look.error.status === 404;
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("shell.act_title")}
      description={t("shell.act_text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (slug.trim()) look.mutate(slug.trim());
        }}
      >
        <Field
          label={t("numbers.tenant")}
          hint={t("numbers.tenant_hint")}
          required
          error={look.error ? (missing ? t("shell.act_unknown") : errorText(look.error)) : undefined}
        >
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-required
            value={slug}
            onChange={(event) => setSlug(event.target.value)}
          />
        </Field>
        <FormFoot
          submit={t("shell.act_go")}
          busy={look.isPending}
          disabled={!slug.trim()}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}

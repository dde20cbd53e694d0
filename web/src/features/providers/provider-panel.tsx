/** One identity provider: what it needs to know of us, what it is, switched on and off. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Power, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { IdentityProvider } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Confirm, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading, useErrorText } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import { useRoleText } from "@/ui/role";
import { ProviderForm } from "./provider-form";
import { ProviderState } from "./provider-list";

export function ProviderPanel({
  id,
  slug,
  mayEdit,
  onClose,
}: {
  id: string | null;
  slug: string;
  mayEdit: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.providers, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<IdentityProvider>(
        api.GET("/api/v1/identity-providers/{id}", { params: { path: { id: id ?? "" } }, signal }),
      ),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("nav.providers")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Loaded
          key={id}
          provider={query.data}
          readAgain={() => again(query)}
          slug={slug}
          mayEdit={mayEdit}
          onGone={onClose}
        />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Loaded({
  provider,
  readAgain,
  slug,
  mayEdit,
  onGone,
}: {
  provider: IdentityProvider;
  readAgain: () => Promise<IdentityProvider | undefined>;
  slug: string;
  mayEdit: boolean;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const roleText = useRoleText();
  const [editing, setEditing] = useState(false);
  const [asked, setAsked] = useState<"off" | "delete" | null>(null);
  const path = { id: provider.id };
  const refresh = () => client.invalidateQueries({ queryKey: keys.providers });
  const toggle = useMutation({
    mutationFn: (is_active: boolean) =>
      take<IdentityProvider>(
        api.PATCH("/api/v1/identity-providers/{id}", {
          body: { is_active },
          params: { path, header: { "If-Match": `"${provider.version}"` } },
        }),
      ),
    onSuccess: ({ name, is_active }) => {
      setAsked(null);
      toast.success(is_active ? t("providers.is_on", { name }) : t("providers.is_off", { name }));
    },
    // What is asked about says itself what went wrong.
    onError: (error, is_active) => (is_active ? toast.error(errorText(error)) : undefined),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/identity-providers/{id}", { params: { path } })),
    onSuccess: () => {
      toast.success(t("providers.deleted", { name: provider.name }));
      onGone();
      void client.invalidateQueries({ queryKey: [...keys.providers, "list"] });
    },
  });
  if (editing) {
    return (
      <ProviderForm
        provider={provider}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={() => void refresh().then(() => setEditing(false))}
      />
    );
  }
  return (
    <div className="grid gap-4">
      {mayEdit ? (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => setEditing(true)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
          <Button
            size="sm"
            busy={toggle.isPending}
            onClick={() => {
              toggle.reset();
              if (provider.is_active) setAsked("off");
              else toggle.mutate(true);
            }}
          >
            <Power aria-hidden />
            {provider.is_active ? t("providers.switch_off") : t("providers.switch_on")}
          </Button>
          <Button size="sm" onClick={() => setAsked("delete")}>
            <Trash2 aria-hidden />
            {t("action.delete")}
          </Button>
        </div>
      ) : null}
      <CopyField label={t("providers.redirect_uri")} value={provider.redirect_uri} />
      {provider.is_active ? (
        <CopyField
          label={t("providers.sign_in")}
          value={`${location.origin}/sign-in?tenant=${encodeURIComponent(slug)}`}
        />
      ) : null}
      <Facts>
        <Fact term={t("field.state")}>
          <ProviderState provider={provider} />
        </Fact>
        <Fact term={t("providers.issuer")}>{provider.issuer}</Fact>
        <Fact term={t("providers.client_id")}>{provider.client_id}</Fact>
        <Fact term={t("providers.client_secret")}>
          {provider.has_secret ? t("providers.has_secret") : t("providers.no_secret")}
        </Fact>
        <Fact term={t("providers.scopes")}>
          <code className="font-mono text-[0.8667rem]">{provider.scopes}</code>
        </Fact>
        <Fact term={t("providers.joins_as")}>
          {provider.joins_as ? roleText(provider.joins_as) : t("providers.nobody")}
        </Fact>
        <Fact term={t("providers.vouches_for")}>
          {provider.vouches_for_owners
            ? t("providers.vouches_for_all")
            : t("providers.vouches_not_for_owners")}
        </Fact>
        <Fact term={t("field.created")}>
          <When at={provider.created_at} />
        </Fact>
        <Fact term={t("field.updated")}>
          <When at={provider.updated_at} />
        </Fact>
      </Facts>
      <Confirm
        open={asked === "off"}
        onOpenChange={(open) => setAsked(open ? "off" : null)}
        title={t("providers.off_title", { name: provider.name })}
        text={t("providers.off_text")}
        action={t("providers.switch_off")}
        busy={toggle.isPending}
        error={<InlineError error={toggle.error} />}
        onConfirm={() => toggle.mutate(false)}
      />
      <Confirm
        open={asked === "delete"}
        onOpenChange={(open) => setAsked(open ? "delete" : null)}
        title={t("providers.delete_title", { name: provider.name })}
        text={t("providers.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

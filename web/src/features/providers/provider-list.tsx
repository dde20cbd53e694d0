/** Whose word this account takes for who somebody is. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { IdentityProvider, Page } from "@/lib/api/types";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import { useRoleText } from "@/ui/role";
import type { Column } from "@/ui/table";
import { ProviderForm } from "./provider-form";
import { ProviderPanel } from "./provider-panel";

export function ProviderList({
  slug,
  opened,
  onOpen,
  mayEdit,
}: {
  /** The account's short name, which its sign-in page has in its address. */
  slug: string;
  opened: string | null;
  onOpen: (id: string | null) => void;
  mayEdit: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const query = useQuery({
    queryKey: [...keys.providers, "list"],
    queryFn: ({ signal }) => take<Page<IdentityProvider>>(api.GET("/api/v1/identity-providers", { signal })),
  });
  const columns = useColumns();
  return (
    <>
      <PageHead
        title={t("nav.providers")}
        sub={t("providers.sub")}
        actions={
          mayEdit ? (
            <Button look="primary" onClick={() => setMaking(true)}>
              <Plus aria-hidden />
              {t("providers.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        name="providers"
        label={t("nav.providers")}
        columns={columns}
        pages={{
          items: query.data?.items ?? [],
          count: null,
          isPending: query.isPending,
          isError: query.isError,
          error: query.error,
          hasNextPage: false,
          isFetchingNextPage: false,
          fetchNextPage: () => undefined,
          refetch: query.refetch,
        }}
        rowId={(provider) => provider.id}
        selected={opened}
        onOpen={(provider) => onOpen(provider.id)}
        emptyTitle={t("providers.empty")}
        emptyText={t("providers.empty_text")}
      />
      <ProviderPanel id={opened} slug={slug} mayEdit={mayEdit} onClose={() => onOpen(null)} />
      {making ? (
        <Dialog
          open
          onOpenChange={setMaking}
          title={t("providers.new")}
          description={t("providers.new_text")}
        >
          <ProviderForm
            onCancel={() => setMaking(false)}
            onSaved={(provider) => {
              setMaking(false);
              void client.invalidateQueries({ queryKey: keys.providers });
              // Its page has the address that the provider wants to know.
              onOpen(provider.id);
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

export function ProviderState({ provider }: { provider: IdentityProvider }) {
  const { t } = useTranslation();
  return provider.is_active ? (
    <Badge tone="good">{t("providers.on")}</Badge>
  ) : (
    <Badge>{t("providers.off")}</Badge>
  );
}

function useColumns(): Column<IdentityProvider>[] {
  const { t } = useTranslation();
  const roleText = useRoleText();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium wrap-anywhere">{row.original.name}</span>,
      },
      {
        id: "issuer",
        header: t("providers.issuer"),
        cell: ({ row }) => <span className="break-all">{row.original.issuer}</span>,
      },
      {
        id: "client",
        header: t("providers.client_id"),
        wideOnly: true,
        cell: ({ row }) => <span className="break-all">{row.original.client_id}</span>,
      },
      {
        id: "joins",
        header: t("providers.joins_as"),
        className: "@3xl:w-44",
        cell: ({ row }) =>
          row.original.joins_as ? (
            roleText(row.original.joins_as)
          ) : (
            <span className="text-muted">{t("providers.nobody")}</span>
          ),
      },
      {
        id: "state",
        header: t("field.state"),
        always: true,
        className: "@3xl:w-36",
        cell: ({ row }) => <ProviderState provider={row.original} />,
      },
    ],
    [t, roleText],
  );
}

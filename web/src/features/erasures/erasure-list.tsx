/** That persons were erased: when, why, by whom, and how much stayed without them. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import type { Erasure } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import { Person } from "@/ui/person";
import type { Column } from "@/ui/table";

export function ErasureList() {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: keys.erasures,
    fetchPage: (cursor, signal) =>
      take<Page<Erasure>>(api.GET("/api/v1/contact-erasures", { params: { query: { cursor } }, signal })),
  });
  return (
    <>
      <PageHead title={t("nav.erasures")} sub={t("erasures.sub")} />
      <ListFrame
        name="erasures"
        label={t("nav.erasures")}
        columns={useColumns()}
        pages={pages}
        rowId={(erasure) => erasure.id}
        emptyTitle={t("erasures.empty")}
        emptyText={t("erasures.empty_text")}
      />
    </>
  );
}

function useColumns(): Column<Erasure>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "at",
        header: t("field.when"),
        always: true,
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.erased_at} />,
      },
      {
        id: "kind",
        header: t("erasures.what"),
        cell: ({ row }) => t(`kind.${row.original.contact.kind}`),
      },
      {
        id: "reason",
        header: t("erasures.reason"),
        always: true,
        cell: ({ row }) => (
          <span className="wrap-anywhere">
            {row.original.reason ?? <span className="text-muted">–</span>}
          </span>
        ),
      },
      {
        id: "by",
        header: t("erasures.by"),
        cell: ({ row }) => <Person id={row.original.erased_by} />,
      },
      {
        id: "tickets",
        header: t("erasures.tickets"),
        className: "@3xl:w-32",
        cell: ({ row }) => <span className="num">{row.original.tickets}</span>,
      },
      {
        id: "calls",
        header: t("erasures.calls"),
        className: "@3xl:w-32",
        cell: ({ row }) => <span className="num">{row.original.calls}</span>,
      },
      {
        id: "id",
        header: t("field.id"),
        onDemand: true,
        cell: ({ row }) => (
          <code className="font-mono text-[0.8rem] break-all">{row.original.contact.id}</code>
        ),
      },
    ],
    [t],
  );
}

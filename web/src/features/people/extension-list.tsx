/** The internal numbers: whose each is, and where their phone is. They are given on a person's page. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Extension, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";

export function ExtensionList({ onOpen }: { onOpen: (userId: string) => void }) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.people, "extensions"],
    fetchPage: (cursor, signal) =>
      take<Page<Extension>>(api.GET("/api/v1/extensions", { params: { query: { cursor } }, signal })),
  });
  return (
    <ListFrame
      name="extensions"
      label={t("people.view.extensions")}
      columns={useColumns()}
      pages={pages}
      rowId={(each) => each.extension}
      rowLabel={(each) => each.extension}
      onOpen={(each) => onOpen(each.user_id)}
      emptyTitle={t("people.no_extensions")}
      emptyText={t("people.no_extensions_text")}
    />
  );
}

function useColumns(): Column<Extension>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "extension",
        header: t("field.extension"),
        always: true,
        className: "@3xl:w-32",
        cell: ({ row }) => <span className="num font-medium">{row.original.extension}</span>,
      },
      { id: "name", header: t("field.name"), always: true, cell: ({ row }) => row.original.name },
      {
        id: "sip",
        header: t("people.sip_uri"),
        cell: ({ row }) =>
          row.original.sip_uri ? (
            <code className="font-mono text-[0.8667rem] break-all">{row.original.sip_uri}</code>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
    ],
    [t],
  );
}

import { Plus } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/lib/api/query";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { NumberText } from "@/ui/number";
import type { Column } from "@/ui/table";
import { type DirectorySearch, type Entry, type Kind, listEntries } from "./kinds";

export function EntryList({
  kind,
  search,
  onSearch,
  selected,
  onOpen,
  onCreate,
}: {
  kind: Kind;
  search: DirectorySearch;
  onSearch: (search: DirectorySearch) => void;
  selected: string | null;
  onOpen: (entry: Entry) => void;
  onCreate: (() => void) | null;
}) {
  const { t } = useTranslation();
  const q = useDebounced(search.q);
  const phone = useDebounced(search.phone);
  const pages = usePages({
    queryKey: [...keys.directory, kind, "list", { q, phone }],
    fetchPage: (cursor, signal) => listEntries(kind, { q, phone }, cursor, signal),
  });
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: "name",
        header: t("field.name"),
        cell: ({ row }) => (
          <span className="flex flex-wrap items-center gap-1.5">
            <span className="font-medium wrap-anywhere">{row.original.name}</span>
            {row.original.active ? null : <Badge tone="warn">{t("caller.inactive")}</Badge>}
          </span>
        ),
      },
      {
        id: "phones",
        header: t("directory.phones"),
        cell: ({ row }) => {
          const [first, ...rest] = row.original.phones;
          return (
            <span className="flex flex-wrap gap-x-1.5">
              <NumberText number={first?.e164} />
              {rest.length > 0 ? <span className="text-muted">+{rest.length}</span> : null}
            </span>
          );
        },
      },
      {
        id: "email",
        header: t("field.email"),
        cell: ({ row }) =>
          row.original.email ? (
            <span className="break-all">{row.original.email}</span>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
    ],
    [t],
  );
  const filtered = Boolean(search.q || search.phone);
  return (
    <ListFrame
      label={t(`directory.${kind}`)}
      columns={columns}
      pages={pages}
      rowId={(entry) => entry.id}
      selected={selected}
      onOpen={onOpen}
      emptyTitle={filtered ? t("state.no_match") : t("directory.empty")}
      emptyText={filtered ? t("state.no_match_text") : t("directory.empty_text")}
      toolbar={
        <>
          <Field label={t("field.search")} className="min-w-40 flex-1">
            <Input
              type="search"
              value={search.q ?? ""}
              placeholder={t("directory.search")}
              onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("field.phone")} className="min-w-40 flex-1 sm:max-w-56">
            <Input
              type="search"
              inputMode="tel"
              value={search.phone ?? ""}
              placeholder={t("directory.phone_search")}
              onChange={(event) => onSearch({ ...search, phone: event.target.value || undefined })}
            />
          </Field>
          {onCreate ? (
            <Button look="primary" onClick={onCreate}>
              <Plus aria-hidden />
              {t(`directory.new.${kind}`)}
            </Button>
          ) : null}
        </>
      }
    />
  );
}

/** Which columns a list shows and in what order: the same choices on a phone, where there are no headings. */
import type { RowData } from "@tanstack/react-table";
import { SlidersHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePreferences } from "@/lib/preferences";
import { Button } from "./button";
import { Menu, MenuCheck, MenuChoice, MenuGroup, MenuSeparator } from "./menu";
import type { Column } from "./table";

export function ViewMenu<T extends RowData>({
  name,
  columns,
  shown,
  sort,
  onSort,
  className,
}: {
  name: string;
  columns: Column<T>[];
  shown: Column<T>[];
  sort?: string;
  onSort?: (sort: string) => void;
  className?: string;
}) {
  const { t } = useTranslation();
  const choose = usePreferences((state) => state.chooseColumn);
  const optional = columns.filter((column) => !column.always);
  const sortable = onSort ? columns.filter((column) => column.sortBy) : [];
  if (optional.length === 0 && sortable.length === 0) return null;
  const isShown = (column: Column<T>) => shown.some((each) => each.id === column.id);
  return (
    <Menu
      trigger={
        <Button className={className}>
          <SlidersHorizontal aria-hidden />
          {t("table.view")}
        </Button>
      }
    >
      {optional.length > 0 ? (
        <MenuGroup label={t("table.columns")}>
          {optional.map((column) => (
            <MenuCheck
              key={column.id}
              checked={isShown(column)}
              onChange={(checked) => choose(name, column.id, checked)}
            >
              {column.header}
            </MenuCheck>
          ))}
        </MenuGroup>
      ) : null}
      {onSort && sortable.length > 0 ? (
        <>
          {optional.length > 0 ? <MenuSeparator /> : null}
          <MenuChoice
            label={t("table.order")}
            value={sort ?? ""}
            onChange={onSort}
            options={sortable.flatMap((column) => [
              { value: column.sortBy ?? "", label: t("table.ascending", { column: column.header }) },
              { value: `-${column.sortBy}`, label: t("table.descending", { column: column.header }) },
            ])}
          />
        </>
      ) : null}
    </Menu>
  );
}

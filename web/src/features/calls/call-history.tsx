/** The calls of one contact, or of an organization and its people. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Call } from "@/lib/api/types";
import { ListFrame } from "@/ui/list";
import { useCallColumns } from "./call-columns";
import { useCallPages } from "./call-pages";

export function CallHistory({
  of,
  agentName,
  onOpen,
}: {
  of: { contact: string } | { organization: string };
  agentName: (id: string) => string | null;
  onOpen: (call: Call) => void;
}) {
  const { t } = useTranslation();
  const [sort, setSort] = useState("-started_at");
  const pages = useCallPages({ ...of, sort });
  const columns = useCallColumns(agentName);
  // Whose calls these are is said above them, except that an organization has several people.
  const shown = "contact" in of ? columns.filter((column) => column.id !== "contact") : columns;
  return (
    <ListFrame
      name="call-history"
      label={t("nav.calls")}
      columns={shown}
      pages={pages}
      rowId={(call) => call.id}
      sort={sort}
      onSort={setSort}
      onOpen={onOpen}
      emptyTitle={t("calls.none_of_contact")}
      emptyText={t("calls.none_of_contact_text")}
    />
  );
}

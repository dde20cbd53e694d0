/** The people of an organization: find, add, open one of them. */

import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import { useSameKey } from "@/lib/same-key";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { Panel } from "@/ui/panel";
import { useEntryColumns } from "./entry-columns";
import { EntryForm } from "./entry-form";
import { createContact, type DirectorySearch, type Entry, listContacts } from "./kinds";
import { PlaceFilters } from "./place-filters";

export function OrganizationContacts({
  organizationId,
  canCreate,
  onOpen,
}: {
  organizationId: string;
  canCreate: boolean;
  onOpen: (contact: Entry) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [q, setQ] = useState("");
  const [sort, setSort] = useState("name");
  const [place, setPlace] = useState<Pick<DirectorySearch, "city" | "country">>({});
  const asked: DirectorySearch = {
    q: useDebounced(q),
    city: useDebounced(place.city),
    country: place.country,
    sort,
  };
  const further = [place.city, place.country].filter((each) => each !== undefined).length;
  const sameKey = useSameKey();
  const key = [...keys.directory, "organizations", "contacts", organizationId];
  const pages = usePages({
    queryKey: [...key, asked],
    fetchPage: (cursor, signal) => listContacts(organizationId, asked, cursor, signal),
  });
  const columns = useEntryColumns("contacts");
  if (adding) {
    return (
      <Panel className="p-3">
        <h3 className="mb-2 font-semibold">{t("directory.new_contact")}</h3>
        <EntryForm
          kind="contacts"
          submitLabel={t("action.create")}
          onCancel={() => setAdding(false)}
          onSubmit={async (input) => {
            await createContact(organizationId, input, sameKey.of(input));
            sameKey.done();
            toast.success(t("directory.created", { name: input.name }));
            await client.invalidateQueries({ queryKey: key });
            setAdding(false);
          }}
        />
      </Panel>
    );
  }
  return (
    <ListFrame
      name="organization-contacts"
      label={t("directory.contacts")}
      columns={columns}
      pages={pages}
      rowId={(contact) => contact.id}
      rowLabel={(contact) => contact.name}
      sort={sort}
      onSort={setSort}
      onOpen={onOpen}
      emptyTitle={q || further > 0 ? t("state.no_match") : t("directory.no_contacts")}
      emptyText={q || further > 0 ? t("state.no_match_text") : undefined}
      activeFilters={further}
      filters={
        <PlaceFilters
          search={place}
          onChange={(change) => setPlace((before) => ({ ...before, ...change }))}
        />
      }
      toolbar={
        <>
          <Field label={t("field.search")} className="min-w-36 flex-1">
            <Input
              type="search"
              value={q}
              placeholder={t("directory.search")}
              onChange={(event) => setQ(event.target.value)}
            />
          </Field>
          {canCreate ? (
            <Button onClick={() => setAdding(true)}>
              <Plus aria-hidden />
              {t("directory.new_contact")}
            </Button>
          ) : null}
        </>
      }
    />
  );
}

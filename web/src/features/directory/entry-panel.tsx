import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { idempotencyKey } from "@/lib/api/client";
import { ApiError, isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import { useGenderText } from "@/lib/gender";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Fact, Facts } from "@/ui/panel";
import { EntryForm } from "./entry-form";
import {
  createContact,
  deleteEntry,
  type Entry,
  type Kind,
  listContacts,
  loadEntry,
  updateEntry,
} from "./kinds";

export interface DirectoryRights {
  update: boolean;
  remove: boolean;
  createContact: boolean;
}

export function EntryPanel({
  kind,
  id,
  rights,
  onClose,
}: {
  kind: Kind;
  id: string | null;
  rights: DirectoryRights;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.directory, kind, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) => loadEntry(kind, id ?? "", signal),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.entry.name ?? t(`kind_one.${kind}`)}
    >
      {id === null ? null : query.isPending ? (
        <Loading />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loaded
          key={id}
          kind={kind}
          entry={query.data.entry}
          etag={query.data.etag}
          rights={rights}
          onGone={onClose}
        />
      )}
    </Drawer>
  );
}

function Loaded({
  kind,
  entry,
  etag,
  rights,
  onGone,
}: {
  kind: Kind;
  entry: Entry;
  etag: string;
  rights: DirectoryRights;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const genderText = useGenderText();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: [...keys.directory, kind] });
  const remove = useMutation({
    mutationFn: () => deleteEntry(kind, entry.id),
    onSuccess: () => {
      toast.success(t("directory.deleted", { name: entry.name }));
      setDeleting(false);
      onGone();
      void client.invalidateQueries({ queryKey: [...keys.directory, kind, "list"] });
    },
  });

  if (editing) {
    return (
      <EntryForm
        kind={kind}
        entry={entry}
        submitLabel={t("action.save")}
        onCancel={() => setEditing(false)}
        onSubmit={async (input) => {
          try {
            await updateEntry(kind, entry.id, etag, input);
          } catch (error) {
            if (isApiError(error) && error.status === 412) {
              await refresh();
              throw new ApiError(412, { title: error.title, detail: t("directory.changed_elsewhere") });
            }
            throw error;
          }
          toast.success(t("directory.saved", { name: input.name }));
          await refresh();
          setEditing(false);
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap gap-2">
        {rights.update ? (
          <Button size="sm" onClick={() => setEditing(true)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
        ) : null}
        {rights.remove ? (
          <Button size="sm" onClick={() => setDeleting(true)}>
            <Trash2 aria-hidden />
            {t("action.delete")}
          </Button>
        ) : null}
        {entry.active ? null : <Badge tone="warn">{t("caller.inactive")}</Badge>}
      </div>
      <Facts>
        <Fact term={t("directory.phones")}>
          {entry.phones.length === 0 ? (
            <span className="text-muted">–</span>
          ) : (
            <ul className="grid gap-0.5">
              {entry.phones.map((phone) => (
                <li key={`${phone.e164}-${phone.label}`} className="flex flex-wrap items-center gap-1.5">
                  <a
                    className="text-accent-text underline-offset-2 hover:underline"
                    href={`tel:${phone.e164}`}
                  >
                    <NumberText number={phone.e164} />
                  </a>
                  {phone.label ? <Badge>{phone.label}</Badge> : null}
                  {phone.primary && entry.phones.length > 1 ? (
                    <Badge tone="accent">{t("directory.primary")}</Badge>
                  ) : null}
                </li>
              ))}
            </ul>
          )}
        </Fact>
        <Fact term={t("field.email")}>
          {entry.email ? (
            <a className="text-accent-text underline-offset-2 hover:underline" href={`mailto:${entry.email}`}>
              {entry.email}
            </a>
          ) : (
            <span className="text-muted">–</span>
          )}
        </Fact>
        {entry.gender ? <Fact term={t("field.gender")}>{genderText(entry.gender)}</Fact> : null}
        {entry.dob ? <Fact term={t("field.dob")}>{entry.dob}</Fact> : null}
      </Facts>
      {kind === "organizations" ? (
        <Contacts organizationId={entry.id} canCreate={rights.createContact} />
      ) : null}
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={t("directory.delete_title", { name: entry.name })}
        text={t("directory.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

function Contacts({ organizationId, canCreate }: { organizationId: string; canCreate: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const key = [...keys.directory, "organizations", "contacts", organizationId];
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => listContacts(organizationId, signal) });
  return (
    <section aria-labelledby="organization-contacts" className="grid gap-2 border-t border-line pt-3">
      <div className="flex items-center justify-between gap-2">
        <h3 id="organization-contacts" className="font-semibold">
          {t("directory.contacts")}
        </h3>
        {canCreate && !adding ? (
          <Button size="sm" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            {t("directory.new_contact")}
          </Button>
        ) : null}
      </div>
      {adding ? (
        <div className="rounded-md border border-line p-3">
          <EntryForm
            kind="contacts"
            submitLabel={t("action.create")}
            onCancel={() => setAdding(false)}
            onSubmit={async (input) => {
              await createContact(organizationId, input, idempotencyKey());
              toast.success(t("directory.created", { name: input.name }));
              await client.invalidateQueries({ queryKey: key });
              setAdding(false);
            }}
          />
        </div>
      ) : null}
      {query.isPending ? (
        <Loading className="py-3" />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.length === 0 ? (
        <p className="text-muted">{t("directory.no_contacts")}</p>
      ) : (
        <ul className="grid gap-2">
          {query.data.map((contact) => (
            <li key={contact.id} className="rounded-md border border-line px-2.5 py-1.5">
              <span className="flex flex-wrap items-center gap-1.5 font-medium">
                {contact.name}
                {contact.active ? null : <Badge tone="warn">{t("caller.inactive")}</Badge>}
              </span>
              <span className="flex flex-wrap gap-x-3 text-muted">
                {contact.phones.map((phone) => (
                  <NumberText key={phone.e164} number={phone.e164} />
                ))}
                {contact.email ? <span className="break-all">{contact.email}</span> : null}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A record's facts, and the form to change them under the version that was seen. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import { countryName } from "@/lib/countries";
import { useGenderText } from "@/lib/gender";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Fact, Facts } from "@/ui/panel";
import { CustomFacts } from "./custom-fields";
import { ProvenanceText } from "./entry-columns";
import { EntryForm } from "./entry-form";
import { Erase } from "./erase";
import { deleteEntry, type Entry, type Target, type TargetKind, updateEntry } from "./kinds";
import { StandingBadge, StandingMoves } from "./standing";

export interface DirectoryRights {
  update: boolean;
  remove: boolean;
  erase: boolean;
}

const link = "text-accent-text underline-offset-2 hover:underline";

export function EntryDetails({
  target,
  entry,
  readAgain,
  rights,
  onGone,
}: {
  target: Target;
  entry: Entry;
  /** The entry as it is now. */
  readAgain: () => Promise<Entry | undefined>;
  rights: DirectoryRights;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: keys.directory });
  const remove = useMutation({
    mutationFn: () => deleteEntry(target),
    onSuccess: () => {
      toast.success(t("directory.deleted", { name: entry.name }));
      setDeleting(false);
      onGone();
      // The record itself is gone; asking for it again would only find that out.
      void client.invalidateQueries({
        queryKey: keys.directory,
        predicate: ({ queryKey }) => !queryKey.includes(entry.id),
      });
    },
  });

  if (editing) {
    return (
      <EntryForm
        kind={target.kind}
        entry={entry}
        readAgain={readAgain}
        submitLabel={t("action.save")}
        onCancel={() => setEditing(false)}
        onSubmit={async (input, etag) => {
          await updateEntry(target, etag, input);
          toast.success(t("directory.saved", { name: input.name }));
          await refresh();
          setEditing(false);
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      {rights.update || rights.remove || entry.standing || !entry.active ? (
        <div className="flex flex-wrap items-center gap-2">
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
          {rights.erase && target.kind !== "organizations" ? (
            <Erase target={target} entry={entry} onGone={onGone} />
          ) : null}
          {entry.standing ? (
            <>
              {rights.update && (target.kind === "individuals" || target.kind === "organizations") ? (
                <StandingMoves
                  kind={target.kind}
                  id={target.id}
                  name={entry.name}
                  standing={entry.standing}
                />
              ) : null}
              <StandingBadge standing={entry.standing} />
            </>
          ) : entry.active ? null : (
            <Badge tone="warn">{t("caller.inactive")}</Badge>
          )}
        </div>
      ) : null}
      <EntryFacts kind={target.kind} entry={entry} />
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={t("directory.delete_title", { name: entry.name })}
        text={t(
          target.kind === "organizations" ? "directory.delete_organization_text" : "directory.delete_text",
        )}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

/** Numbers or addresses, each leading there; of several, the primary one is marked. */
function Several<T extends { href: string; label: string | null; primary: boolean }>({
  of,
  text,
}: {
  of: T[];
  text: (each: T) => ReactNode;
}) {
  const { t } = useTranslation();
  if (of.length === 0) return <span className="text-muted">–</span>;
  return (
    <ul className="grid gap-0.5">
      {of.map((each) => (
        <li key={`${each.href}-${each.label}`} className="flex flex-wrap items-center gap-1.5">
          <a className={link} href={each.href}>
            {text(each)}
          </a>
          {each.label ? <Badge>{each.label}</Badge> : null}
          {each.primary && of.length > 1 ? <Badge tone="accent">{t("directory.primary")}</Badge> : null}
        </li>
      ))}
    </ul>
  );
}

function EntryFacts({ kind, entry }: { kind: TargetKind; entry: Entry }) {
  const { t } = useTranslation();
  const genderText = useGenderText();
  return (
    <Facts>
      <Fact term={t("directory.phones")}>
        <Several
          of={entry.phones.map((phone) => ({ ...phone, href: `tel:${phone.e164}` }))}
          text={(phone) => <NumberText number={phone.e164} />}
        />
      </Fact>
      <Fact term={t("directory.emails")}>
        <Several
          of={entry.emails.map((each) => ({ ...each, href: `mailto:${each.email}` }))}
          text={(each) => each.email}
        />
      </Fact>
      {entry.gender ? <Fact term={t("field.gender")}>{genderText(entry.gender)}</Fact> : null}
      {entry.dob ? <Fact term={t("field.dob")}>{entry.dob}</Fact> : null}
      {entry.taxId ? <Fact term={t("field.tax_id")}>{entry.taxId}</Fact> : null}
      {entry.address ? (
        <Fact term={t("field.address")}>
          <span className="whitespace-pre-line">{entry.address}</span>
        </Fact>
      ) : null}
      {entry.city ? <Fact term={t("field.city")}>{entry.city}</Fact> : null}
      {entry.state ? <Fact term={t("field.province")}>{entry.state}</Fact> : null}
      {entry.country ? <Fact term={t("field.country")}>{countryName(entry.country)}</Fact> : null}
      {entry.social.length > 0 ? (
        <Fact term={t("directory.social")}>
          <ul className="grid gap-0.5">
            {entry.social.map((profile) => (
              <li key={profile.url}>
                <a className={link} href={profile.url} target="_blank" rel="noreferrer noopener">
                  {profile.platform}
                </a>
              </li>
            ))}
          </ul>
        </Fact>
      ) : null}
      <CustomFacts kind={kind} values={entry.custom} />
      {entry.provenance ? (
        <Fact term={t("directory.provenance")}>
          <ProvenanceText provenance={entry.provenance} />
        </Fact>
      ) : null}
      <Fact term={t("field.created")}>
        <When at={entry.createdAt} />
      </Fact>
      <Fact term={t("field.updated")}>
        <When at={entry.updatedAt} />
      </Fact>
    </Facts>
  );
}

/** What the whole account has twice: records that share a number, an address or a name, group by group. */
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import {
  CONTACT_KIND,
  type DuplicateContact,
  type DuplicateGroup,
  SHARED,
  type Shared,
} from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { ContactLink } from "@/ui/contact-link";
import { Empty, Failed, Loading } from "@/ui/feedback";
import { Field, Select } from "@/ui/field";
import { FailedBelow } from "@/ui/list";
import { NumberText } from "@/ui/number";
import { Panel } from "@/ui/panel";
import { ConfirmMerge, type MergeableKind, type Named } from "./merging";

const GROUPS = 20;
/** Of a group that is long, as of a switchboard's number. */
const SHOWN = 5;

export function DuplicateGroups({
  kinds,
  kind,
  by,
  onChange,
}: {
  /** Those the person may merge. */
  kinds: readonly MergeableKind[];
  kind: MergeableKind;
  by: Shared;
  onChange: (asked: { kind: MergeableKind; by: Shared }) => void;
}) {
  const { t } = useTranslation();
  return (
    <Panel>
      <div className="flex flex-wrap items-end gap-2 border-b border-line p-2.5">
        <Field label={t("merge.of")} className="w-40">
          <Select
            value={kind}
            onChange={(event) => onChange({ kind: event.target.value as MergeableKind, by })}
          >
            {kinds.map((each) => (
              <option key={each} value={each}>
                {t(`merge.of_what.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("merge.by")} className="w-40">
          <Select value={by} onChange={(event) => onChange({ kind, by: event.target.value as Shared })}>
            {SHARED.map((each) => (
              <option key={each} value={each}>
                {t(`merge.by_what.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      {/* Groups of one kind are never shown as those of another while these are on the way. */}
      <Groups key={`${kind} ${by}`} kind={kind} by={by} />
    </Panel>
  );
}

function Groups({ kind, by }: { kind: MergeableKind; by: Shared }) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.directory, "duplicates", kind, by],
    fetchPage: (cursor, signal) =>
      take<Page<DuplicateGroup>>(
        api.GET("/api/v1/contact-duplicates", {
          params: { query: { kind: CONTACT_KIND[kind], reason: by, limit: GROUPS, cursor } },
          signal,
        }),
      ),
  });
  return (
    <>
      {pages.isPending ? (
        <Loading />
      ) : pages.isError && pages.items.length === 0 ? (
        <Failed error={pages.error} onRetry={() => void pages.refetch()} />
      ) : pages.items.length === 0 ? (
        <Empty title={t("merge.all_none")} text={t("merge.all_none_text")} />
      ) : (
        <ul data-testid="duplicate-groups">
          {pages.items.map((group) => (
            <li key={group.value} className="border-b border-line last:border-b-0">
              <Group kind={kind} group={group} />
            </li>
          ))}
        </ul>
      )}
      {pages.isError && pages.items.length > 0 ? <FailedBelow pages={pages} /> : null}
      {pages.hasNextPage ? (
        <div className="flex justify-center border-t border-line p-2">
          <Button size="sm" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {t("action.load_more")}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function Group({ kind, group }: { kind: MergeableKind; group: DuplicateGroup }) {
  const { t } = useTranslation();
  const heading = useId();
  const [all, setAll] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const [merging, setMerging] = useState<Named | null>(null);
  const records = all ? group.contacts : group.contacts.slice(0, SHOWN);
  // The oldest one, where nobody chose: they are in the order in which they were made.
  const keep = records.find(({ id }) => id === chosen) ?? records[0];
  return (
    <section aria-labelledby={heading} className="grid gap-1.5 px-3 py-2.5">
      <h2 id={heading} className="flex flex-wrap items-center gap-x-2 font-semibold wrap-anywhere">
        {group.reason === "number" ? <NumberText number={group.value} /> : group.value}
        <span className="text-[0.8667rem] font-normal text-muted">
          {t("merge.records", { count: group.contacts.length })}
        </span>
      </h2>
      <ul className="grid gap-1">
        {records.map((entry) => (
          <RecordLine
            key={entry.id}
            kind={kind}
            entry={entry}
            group={heading}
            keep={keep}
            onKeep={() => setChosen(entry.id)}
            onMerge={() => setMerging(entry)}
          />
        ))}
      </ul>
      {records.length < group.contacts.length ? (
        <Button look="link" size="none" className="justify-self-start" onClick={() => setAll(true)}>
          {t("merge.all_of_them", { count: group.contacts.length })}
        </Button>
      ) : null}
      {merging && keep ? (
        <ConfirmMerge kind={kind} keep={keep} other={merging} onClose={() => setMerging(null)} />
      ) : null}
    </section>
  );
}

function RecordLine({
  kind,
  entry,
  group,
  keep,
  onKeep,
  onMerge,
}: {
  kind: MergeableKind;
  entry: DuplicateContact;
  group: string;
  keep: DuplicateContact | undefined;
  onKeep: () => void;
  onMerge: () => void;
}) {
  const { t } = useTranslation();
  const stays = keep?.id === entry.id;
  const facts = [entry.organization_name, entry.email, ...entry.numbers.map(formatNumber)].filter(Boolean);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1" data-record={entry.id}>
      <label className="flex min-h-7 items-center gap-1.5 text-[0.8667rem] text-muted">
        <input
          type="radio"
          name={group}
          className="size-4 accent-(--accent)"
          aria-label={t("merge.keep_one", { name: entry.name })}
          checked={stays}
          onChange={onKeep}
        />
        <span aria-hidden>{t("merge.keep")}</span>
      </label>
      <span className="grid min-w-0 flex-1">
        <ContactLink
          contact={{ kind: CONTACT_KIND[kind], id: entry.id }}
          name={entry.name}
          organizationId={entry.organization_id}
        />
        <span className="text-[0.8667rem] wrap-anywhere text-muted">
          {facts.join(" · ")} {facts.length > 0 ? "· " : null}
          <When at={entry.created_at} />
        </span>
      </span>
      {stays || !keep ? null : (
        <Button
          size="sm"
          aria-label={t("merge.merge_into", { name: entry.name, keep: keep.name })}
          onClick={onMerge}
        >
          {t("merge.merge")}
        </Button>
      )}
    </li>
  );
}

import { Link } from "@tanstack/react-router";
import { Building2, CircleUserRound, Mail, UserRound } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { CallerContext, OtherMatch } from "@/lib/api/types";
import { useGenderText } from "@/lib/gender";
import type { PopCall } from "@/lib/ws/protocol";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { ContactLink } from "@/ui/contact-link";
import { NumberText } from "@/ui/number";
import { Fact, Facts } from "@/ui/panel";
import { CallStateBadge, PriorityBadge, TicketStatusBadge } from "@/ui/states";
import { lineNumber, partyNumber, useCallerName } from "./pop-name";

const icons = {
  organization_contact: CircleUserRound,
  organization: Building2,
  individual: UserRound,
  email_contact: Mail,
} as const;

export function CallerCard({ call, caller }: { call: PopCall; caller: CallerContext | null }) {
  const { t } = useTranslation();
  const name = useCallerName()(caller, partyNumber(call));
  const genderText = useGenderText();
  const kind = caller?.contact?.kind;
  const Icon = (kind && icons[kind]) || CircleUserRound;
  return (
    <section aria-label={t("caller.card")} data-testid="caller-card" className="grid gap-3 p-3">
      <div className="flex items-start gap-3">
        <span
          aria-hidden
          className="grid size-11 shrink-0 place-items-center rounded-lg bg-accent-soft text-accent-text [&_svg]:size-6"
        >
          <Icon />
        </span>
        <div className="min-w-0 flex-1">
          <h2 data-testid="caller-name" className="text-lg leading-tight font-semibold wrap-anywhere">
            {caller?.contact ? (
              <ContactLink
                contact={caller.contact}
                name={name}
                organizationId={caller.organization_id}
                className="text-fg"
              />
            ) : (
              name
            )}
          </h2>
          <p className="flex flex-wrap items-center gap-x-2 text-[1.0667rem]">
            {partyNumber(call) ? (
              <NumberText number={caller?.number ?? partyNumber(call)} />
            ) : (
              <span className="text-muted">{t("caller.number_withheld")}</span>
            )}
          </p>
          <div className="mt-1 flex flex-wrap gap-1">
            {kind ? <Badge tone="accent">{t(`kind.${kind}`)}</Badge> : null}
            <QualityBadge caller={caller} />
            {caller?.inactive ? <Badge tone="warn">{t("caller.inactive")}</Badge> : null}
          </div>
        </div>
      </div>
      <Facts>
        {caller?.organization_name ? (
          <Fact term={t("field.organization")}>
            {caller.organization_id ? (
              <Link
                to="/directory/$kind"
                params={{ kind: "organizations" }}
                search={{ id: caller.organization_id }}
                className="text-accent-text underline-offset-2 hover:underline"
              >
                {caller.organization_name}
              </Link>
            ) : (
              caller.organization_name
            )}
          </Fact>
        ) : null}
        {caller?.contact_person ? (
          <Fact term={t("field.contact_person")}>{caller.contact_person}</Fact>
        ) : null}
        {caller?.email ? (
          <Fact term={t("field.email")}>
            <a
              className="text-accent-text underline-offset-2 hover:underline"
              href={`mailto:${caller.email}`}
            >
              {caller.email}
            </a>
          </Fact>
        ) : null}
        {caller?.gender ? <Fact term={t("field.gender")}>{genderText(caller.gender)}</Fact> : null}
        <Fact term={call.direction === "outbound" ? t("call.our_line") : t("call.line_called")}>
          <NumberText number={lineNumber(call)} />
        </Fact>
        {call.queue ? <Fact term={t("call.queue")}>{call.queue}</Fact> : null}
      </Facts>
      {caller?.reason ? (
        <p className="rounded-md bg-sunken px-2.5 py-1.5 text-[0.8667rem]" data-testid="match-reason">
          <span className="font-medium">{t("caller.why")}</span> {caller.reason}
        </p>
      ) : null}
    </section>
  );
}

function QualityBadge({ caller }: { caller: CallerContext | null }) {
  const { t } = useTranslation();
  switch (caller?.quality) {
    case "possible":
      return <Badge tone="warn">{t("quality.possible")}</Badge>;
    case "anonymous":
      return <Badge tone="hold">{t("quality.anonymous")}</Badge>;
    case "invalid":
      return <Badge tone="bad">{t("quality.invalid")}</Badge>;
    case "extension":
      return <Badge tone="accent">{t("quality.extension")}</Badge>;
    case "exact":
      return caller.found ? null : <Badge>{t("quality.new_number")}</Badge>;
    default:
      return null;
  }
}

export function OtherMatches({ caller }: { caller: CallerContext | null }) {
  const { t } = useTranslation();
  const id = useId();
  if (!caller || caller.other_matches.length === 0) return null;
  return (
    <section aria-labelledby={id} className="border-t border-line p-3" data-testid="other-matches">
      <h3 id={id} className="mb-1.5 font-semibold">
        {caller.found ? t("caller.other_matches") : t("caller.possible_matches")}{" "}
        <span className="num font-normal text-muted">({caller.other_matches.length})</span>
      </h3>
      <ul className="grid gap-1">
        {caller.other_matches.map((match) => (
          <li key={`${match.kind}-${match.id}`} className="flex min-w-0 flex-wrap items-center gap-x-2">
            <MatchName match={match} />
            <Badge>{t(`kind.${match.kind}`, { defaultValue: match.kind })}</Badge>
            {match.organization_name && match.organization_name !== match.name ? (
              <span className="min-w-0 truncate text-muted">{match.organization_name}</span>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function MatchName({ match }: { match: OtherMatch }) {
  const { t } = useTranslation();
  return (
    <ContactLink
      contact={match}
      name={match.name ?? match.organization_name ?? t("caller.unnamed")}
      className="font-medium"
    />
  );
}

export function OpenTickets({ caller }: { caller: CallerContext | null }) {
  const { t } = useTranslation();
  const id = useId();
  const tickets = caller?.open_tickets ?? [];
  return (
    <section aria-labelledby={id} className="border-t border-line p-3" data-testid="open-tickets">
      <h3 id={id} className="mb-1.5 font-semibold">
        {t("caller.open_tickets")} <span className="num font-normal text-muted">({tickets.length})</span>
      </h3>
      {tickets.length === 0 ? (
        <p className="text-muted">{t("caller.no_open_tickets")}</p>
      ) : (
        <ul className="grid gap-1.5">
          {tickets.map((ticket) => (
            <li key={ticket.id} className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-2">
              <Link
                to="/tickets/$ticketId"
                params={{ ticketId: ticket.id }}
                className="num font-medium text-accent-text underline-offset-2 hover:underline"
              >
                #{ticket.number}
              </Link>
              <span className="truncate" title={ticket.title}>
                {ticket.title}
              </span>
              <span className="flex gap-1">
                <PriorityBadge priority={ticket.priority} />
                <TicketStatusBadge status={ticket.status} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function RecentCalls({ caller, currentId }: { caller: CallerContext | null; currentId: string }) {
  const { t } = useTranslation();
  const id = useId();
  const calls = (caller?.recent_calls ?? []).filter((call) => call.id !== currentId);
  return (
    <section aria-labelledby={id} className="border-t border-line p-3" data-testid="recent-calls">
      <h3 id={id} className="mb-1.5 font-semibold">
        {t("caller.recent_calls")} <span className="num font-normal text-muted">({calls.length})</span>
      </h3>
      {calls.length === 0 ? (
        <p className="text-muted">{t("caller.no_recent_calls")}</p>
      ) : (
        <ul className="grid gap-1.5">
          {calls.map((call) => (
            <li key={call.id} className="flex flex-wrap items-center gap-2">
              <Link
                to="/calls/$callId"
                params={{ callId: call.id }}
                className="text-accent-text underline-offset-2 hover:underline"
              >
                {call.started_at ? <When at={call.started_at} /> : t("call.one")}
              </Link>
              {call.state ? <CallStateBadge state={call.state} endReason={call.end_reason} /> : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

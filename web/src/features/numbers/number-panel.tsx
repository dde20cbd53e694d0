/** One line: what it is, whom it rings, and who held it when. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { Assignment, ConnectionTime, Endpoint, Page, PhoneNumber } from "@/lib/api/types";
import { countryName } from "@/lib/countries";
import { formatNumber } from "@/lib/phone";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { Failed, Loading } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import type { NumberRights } from "./commands";
import { flagOf, formatMoney } from "./money";
import { NumberActions } from "./number-actions";
import { ConnectedTo, NumberStatusBadge } from "./number-columns";
import type { Asked } from "./number-dialogs";
import { NumberForm } from "./number-form";

export function NumberPanel({
  id,
  rights,
  nameOf,
  personName,
  onAsk,
  onClose,
  seesCalls,
}: {
  id: string | null;
  rights: NumberRights;
  nameOf: (endpoint: Endpoint) => string;
  personName: (id: string) => string | null;
  onAsk: (asked: Asked) => void;
  onClose: () => void;
  seesCalls: boolean;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.numbers, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<PhoneNumber>(
        api.GET("/api/v1/phone-numbers/{id}", { params: { path: { id: id ?? "" } }, signal }),
      ),
  });
  const number = query.data;
  // The version the person looks at; the line may move on underneath while they type.
  const [editing, setEditing] = useState<PhoneNumber | null>(null);
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={number ? formatNumber(number.number) : t("field.number")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : number ? (
        <div className="grid gap-4">
          <div className="flex flex-wrap items-center gap-2">
            <NumberStatusBadge number={number} />
            {rights.platform ? (
              <Button size="sm" onClick={() => setEditing(number)}>
                <Pencil aria-hidden />
                {t("action.edit")}
              </Button>
            ) : null}
            <NumberActions number={number} rights={rights} onAsk={onAsk} />
          </div>
          <Facts>
            <Fact term={t("numbers.country")}>
              <span aria-hidden>{flagOf(number.country)} </span>
              {countryName(number.country)}
              {number.region ? `, ${number.region}` : ""}
            </Fact>
            <Fact term={t("numbers.connected_to")}>
              <ConnectedTo number={number} nameOf={nameOf} />
            </Fact>
            <Fact term={t("numbers.cost")}>
              {number.monthly_cost ? formatMoney(number.monthly_cost, number.currency) : "–"}
            </Fact>
            <Fact term={t("numbers.provider")}>{number.provider || "–"}</Fact>
            {number.quarantined_until ? (
              <Fact term={t("numbers.quarantined_until")}>
                <When at={number.quarantined_until} />
              </Fact>
            ) : null}
          </Facts>
          {seesCalls ? (
            <p>
              <Link
                to="/calls"
                search={{ number: number.id }}
                className="text-accent-text underline-offset-2 hover:underline"
              >
                {t("numbers.calls")}
              </Link>
            </p>
          ) : null}
          <History id={number.id} personName={personName} />
          <Rang id={number.id} />
          {editing ? (
            <NumberForm number={editing} readAgain={() => again(query)} onClose={() => setEditing(null)} />
          ) : null}
        </div>
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function History({ id, personName }: { id: string; personName: (id: string) => string | null }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.numbers, "assignments", id],
    queryFn: ({ signal }) =>
      take<Page<Assignment>>(
        api.GET("/api/v1/phone-numbers/{id}/assignments", { params: { path: { id } }, signal }),
      ),
  });
  const by = (person: string | null) => {
    const name = person ? personName(person) : null;
    return name ? <span className="text-muted"> {t("numbers.by", { name })}</span> : null;
  };
  return (
    <section aria-labelledby="line-history" className="border-t border-line pt-3">
      <h3 id="line-history" className="mb-2 font-semibold">
        {t("numbers.history")}
      </h3>
      {query.isPending ? (
        <Loading className="py-3" />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.items.length === 0 ? (
        <p className="text-muted">{t("numbers.no_history")}</p>
      ) : (
        <ol className="grid gap-2" data-testid="line-history">
          {query.data.items.map((held) => (
            <li key={held.assigned_at} className="rounded-md border border-line px-3 py-2">
              <p>
                {t("numbers.held_from")} <When at={held.assigned_at} />
                {by(held.assigned_by)}
              </p>
              <p>
                {held.released_at ? (
                  <>
                    {t("numbers.held_until")} <When at={held.released_at} />
                    {by(held.released_by)}
                  </>
                ) : (
                  <span className="text-muted">{t("numbers.held_now")}</span>
                )}
              </p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** Whom it rang, and when: a call of last month went to whom it was connected to then. */
function Rang({ id }: { id: string }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.numbers, "connections", id],
    queryFn: ({ signal }) =>
      take<Page<ConnectionTime>>(
        api.GET("/api/v1/phone-numbers/{id}/connections", { params: { path: { id } }, signal }),
      ),
  });
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return null;
  return (
    <section aria-labelledby="line-connections" className="border-t border-line pt-3">
      <h3 id="line-connections" className="mb-2 font-semibold">
        {t("numbers.rang")}
      </h3>
      {query.data.items.length === 0 ? (
        <p className="text-muted">{t("numbers.rang_nobody")}</p>
      ) : (
        <ol className="grid gap-2" data-testid="line-connections">
          {query.data.items.map((time) => (
            <li key={time.connected_at} className="rounded-md border border-line px-3 py-2">
              <p className="font-medium">
                {time.endpoint?.kind === "bot" ? `${t("bots.one")}: ` : ""}
                {time.endpoint?.name ?? t("numbers.somebody")}
              </p>
              <p className="text-[0.8667rem] text-muted">
                {t("numbers.held_from")} <When at={time.connected_at} />{" "}
                {time.disconnected_at ? (
                  <>
                    {t("numbers.held_until")} <When at={time.disconnected_at} />
                  </>
                ) : (
                  t("numbers.rings_now")
                )}
              </p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

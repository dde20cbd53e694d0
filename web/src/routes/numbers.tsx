import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NumberImports } from "@/features/numbers/import-list";
import { NumberCards } from "@/features/numbers/number-cards";
import { NumberForm } from "@/features/numbers/number-form";
import { NumberList, type NumberSearch, type NumberView } from "@/features/numbers/number-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { Button } from "@/ui/button";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";
import { useAgents } from "./use-agents";
import { useBots } from "./use-bots";
import { useTenants } from "./use-tenants";

const VIEWS = ["own", "pool", "reserved"] as const;
type View = NumberView | "imports";

export function NumbersRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { view: asked = "own", id, ...search } = useSearch({ from: "/app/numbers" });
  const { agents } = useAgents();
  const bots = useBots();
  const [creating, setCreating] = useState(false);
  const allowed = useCan("numbers.read");
  const seesCalls = useCan("calls.read");
  const assign = useCan("numbers.assign");
  const release = useCan("numbers.release");
  const connect = useCan("numbers.connect");
  // Who enters lines looks at the whole inventory, in which nothing is "ours".
  const platform = useCan("numbers.create");
  // Acting for one, they see what that one sees.
  const above = useMe()?.tenant === null;
  const tenants = useTenants(platform && above, search.tenant);
  const view: View = asked === "imports" && !platform ? "own" : asked;
  useEffect(() => setPageTitle(t("nav.numbers")), [t]);
  if (!allowed) return <NoPermission />;
  const go = (next: View, changes: NumberSearch & { id?: string }, replace = true) =>
    void navigate({ to: "/numbers", search: { view: next, ...changes }, replace });
  return (
    <>
      <PageHead
        title={t("nav.numbers")}
        sub={platform ? t("numbers.platform_sub") : t("numbers.sub")}
        actions={
          platform ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("numbers.new")}
            </Button>
          ) : null
        }
      />
      <NumberCards
        platform={platform}
        onPick={(card) =>
          card === "pool" ? go("pool", {}) : go("own", card === "connected" ? { connected: true } : {})
        }
      />
      <Tabs<View>
        label={t("nav.numbers")}
        value={view}
        onChange={(next) =>
          go(next, {
            q: search.q,
            country: search.country,
            region: search.region,
            tenant: search.tenant,
            sort: search.sort,
          })
        }
        tabs={(platform ? ([...VIEWS, "imports"] as const) : VIEWS).map((each) => ({
          value: each,
          label:
            platform || each === "imports" ? t(`numbers.platform_view.${each}`) : t(`numbers.view.${each}`),
        }))}
      >
        <div className="pt-3">
          {view === "imports" ? (
            <NumberImports />
          ) : (
            <NumberList
              key={view}
              view={view}
              search={search}
              onSearch={(next) => go(view, next)}
              opened={id ?? null}
              onOpen={(next) => go(view, { ...search, id: next ?? undefined }, false)}
              rights={{ assign, release, connect, platform }}
              agents={agents}
              bots={bots}
              tenants={tenants}
              seesCalls={seesCalls}
            />
          )}
        </div>
      </Tabs>
      {creating ? <NumberForm onClose={() => setCreating(false)} /> : null}
    </>
  );
}

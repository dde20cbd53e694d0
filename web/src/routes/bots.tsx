import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { BotList } from "@/features/bots/bot-list";
import { LineCard } from "@/features/numbers/endpoint-lines";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function BotsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, ...search } = useSearch({ from: "/app/bots" });
  const allowed = useCan("bots.read");
  const mayManage = useCan("bots.manage");
  const seesNumbers = useCan("numbers.read");
  const mayConnect = useCan("numbers.connect");
  const seesCalls = useCan("calls.read");
  useEffect(() => setPageTitle(t("nav.bots")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <BotList
      search={search}
      onSearch={(next) => void navigate({ to: "/bots", search: next, replace: true })}
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/bots", search: { ...search, id: next ?? undefined } })}
      mayManage={mayManage}
      line={(bot) =>
        seesNumbers ? (
          <LineCard
            endpoint={{ kind: "bot", id: bot.id, name: bot.name, takesCalls: bot.is_active }}
            mayConnect={mayConnect}
          />
        ) : null
      }
      seesCalls={seesCalls}
    />
  );
}

/** The agent's place: calls on top, caller on the left, ticket in the middle, what happened on the right. */
import { Headset } from "lucide-react";
import { useEffect, useId } from "react";
import { useTranslation } from "react-i18next";
import { useShallow } from "zustand/react/shallow";
import { CallTimeline } from "@/features/calls/call-timeline";
import { CallerCard, OpenTickets, OtherMatches, RecentCalls } from "@/features/screen-pop/caller-card";
import { PopHeader } from "@/features/screen-pop/pop-header";
import { PopTabs } from "@/features/screen-pop/pop-tabs";
import { hasTypedText, useDrafts } from "@/features/tickets/drafts";
import { TicketForm } from "@/features/tickets/ticket-form";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { dispatch, useLive } from "@/lib/ws/live";
import { type Pop, popsNewestFirst } from "@/lib/ws/reducer";
import { Empty, NoPermission } from "@/ui/feedback";
import { Kbd } from "@/ui/kbd";
import { Panel, PanelHead } from "@/ui/panel";
import { useAgents } from "./use-agents";

export function WorkspaceRoute() {
  const { t } = useTranslation();
  const pops = useLive(useShallow(popsNewestFirst));
  const focusedId = useLive((state) => state.focused);
  const panelId = useId();
  const me = useMe();
  const allowed = useCan("presence.set") && me?.tenant != null;
  useEffect(() => setPageTitle(t("nav.workspace")), [t]);
  const focused = pops.find((pop) => pop.call.id === focusedId) ?? pops[0] ?? null;
  const dismiss = (callId: string) => {
    dispatch({ type: "dismiss", callId });
    if (!hasTypedText(useDrafts.getState().drafts[callId])) useDrafts.getState().forget(callId);
  };

  if (!allowed) return <NoPermission />;
  if (!focused) {
    return (
      <>
        <h1 className="sr-only">{t("nav.workspace")}</h1>
        <Panel className="grid min-h-[60dvh] place-items-center" data-testid="workspace-idle">
          <Empty
            icon={<Headset />}
            title={t("workspace.idle")}
            text={
              <>
                {t("workspace.idle_text")}
                <span className="mt-3 flex flex-wrap items-center justify-center gap-1.5">
                  <Kbd>Ctrl</Kbd>
                  <Kbd>K</Kbd>
                  {t("workspace.hint_palette")}
                  <Kbd>?</Kbd>
                  {t("workspace.hint_keys")}
                </span>
              </>
            }
          />
        </Panel>
      </>
    );
  }
  return (
    <>
      <h1 className="sr-only">{t("nav.workspace")}</h1>
      <PopTabs
        pops={pops}
        focused={focused.call.id}
        onFocus={(callId) => dispatch({ type: "focus", callId })}
        onDismiss={dismiss}
        panelId={panelId}
      />
      <div
        role="tabpanel"
        id={panelId}
        aria-labelledby={`pop-tab-${focused.call.id}`}
        className="mt-1"
        data-testid="pop"
        data-call={focused.call.id}
      >
        <PopView key={focused.call.id} pop={focused} onDismiss={() => dismiss(focused.call.id)} />
      </div>
    </>
  );
}

function PopView({ pop, onDismiss }: { pop: Pop; onDismiss: () => void }) {
  const { t } = useTranslation();
  const { nameOf } = useAgents();
  const mayFile = useCan("tickets.create");
  const { call, caller } = pop;
  return (
    <div className="grid gap-3 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)] lg:grid-rows-[auto_1fr] 2xl:grid-cols-[minmax(0,24rem)_minmax(0,1fr)_minmax(0,24rem)]">
      <Panel className="self-start">
        <PopHeader pop={pop} agentName={call.agent_id ? nameOf(call.agent_id) : null} onDismiss={onDismiss} />
        <CallerCard call={call} caller={caller} />
        <OtherMatches caller={caller} />
        <OpenTickets caller={caller} />
        <RecentCalls caller={caller} currentId={call.id} />
      </Panel>
      <Panel className="@container self-start lg:row-span-2">
        <PanelHead title={t("ticket_form.label")} />
        {mayFile ? (
          <TicketForm callId={call.id} draft={pop.draft} />
        ) : (
          <p className="p-3 text-muted">{t("ticket_form.not_allowed")}</p>
        )}
      </Panel>
      <Panel className="self-start lg:col-start-1 2xl:col-start-3 2xl:row-start-1">
        <PanelHead title={t("timeline.title")} />
        <CallTimeline callId={call.id} live />
      </Panel>
    </div>
  );
}

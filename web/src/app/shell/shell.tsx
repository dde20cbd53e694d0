/** The frame around every screen: navigation, presence, theme, shortcuts, alerts, connection state. */
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Menu as MenuIcon, Search, Volume2, VolumeX, X } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { PresenceControl } from "@/features/presence/presence-control";
import { usePopAlerts } from "@/features/screen-pop/use-pop-alerts";
import { claimDrafts } from "@/features/tickets/drafts";
import type { Me } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { usePreferences } from "@/lib/preferences";
import { useMe } from "@/lib/session";
import { useTheme } from "@/lib/theme";
import { dispatch, liveSocket, onFrame, useLive, useLiveSocket } from "@/lib/ws/live";
import { popsNewestFirst, ringingCount } from "@/lib/ws/reducer";
import { Button, buttonStyle } from "@/ui/button";
import { Logo } from "@/ui/logo";
import { destinationsOf, takesCalls } from "../navigation";
import type { PaletteCommand } from "./command-palette";
import { HelpDialog } from "./help-dialog";
import { LinkBanner } from "./link-banner";
import { NavigationList } from "./navigation-list";
import { stepRow, useShortcuts } from "./shortcuts";
import { useSignOut } from "./sign-out";
import { TenantCorner } from "./tenant-corner";
import { UserMenu } from "./user-menu";

const CommandPalette = lazy(() => import("./command-palette"));

export function Shell() {
  const me = useMe();
  // Signed out a moment ago: the router is on its way to the sign-in page.
  if (!me) return null;
  return <SignedIn me={me} />;
}

function SignedIn({ me }: { me: Me }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const [navOpen, setNavOpen] = useState(false);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  const { muted, setMuted } = usePreferences();
  const theme = useTheme();
  const calls = takesCalls(me);

  // Before the first pop is drawn, so that no form starts from somebody else's words.
  useState(() => claimDrafts(me.user.id));
  useLiveSocket(me.tenant !== null);
  const spoken = usePopAlerts(() => void navigate({ to: "/workspace" }));
  useNoticeToasts();
  const leave = useSignOut();
  const shownPath = useRef(pathname);
  useEffect(() => {
    setNavOpen(false);
    if (shownPath.current === pathname) return;
    shownPath.current = pathname;
    // A new screen: the keyboard goes on in it, unless it already is there (tabs, filters).
    if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [pathname]);

  const items = useMemo(() => destinationsOf(me), [me]);
  const toggleMute = () => {
    setMuted(!muted);
    toast(muted ? t("sound.on") : t("sound.off"));
  };
  useShortcuts({
    palette: () => setPaletteOpen((open) => !open),
    help: () => setHelpOpen(true),
    search: () => {
      const box = main.current?.querySelector<HTMLInputElement>('input[type="search"]');
      if (box) box.focus();
      else setPaletteOpen(true);
    },
    go: (key) => {
      const item = items.find((each) => each.key === key);
      if (item) void navigate({ to: item.to });
      return item !== undefined;
    },
    pop: (step) => {
      const state = useLive.getState();
      const ids = popsNewestFirst(state).map((pop) => pop.call.id);
      if (ids.length === 0) return;
      const at = state.focused ? ids.indexOf(state.focused) : -1;
      const next = ids[(at + step + ids.length) % ids.length];
      if (next) dispatch({ type: "focus", callId: next });
      if (pathname !== "/workspace") void navigate({ to: "/workspace" });
    },
    row: (step) => stepRow(main.current, step),
    mute: toggleMute,
  });

  const commands = useMemo<PaletteCommand[]>(() => {
    const list: PaletteCommand[] = items.map((item) => ({
      id: item.to,
      label: t(`nav.${item.name}`),
      group: t("palette.go"),
      icon: <item.icon aria-hidden />,
      hint: `G ${item.key.toUpperCase()}`,
      run: () => void navigate({ to: item.to }),
    }));
    if (calls) {
      for (const state of ["available", "break", "offline"] as const) {
        list.push({
          id: `presence-${state}`,
          label: t(`presence.${state}`),
          group: t("palette.presence"),
          run: () => {
            if (!liveSocket.send({ type: "presence", state, reason: null }))
              toast.error(t("presence_control.not_connected"));
          },
        });
      }
    }
    for (const choice of ["system", "light", "dark"] as const) {
      list.push({
        id: `theme-${choice}`,
        label: t(`theme.${choice}`),
        group: t("theme.title"),
        run: () => useTheme.getState().set(choice),
      });
    }
    list.push(
      {
        id: "keys",
        label: t("keys.title"),
        group: t("palette.more"),
        hint: "?",
        run: () => setHelpOpen(true),
      },
      {
        id: "account",
        label: t("account.title"),
        group: t("palette.go"),
        run: () => void navigate({ to: "/account", search: {} }),
      },
      { id: "sign-out", label: t("user.sign_out"), group: t("palette.more"), run: () => void leave() },
    );
    return list;
  }, [items, calls, t, navigate, leave]);

  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[13rem_minmax(0,1fr)]">
      <a
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
        className="sr-only z-50 focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:rounded-md focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-fg"
      >
        {t("shell.skip")}
      </a>
      <aside
        className={cn(
          "z-30 flex flex-col border-r border-line bg-surface max-lg:fixed max-lg:inset-y-0 max-lg:left-0 max-lg:w-64 max-lg:shadow-pop lg:sticky lg:top-0 lg:h-dvh",
          !navOpen && "max-lg:hidden",
        )}
      >
        <div className="flex h-12 items-center justify-between gap-2 px-3">
          <Link to="/" className="flex items-center gap-2 font-semibold tracking-tight">
            <Logo className="size-6" />
            Switchroom
          </Link>
          <Button
            look="ghost"
            size="icon-sm"
            className="lg:hidden"
            aria-label={t("shell.close_nav")}
            onClick={() => setNavOpen(false)}
          >
            <X aria-hidden />
          </Button>
        </div>
        <NavigationList items={items} />
        <TenantCorner me={me} />
      </aside>
      {navOpen ? (
        <button
          type="button"
          tabIndex={-1}
          aria-hidden
          className="fixed inset-0 z-20 bg-black/45 lg:hidden"
          onClick={() => setNavOpen(false)}
        />
      ) : null}
      <div className="min-w-0">
        <header className="sticky top-0 z-10 border-b border-line bg-surface">
          <div className="flex h-12 items-center gap-2 px-3">
            <Button
              look="ghost"
              size="icon"
              className="lg:hidden"
              aria-label={t("shell.open_nav")}
              aria-expanded={navOpen}
              onClick={() => setNavOpen(true)}
            >
              <MenuIcon aria-hidden />
            </Button>
            <Button
              size="sm"
              className="text-muted max-sm:size-8 max-sm:px-0 sm:w-60 sm:justify-start"
              onClick={() => setPaletteOpen(true)}
              aria-keyshortcuts="Control+K Meta+K"
            >
              <Search aria-hidden />
              <span className="max-sm:sr-only">{t("palette.open")}</span>
              <span aria-hidden className="ml-auto text-[0.8rem] max-sm:hidden">
                Ctrl K
              </span>
            </Button>
            <div className="ml-auto flex items-center gap-1.5">
              {calls ? <PresenceControl /> : null}
              <Button
                look="ghost"
                size="icon"
                aria-pressed={muted}
                aria-label={t("sound.mute")}
                onClick={toggleMute}
                className="max-sm:hidden"
              >
                {muted ? <VolumeX aria-hidden /> : <Volume2 aria-hidden />}
              </Button>
              <UserMenu
                me={me}
                theme={theme.choice}
                onTheme={theme.set}
                onHelp={() => setHelpOpen(true)}
                onLeave={leave}
                muted={muted}
                onMute={toggleMute}
              />
            </div>
          </div>
          {me.tenant ? <LinkBanner /> : null}
        </header>
        <main
          ref={main}
          id="main"
          tabIndex={-1}
          className="mx-auto w-full max-w-[120rem] p-3 outline-none sm:p-4"
        >
          <div className="sr-only" aria-live="assertive">
            {spoken}
          </div>
          <ElsewherePop pathname={pathname} />
          <Outlet />
        </main>
      </div>
      {paletteOpen ? (
        <Suspense fallback={null}>
          <CommandPalette commands={commands} onClose={() => setPaletteOpen(false)} />
        </Suspense>
      ) : null}
      {helpOpen ? <HelpDialog me={me} onClose={() => setHelpOpen(false)} /> : null}
    </div>
  );
}

/** A call that rings while another screen is open: one line with the way to it. */
function ElsewherePop({ pathname }: { pathname: string }) {
  const { t } = useTranslation();
  const count = useLive(ringingCount);
  if (pathname === "/workspace") return null;
  return (
    <div role="status" aria-live="assertive">
      {count > 0 ? (
        <div
          className="mb-3 flex flex-wrap items-center gap-3 rounded-md border border-warn-dot bg-warn-soft px-3 py-2 text-warn"
          data-testid="ringing-elsewhere"
        >
          <span className="font-medium">{t("shell.ringing_elsewhere", { count })}</span>
          <Link to="/workspace" className={cn(buttonStyle({ look: "primary", size: "sm" }), "ml-auto")}>
            {t("shell.to_workspace")}
          </Link>
        </div>
      ) : null}
    </div>
  );
}

/** `notification` frames are words from the server for the user. */
function useNoticeToasts(): void {
  useEffect(
    () =>
      onFrame((frame, fresh) => {
        if (!fresh || frame.type !== "notification") return;
        const { title, body, message } = frame.data;
        const text = title ?? message ?? body;
        if (text) toast(text, { description: title ? body : undefined });
      }),
    [],
  );
}

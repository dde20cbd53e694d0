import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { queryClient } from "@/lib/api/query";
import { meQuery } from "@/lib/session";
import { Loading } from "@/ui/feedback";
import { homeOf } from "./navigation";
import { CrashScreen, NotFoundScreen } from "./screens";
import { flag, oneOf, search, text } from "./search";

const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundScreen,
  errorComponent: CrashScreen,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: search({
    next: text,
    ended: flag,
    tenant: text,
    problem: oneOf(["oidc-expired", "oidc-refused", "oidc-failed", "oidc-no-account", "tenant-suspended"]),
  }),
  beforeLoad: async () => {
    if (await queryClient.ensureQueryData(meQuery).catch(() => null)) throw redirect({ to: "/" });
  },
  component: lazyRouteComponent(() => import("@/routes/sign-in"), "SignInRoute"),
});

const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset",
  component: lazyRouteComponent(() => import("@/routes/reset"), "ResetRoute"),
});
const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invitation",
  component: lazyRouteComponent(() => import("@/routes/invitation"), "InvitationRoute"),
});

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/register",
  validateSearch: search({ tenant: text }),
  component: lazyRouteComponent(() => import("@/routes/register"), "RegisterRoute"),
});

/** Everything behind the sign-in. */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  beforeLoad: async ({ location }) => {
    const me = await queryClient.ensureQueryData(meQuery);
    if (!me) {
      throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { next: location.href } });
    }
    return { me };
  },
  component: lazyRouteComponent(() => import("./shell/shell"), "Shell"),
  pendingComponent: Loading,
});

const indexRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/",
  beforeLoad: ({ context }) => {
    throw redirect({ to: homeOf(context.me), replace: true });
  },
});
const workspaceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/workspace",
  component: lazyRouteComponent(() => import("@/routes/workspace"), "WorkspaceRoute"),
});
const wallboardRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/wallboard",
  component: lazyRouteComponent(() => import("@/routes/wallboard"), "WallboardRoute"),
});
const performanceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/performance",
  validateSearch: search({
    period: oneOf(["week", "month", "quarter", "own"]),
    from: text,
    to: text,
    team: text,
    sort: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/performance"), "PerformanceRoute"),
});
const directoryIndexRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/directory",
  beforeLoad: () => {
    throw redirect({ to: "/directory/$kind", params: { kind: "individuals" }, search: {}, replace: true });
  },
});
const directoryRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/directory/$kind",
  validateSearch: search({
    q: text,
    phone: text,
    active: flag,
    provenance: oneOf(["manual", "auto_ticket", "mail", "import"]),
    status: oneOf(["pending", "active", "suspended", "inactive"]),
    city: text,
    country: text,
    sort: text,
    id: text,
    tab: oneOf(["details", "contacts", "notes", "duplicates", "calls", "tickets", "accounts"]),
    contact: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/directory"), "DirectoryRoute"),
});
const contactImportsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/directory/imports",
  component: lazyRouteComponent(() => import("@/routes/contact-imports"), "ContactImportsRoute"),
});
const contactDuplicatesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/directory/duplicates",
  validateSearch: search({
    of: oneOf(["individuals", "organizations", "contacts", "email-contacts"]),
    by: oneOf(["number", "email", "name"]),
  }),
  component: lazyRouteComponent(() => import("@/routes/contact-duplicates"), "ContactDuplicatesRoute"),
});
const callsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/calls",
  validateSearch: search({
    state: oneOf(["ringing", "answered", "held", "transferring", "ended"]),
    from: text,
    to: text,
    after: text,
    before: text,
    agent: text,
    number: text,
    bot: text,
    connection: text,
    contact: text,
    organization: text,
    sort: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/calls"), "CallsRoute"),
});
const callRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/calls/$callId",
  component: lazyRouteComponent(() => import("@/routes/call"), "CallRoute"),
});
const ticketsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/tickets",
  validateSearch: search({
    q: text,
    status: oneOf([
      "active",
      "new",
      "open",
      "answered",
      "waiting_for_response",
      "on_hold",
      "in_progress",
      "resolved",
      "closed",
    ]),
    priority: oneOf(["low", "medium", "high", "urgent"]),
    assigned: text,
    contact: text,
    organization: text,
    call: text,
    sort: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/tickets"), "TicketsRoute"),
});
const ticketRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/tickets/$ticketId",
  component: lazyRouteComponent(() => import("@/routes/ticket"), "TicketRoute"),
});
const numbersRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/numbers",
  validateSearch: search({
    view: oneOf(["own", "pool", "reserved", "imports"]),
    connected: flag,
    endpoint: oneOf(["user", "bot"]),
    country: text,
    region: text,
    q: text,
    tenant: text,
    sort: text,
    id: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/numbers"), "NumbersRoute"),
});
const botsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/bots",
  validateSearch: search({ q: text, active: flag, connected: flag, sort: text, id: text }),
  component: lazyRouteComponent(() => import("@/routes/bots"), "BotsRoute"),
});
const connectionsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/connections",
  validateSearch: search({
    kind: oneOf(["generic", "twilio", "telnyx", "vonage", "plivo", "sipgate", "zammad", "sip"]),
    q: text,
    id: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/connections"), "ConnectionsRoute"),
});

/** The address that the plan of the number pages names. */
const phoneNumbersRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/phone-numbers",
  beforeLoad: () => {
    throw redirect({ to: "/numbers", search: {}, replace: true });
  },
});
const peopleRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/people",
  validateSearch: search({
    view: oneOf(["members", "extensions", "invitations", "registrations", "tokens"]),
    q: text,
    role: text,
    sort: text,
    status: oneOf(["all", "open", "accepted", "revoked", "expired"]),
    registered: oneOf(["all", "waiting", "approved", "rejected"]),
    id: text,
    tab: oneOf(["details", "performance", "history", "tokens"]),
  }),
  component: lazyRouteComponent(() => import("@/routes/people"), "PeopleRoute"),
});
const accountRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/account",
  validateSearch: search({ tab: oneOf(["profile", "security", "sessions", "history", "tokens"]) }),
  component: lazyRouteComponent(() => import("@/routes/account"), "AccountRoute"),
});

const auditRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/audit",
  validateSearch: search({
    action: text,
    actor: text,
    kind: text,
    object: text,
    address: text,
    after: text,
    before: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/audit"), "AuditRoute"),
});

const securityRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/security",
  validateSearch: search({
    tab: oneOf(["alerts", "sign_ins"]),
    kind: oneOf(["refresh_reused", "new_admin", "account_locked", "many_failures", "second_factor_off"]),
    outcome: oneOf(["started", "failed", "ended"]),
    actor: text,
    address: text,
    after: text,
    before: text,
  }),
  component: lazyRouteComponent(() => import("@/routes/security"), "SecurityRoute"),
});
const systemRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/system",
  component: lazyRouteComponent(() => import("@/routes/system"), "SystemRoute"),
});

const rolesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/roles",
  validateSearch: search({ id: text }),
  component: lazyRouteComponent(() => import("@/routes/roles"), "RolesRoute"),
});
const teamsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/teams",
  validateSearch: search({ q: text, id: text }),
  component: lazyRouteComponent(() => import("@/routes/teams"), "TeamsRoute"),
});

const tenantsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/tenants",
  validateSearch: search({ q: text, status: oneOf(["active", "suspended"]), sort: text, id: text }),
  component: lazyRouteComponent(() => import("@/routes/tenants"), "TenantsRoute"),
});

const webhooksRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/webhooks",
  validateSearch: search({ id: text, tab: oneOf(["details", "deliveries", "dead"]) }),
  component: lazyRouteComponent(() => import("@/routes/webhooks"), "WebhooksRoute"),
});

const fieldsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/fields",
  validateSearch: search({ of: oneOf(["individuals", "organizations", "contacts", "email-contacts"]) }),
  component: lazyRouteComponent(() => import("@/routes/fields"), "FieldsRoute"),
});
const providersRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/identity-providers",
  validateSearch: search({ id: text }),
  component: lazyRouteComponent(() => import("@/routes/providers"), "ProvidersRoute"),
});
const erasuresRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/erasures",
  component: lazyRouteComponent(() => import("@/routes/erasures"), "ErasuresRoute"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  resetRoute,
  invitationRoute,
  registerRoute,
  appRoute.addChildren([
    indexRoute,
    workspaceRoute,
    wallboardRoute,
    performanceRoute,
    directoryIndexRoute,
    directoryRoute,
    contactImportsRoute,
    contactDuplicatesRoute,
    callsRoute,
    callRoute,
    ticketsRoute,
    ticketRoute,
    numbersRoute,
    phoneNumbersRoute,
    botsRoute,
    peopleRoute,
    accountRoute,
    auditRoute,
    securityRoute,
    systemRoute,
    rolesRoute,
    teamsRoute,
    tenantsRoute,
    webhooksRoute,
    fieldsRoute,
    providersRoute,
    erasuresRoute,
    connectionsRoute,
  ]),
]);

export function createAppRouter() {
  return createRouter({
    routeTree,
    defaultPreload: "intent",
    defaultPendingMs: 300,
    scrollRestoration: true,
    defaultPendingComponent: Loading,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

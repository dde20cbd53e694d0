import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { z } from "zod";
import { queryClient } from "@/lib/api/query";
import { meQuery } from "@/lib/session";
import { SignInRoute } from "@/routes/sign-in";
import { WorkspaceRoute } from "@/routes/workspace";
import { Loading } from "@/ui/feedback";
import { homeOf } from "./navigation";
import { CrashScreen, NotFoundScreen } from "./screens";
import { Shell } from "./shell/shell";

const text = z.string().max(200).optional().catch(undefined);

const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundScreen,
  errorComponent: CrashScreen,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: z.object({ next: text, ended: z.boolean().optional().catch(undefined) }),
  beforeLoad: async () => {
    if (await queryClient.ensureQueryData(meQuery).catch(() => null)) throw redirect({ to: "/" });
  },
  component: SignInRoute,
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
  component: Shell,
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
  component: WorkspaceRoute,
});
const wallboardRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/wallboard",
  component: lazyRouteComponent(() => import("@/routes/wallboard"), "WallboardRoute"),
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
  validateSearch: z.object({ q: text, phone: text, id: text }),
  component: lazyRouteComponent(() => import("@/routes/directory"), "DirectoryRoute"),
});
const callsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/calls",
  validateSearch: z.object({
    state: z.enum(["ringing", "answered", "held", "transferring", "ended"]).optional().catch(undefined),
    from: text,
    to: text,
    after: text,
    before: text,
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
  validateSearch: z.object({
    q: text,
    status: z
      .enum([
        "new",
        "open",
        "answered",
        "waiting_for_response",
        "on_hold",
        "in_progress",
        "resolved",
        "closed",
      ])
      .optional()
      .catch(undefined),
    priority: z.enum(["low", "medium", "high", "urgent"]).optional().catch(undefined),
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
  validateSearch: z.object({
    status: z.enum(["available", "assigned", "reserved"]).optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => import("@/routes/numbers"), "NumbersRoute"),
});
const connectionsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/connections",
  component: lazyRouteComponent(() => import("@/routes/connections"), "ConnectionsRoute"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  appRoute.addChildren([
    indexRoute,
    workspaceRoute,
    wallboardRoute,
    directoryIndexRoute,
    directoryRoute,
    callsRoute,
    callRoute,
    ticketsRoute,
    ticketRoute,
    numbersRoute,
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

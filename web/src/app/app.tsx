import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { I18nextProvider } from "react-i18next";
import { Toaster } from "sonner";
import { onSignedOut } from "@/lib/api/client";
import { keys, queryClient } from "@/lib/api/query";
import { i18n } from "@/lib/i18n";
import { useTheme, watchSystemTheme } from "@/lib/theme";
import { resetLive } from "@/lib/ws/live";
import { createAppRouter } from "./router";

export function App() {
  const [router] = useState(createAppRouter);
  const theme = useTheme((state) => state.choice);
  useEffect(() => watchSystemTheme(), []);
  useEffect(
    () =>
      onSignedOut(() => {
        if (router.state.location.pathname === "/sign-in") return;
        resetLive();
        queryClient.setQueryData(keys.me, null);
        void router.navigate({
          to: "/sign-in",
          search: { next: router.state.location.href, ended: true },
          replace: true,
        });
      }),
    [router],
  );
  return (
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={queryClient}>
        <CSPProvider disableStyleElements>
          <Tooltip.Provider>
            <RouterProvider router={router} />
            <Toaster theme={theme} position="bottom-right" richColors={false} closeButton visibleToasts={4} />
          </Tooltip.Provider>
        </CSPProvider>
      </QueryClientProvider>
    </I18nextProvider>
  );
}

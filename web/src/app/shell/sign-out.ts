import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { toast } from "sonner";
import { forgetAllDrafts } from "@/features/tickets/drafts";
import { stopActing } from "@/lib/acting";
import { keys, queryClient } from "@/lib/api/query";
import { signOut } from "@/lib/session";
import { resetLive } from "@/lib/ws/live";
import { useErrorText } from "@/ui/feedback";

export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate();
  const errorText = useErrorText();
  const latest = useRef(errorText);
  latest.current = errorText;
  return useMemo(
    () => async () => {
      try {
        await signOut();
      } catch (error) {
        // Still signed in at the server: say so instead of pretending.
        if ((error as { status?: number }).status !== 401) {
          toast.error(latest.current(error));
          return;
        }
      }
      stopActing();
      forgetAllDrafts();
      resetLive();
      queryClient.clear();
      queryClient.setQueryData(keys.me, null);
      await navigate({ to: "/sign-in", search: {}, replace: true });
    },
    [navigate],
  );
}

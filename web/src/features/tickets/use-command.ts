/** A command on the ticket on the screen: its answer is shown at once, a stale one is told and read again. */
import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError, isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Ticket } from "@/lib/api/types";

export function useTicketCommand<V>(
  ticketId: string,
  command: (input: V) => Promise<Ticket>,
  onDone: (ticket: Ticket) => void,
): UseMutationResult<Ticket, Error, V> {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (input: V) => {
      try {
        return await command(input);
      } catch (error) {
        if (isApiError(error) && error.status === 412) {
          throw new ApiError(412, { title: error.title, detail: t("tickets.changed_elsewhere") });
        }
        throw error;
      }
    },
    onSuccess: (ticket) => {
      client.setQueryData(keys.ticket(ticketId), ticket);
      onDone(ticket);
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.tickets }),
  });
}

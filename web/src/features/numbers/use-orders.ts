/** Carries commands out: shown at once, confirmed or taken back by the answer, told by a toast either way. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import { formatNumber } from "@/lib/phone";
import { useErrorText } from "@/ui/feedback";
import { type Order, refusalOf, runOrder } from "./commands";
import { foresee } from "./optimistic";

/** The words for a refused command: by the server's reason where it is a known one. */
export function useRefusalText(): (error: unknown) => string {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return (error) => {
    const refusal = refusalOf(error);
    return refusal ? t(`numbers.refused.${refusal}`) : errorText(error);
  };
}

export function useOrders(): (order: Order) => void {
  const { t } = useTranslation();
  const client = useQueryClient();
  const refusalText = useRefusalText();
  const run = useMutation({
    mutationFn: runOrder,
    onMutate: (order) => foresee(client, order),
    onSuccess: (_, { number, command }) => {
      toast.success(t(`numbers.done.${command}`, { number: formatNumber(number.number) }));
    },
    onError: (error, { number, command }, takeBack) => {
      takeBack?.();
      toast.error(t(`numbers.failed.${command}`, { number: formatNumber(number.number) }), {
        description: refusalText(error),
        duration: 10_000,
      });
    },
    // Refused or not, what is on the screen may be old.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.bots });
      return client.invalidateQueries({ queryKey: keys.numbers });
    },
  });
  return run.mutate;
}

/** One command for several ticked rows: asked once, carried out one by one, told how many and which were refused. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { type BulkResult, forEachOf } from "@/lib/bulk";
import { Confirm } from "./dialog";
import { useErrorText } from "./feedback";

/** Runs the command and tells the outcome by toasts. */
export function useBulk<T>(nameOf: (item: T) => string): {
  /** How many are finished, while running. */
  progress: number | null;
  run: (items: readonly T[], command: (item: T) => Promise<unknown>) => Promise<BulkResult<T>>;
} {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [progress, setProgress] = useState<number | null>(null);
  return {
    progress,
    run: async (items, command) => {
      setProgress(0);
      const result = await forEachOf(items, command, setProgress);
      setProgress(null);
      if (result.done.length > 0) toast.success(t("table.done", { count: result.done.length }));
      if (result.refused.length > 0) {
        // Each by name, together where the reason is the same; it stays until it was read.
        const reasons = new Map<string, string[]>();
        for (const { item, error } of result.refused) {
          const reason = errorText(error);
          reasons.set(reason, [...(reasons.get(reason) ?? []), nameOf(item)]);
        }
        toast.error(t("table.refused", { count: result.refused.length }), {
          duration: Number.POSITIVE_INFINITY,
          description: <Refused reasons={reasons} />,
        });
      }
      return result;
    },
  };
}

function Refused({ reasons }: { reasons: ReadonlyMap<string, string[]> }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling list must be reachable by keyboard
    <ul className="grid max-h-48 gap-1 overflow-y-auto" tabIndex={0} data-testid="refused">
      {[...reasons].map(([reason, names]) => (
        <li key={reason} className="wrap-anywhere">
          {names.join(", ")}: {reason}
        </li>
      ))}
    </ul>
  );
}

export function BulkConfirm<T>({
  items,
  nameOf,
  title,
  text,
  action,
  command,
  onDone,
  onClose,
}: {
  items: T[];
  nameOf: (item: T) => string;
  title: string;
  text: string;
  action: string;
  command: (item: T) => Promise<unknown>;
  onDone: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [asked] = useState(items);
  const bulk = useBulk(nameOf);
  const running = bulk.progress !== null;
  return (
    <Confirm
      open
      onOpenChange={(open) => (open || running ? undefined : onClose())}
      title={title}
      text={running ? t("table.progress", { done: bulk.progress, total: asked.length }) : text}
      action={action}
      busy={running}
      onConfirm={() => void bulk.run(asked, command).then(onDone)}
    />
  );
}

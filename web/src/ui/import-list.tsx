/** Files that were sent to be read: how far each is, what was refused of it, read again or forgotten. */
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { Import, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "./age";
import { Button } from "./button";
import { Confirm } from "./dialog";
import { InlineError, useErrorText } from "./feedback";
import { ImportProgress } from "./import-progress";
import { ListFrame } from "./list";
import type { Column } from "./table";
import { useDownload } from "./use-download";

const POLL_MS = 1000;
const idOf = (each: Import) => each.id;

/** What the two kinds of import differ in. */
export interface ImportApi {
  list: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Import>>;
  run: (each: Import) => Promise<unknown>;
  forget: (each: Import) => Promise<unknown>;
  rejectsPath: (each: Import) => string;
}

export function ImportList({
  name,
  label,
  emptyText,
  queryKey,
  fills,
  calls,
  runsAtOnce,
  onGoOn,
  toolbar,
}: {
  name: string;
  label: string;
  emptyText: string;
  queryKey: QueryKey;
  /** The lists that what is read comes into. */
  fills: QueryKey;
  calls: ImportApi;
  /** A file that was sent is about to be read; else it waits for somebody. */
  runsAtOnce: boolean;
  /** With a file that waits. */
  onGoOn?: (each: Import) => void;
  toolbar: ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [asked, setAsked] = useState<Import | null>(null);
  const pages = usePages({ queryKey, fetchPage: calls.list });
  const isMoving = (each: Import) => each.state === "running" || (runsAtOnce && each.state === "uploaded");
  const moving = pages.items.some(isMoving);
  // A short file is read before it was ever seen to be under way.
  const read = pages.items
    .filter((each) => !isMoving(each))
    .map((each) => `${each.id} ${each.state}`)
    .join();
  const { refetch } = pages;
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(() => void refetch(), POLL_MS);
    return () => {
      clearInterval(timer);
      // Left before its end: what came until then is in the lists.
      void client.invalidateQueries({ queryKey: fills });
    };
  }, [moving, refetch, client, fills]);
  useEffect(() => {
    if (read) void client.invalidateQueries({ queryKey: fills });
  }, [read, client, fills]);
  const again = useMutation({
    mutationFn: calls.run,
    onError: (error) => toast.error(errorText(error)),
    onSettled: () => refetch(),
  });
  const forget = useMutation({
    mutationFn: calls.forget,
    onSuccess: () => setAsked(null),
    onSettled: () => refetch(),
  });
  const columns = useColumns(calls, again.mutate, setAsked, onGoOn);
  return (
    <>
      <ListFrame
        name={name}
        label={label}
        columns={columns}
        pages={pages}
        rowId={idOf}
        emptyTitle={t("imports.empty")}
        emptyText={emptyText}
        toolbar={toolbar}
      />
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("imports.forget_title", { name: asked.name })}
          text={t("imports.forget_text")}
          action={t("imports.forget")}
          busy={forget.isPending}
          error={<InlineError error={forget.error} />}
          onConfirm={() => forget.mutate(asked)}
        />
      ) : null}
    </>
  );
}

function useColumns(
  calls: ImportApi,
  onAgain: (each: Import) => void,
  onForget: (each: Import) => void,
  onGoOn: ((each: Import) => void) | undefined,
): Column<Import>[] {
  const { t } = useTranslation();
  const { save } = useDownload();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("imports.file"),
        always: true,
        cell: ({ row }) => <span className="font-medium wrap-anywhere">{row.original.name}</span>,
      },
      {
        id: "progress",
        header: t("imports.progress"),
        always: true,
        className: "@3xl:w-96",
        cell: ({ row }) => <ImportProgress of={row.original} />,
      },
      {
        id: "created",
        header: t("imports.sent"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-64",
        always: true,
        cell: ({ row }) => {
          const each = row.original;
          const file = { name: each.name };
          return (
            <span className="flex flex-wrap gap-1.5">
              {each.rejected > 0 ? (
                <Button
                  size="sm"
                  aria-label={t("imports.rejects_of", file)}
                  onClick={() => save({ path: calls.rejectsPath(each), name: `${each.name}.rejected.csv` })}
                >
                  {t("imports.rejects")}
                </Button>
              ) : null}
              {each.state === "uploaded" && onGoOn ? (
                <Button size="sm" aria-label={t("imports.go_on_with", file)} onClick={() => onGoOn(each)}>
                  {t("imports.go_on")}
                </Button>
              ) : null}
              {each.state === "failed" ? (
                <Button size="sm" aria-label={t("imports.again_with", file)} onClick={() => onAgain(each)}>
                  {t("action.retry")}
                </Button>
              ) : null}
              {each.state === "running" ? null : (
                <Button size="sm" aria-label={t("imports.forget_one", file)} onClick={() => onForget(each)}>
                  {t("imports.forget")}
                </Button>
              )}
            </span>
          );
        },
      },
    ],
    [t, calls, save, onAgain, onForget, onGoOn],
  );
}

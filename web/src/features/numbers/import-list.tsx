/** Files of lines that the platform admin sent: how far each is, what was refused, and the way to send another. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Import, Page } from "@/lib/api/types";
import { download } from "@/lib/download";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { InlineError, useErrorText } from "@/ui/feedback";
import { ImportProgress } from "@/ui/import-progress";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";
import { ImportDialog } from "./import-dialog";

const POLL_MS = 1000;
const idOf = (each: Import) => each.id;
const params = (each: Import) => ({ params: { path: { id: each.id } } });

export function NumberImports() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [sending, setSending] = useState(false);
  const [asked, setAsked] = useState<Import | null>(null);
  const pages = usePages({
    queryKey: [...keys.numbers, "imports"],
    fetchPage: (cursor, signal) =>
      take<Page<Import>>(api.GET("/api/v1/phone-number-imports", { params: { query: { cursor } }, signal })),
  });
  const running = pages.items.some((each) => each.state === "running" || each.state === "uploaded");
  const { refetch } = pages;
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => void refetch(), POLL_MS);
    return () => {
      clearInterval(timer);
      // Done, or left: what the file brought is in the lists.
      void client.invalidateQueries({ queryKey: keys.numbers });
    };
  }, [running, refetch, client]);
  const again = useMutation({
    mutationFn: (each: Import) =>
      take(api.POST("/api/v1/phone-number-imports/{id}/run", { ...params(each), body: {} as never })),
    onError: (error) => toast.error(errorText(error)),
    onSettled: () => refetch(),
  });
  const remove = useMutation({
    mutationFn: (each: Import) => take(api.DELETE("/api/v1/phone-number-imports/{id}", params(each))),
    onSuccess: () => setAsked(null),
    onSettled: () => refetch(),
  });
  const columns = useColumns(again.mutate, setAsked);
  return (
    <>
      <ListFrame
        name="number-imports"
        label={t("imports.title")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        emptyTitle={t("imports.empty")}
        emptyText={t("imports.numbers_text")}
        toolbar={
          <Button look="primary" onClick={() => setSending(true)}>
            <Upload aria-hidden />
            {t("imports.send")}
          </Button>
        }
      />
      {sending ? (
        <ImportDialog
          onClose={() => setSending(false)}
          onSent={() => {
            setSending(false);
            void refetch();
          }}
        />
      ) : null}
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("imports.forget_title", { name: asked.name })}
          text={t("imports.forget_text")}
          action={t("imports.forget")}
          busy={remove.isPending}
          error={<InlineError error={remove.error} />}
          onConfirm={() => remove.mutate(asked)}
        />
      ) : null}
    </>
  );
}

function useColumns(onAgain: (each: Import) => void, onForget: (each: Import) => void): Column<Import>[] {
  const { t } = useTranslation();
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
          return (
            <span className="flex flex-wrap gap-1.5">
              {each.rejected > 0 ? (
                <Button
                  size="sm"
                  onClick={() =>
                    void download(
                      `/api/v1/phone-number-imports/${each.id}/rejects`,
                      `${each.name}.rejected.csv`,
                    )
                  }
                >
                  {t("imports.rejects")}
                </Button>
              ) : null}
              {each.state === "failed" ? (
                <Button size="sm" onClick={() => onAgain(each)}>
                  {t("action.retry")}
                </Button>
              ) : null}
              {each.state === "running" ? null : (
                <Button size="sm" onClick={() => onForget(each)}>
                  {t("imports.forget")}
                </Button>
              )}
            </span>
          );
        },
      },
    ],
    [t, onAgain, onForget],
  );
}

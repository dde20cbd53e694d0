/** A file of contacts: sent, its columns told apart, looked at, read; then how far it is and what was refused. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import type { ContactImport, Preview } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { csvUpload, FileForm } from "@/ui/file-form";
import { ImportProgress } from "@/ui/import-progress";
import { useDownload } from "@/ui/use-download";
import { ImportMapping } from "./import-mapping";

type Step = { name: "file" } | { name: "columns"; id: string } | { name: "reading"; id: string };

export function ImportWizard({
  waiting,
  onClose,
}: {
  /** A file that was sent before and waits for its columns to be told apart. */
  waiting?: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [step, setStep] = useState<Step>(waiting ? { name: "columns", id: waiting } : { name: "file" });
  const number = { file: 1, columns: 2, reading: 3 }[step.name];
  const close = () => {
    void client.invalidateQueries({ queryKey: keys.directory });
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : close())}
      title={t("imports.contacts")}
      description={t("imports.step", { step: number })}
      className={step.name === "columns" ? "max-w-5xl" : "max-w-xl"}
    >
      {step.name === "file" ? (
        <FileStep onCancel={close} onSent={(id) => setStep({ name: "columns", id })} />
      ) : step.name === "columns" ? (
        <ColumnsStep id={step.id} onCancel={close} onRun={() => setStep({ name: "reading", id: step.id })} />
      ) : (
        <ReadingStep id={step.id} onClose={close} />
      )}
    </Dialog>
  );
}

function FileStep({ onSent, onCancel }: { onSent: (id: string) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  return (
    <FileForm
      text={t("imports.contacts_text")}
      columns={t("imports.contacts_columns")}
      regionHint={t("imports.region_default")}
      submit={t("factor.next")}
      send={(file, region) =>
        take<ContactImport>(api.POST("/api/v1/contact-imports", csvUpload(file, region)))
      }
      onSent={(made) => onSent(made.id)}
      onCancel={onCancel}
    />
  );
}

function ColumnsStep({ id, onRun, onCancel }: { id: string; onRun: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const [mapping, setMapping] = useState<Record<string, string>>({});
  const preview = useQuery<Preview>({
    queryKey: ["import-preview", id, mapping],
    placeholderData: (previous) => previous,
    queryFn: ({ signal }) =>
      take<Preview>(
        api.POST("/api/v1/contact-imports/{id}/preview", {
          params: { path: { id } },
          // The document says of an object only that it is one.
          body: { mapping: mapping as never },
          signal,
        }),
      ),
  });
  const run = useMutation({
    mutationFn: () =>
      take<ContactImport>(
        api.POST("/api/v1/contact-imports/{id}/run", {
          params: { path: { id } },
          body: { mapping: mapping as never },
        }),
      ),
    onSuccess: onRun,
  });
  if (preview.isPending) return <Loading />;
  if (preview.isError) return <Failed error={preview.error} onRetry={() => void preview.refetch()} />;
  const { columns, rows, good, bad, fault } = preview.data;
  return (
    <div className="grid gap-4" aria-busy={preview.isPlaceholderData}>
      <ImportMapping columns={columns} mapping={mapping} onChange={setMapping} />
      {fault ? (
        <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
          {fault}
        </p>
      ) : (
        <p role="status" data-testid="import-verdict">
          <span className="font-medium text-good">{t("imports.good", { count: good })}</span>
          {bad > 0 ? <span className="font-medium text-bad"> {t("imports.bad", { count: bad })}</span> : null}{" "}
          <span className="text-muted">{t("imports.of_first")}</span>
        </p>
      )}
      <PreviewTable rows={rows} />
      <InlineError error={run.error} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel} disabled={run.isPending}>
          {t("action.cancel")}
        </Button>
        <Button
          look="primary"
          busy={run.isPending}
          disabled={fault !== null || good === 0 || preview.isPlaceholderData}
          onClick={() => run.mutate()}
        >
          {t("imports.send_it")}
        </Button>
      </div>
    </div>
  );
}

function PreviewTable({ rows }: { rows: Preview["rows"] }) {
  const { t } = useTranslation();
  if (rows.length === 0) return null;
  const cell = "px-3 py-1.5 align-top";
  return (
    <section
      className="max-h-72 overflow-auto rounded-md border border-line"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
      tabIndex={0}
      aria-label={t("imports.preview")}
    >
      <table className="w-full text-left" data-testid="import-preview">
        <thead className="sticky top-0 bg-surface">
          <tr className="border-b border-line text-[0.8rem] text-muted">
            {[
              t("imports.line"),
              t("field.name"),
              t("field.phone"),
              t("field.email"),
              t("field.organization"),
            ].map((heading) => (
              <th key={heading} scope="col" className="px-3 py-1.5 font-medium whitespace-nowrap">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.line} className="border-b border-line last:border-b-0">
              <td className={`num ${cell} text-muted`}>{row.line}</td>
              {row.contact ? (
                <>
                  <td className={`${cell} font-medium`}>{row.contact.name}</td>
                  <td className={`num ${cell}`}>{row.contact.phones.join(", ") || "–"}</td>
                  <td className={cell}>{row.contact.email ?? "–"}</td>
                  <td className={cell}>{row.contact.organization ?? "–"}</td>
                </>
              ) : (
                <td className={`${cell} text-bad`} colSpan={4}>
                  {row.error}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const POLL_MS = 700;

function ReadingStep({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["contact-import", id],
    queryFn: ({ signal }) =>
      take<ContactImport>(api.GET("/api/v1/contact-imports/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (current) =>
      current.state.data && current.state.data.state !== "running" ? false : POLL_MS,
  });
  const file = useDownload();
  const read = query.data;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (!read) return <Loading />;
  return (
    <div className="grid gap-4" data-testid="import-result">
      <p className="font-medium wrap-anywhere">{read.name}</p>
      <ImportProgress of={read} />
      {read.state === "running" ? <p className="text-muted">{t("imports.goes_on")}</p> : null}
      <div className="flex flex-wrap justify-end gap-2">
        {read.rejected > 0 ? (
          <Button
            busy={file.busy}
            onClick={() =>
              file.save({ path: `/api/v1/contact-imports/${id}/rejects`, name: `${read.name}.rejected.csv` })
            }
          >
            <Download aria-hidden />
            {t("imports.rejects")}
          </Button>
        ) : null}
        <Button look="primary" onClick={onClose}>
          {t("action.close")}
        </Button>
      </div>
    </div>
  );
}

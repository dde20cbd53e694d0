/** Files of contacts that were sent: a closed dialog ends nothing, and here is what became of it. */
import { useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import type { ContactImport } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { type ImportApi, ImportList } from "@/ui/import-list";
import { ImportWizard } from "./import-wizard";

const QUERY_KEY = ["contact-imports"];
const params = (each: ContactImport) => ({ params: { path: { id: each.id } } });

const calls: ImportApi = {
  list: (cursor, signal) =>
    take<Page<ContactImport>>(api.GET("/api/v1/contact-imports", { params: { query: { cursor } }, signal })),
  // As it was read before: the columns were told apart by somebody once.
  run: (each) =>
    take(
      api.POST("/api/v1/contact-imports/{id}/run", {
        ...params(each),
        body: { mapping: each.mapping as never },
      }),
    ),
  forget: (each) => take(api.DELETE("/api/v1/contact-imports/{id}", params(each))),
  rejectsPath: (each) => `/api/v1/contact-imports/${each.id}/rejects`,
};

export function ContactImports() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState<"new" | { id: string } | null>(null);
  return (
    <>
      <ImportList
        name="contact-imports"
        label={t("imports.contacts_list")}
        emptyText={t("imports.contacts_text")}
        queryKey={QUERY_KEY}
        fills={keys.directory}
        calls={calls}
        runsAtOnce={false}
        onGoOn={setOpen}
        toolbar={
          <Button look="primary" onClick={() => setOpen("new")}>
            <Upload aria-hidden />
            {t("imports.import")}
          </Button>
        }
      />
      {open ? (
        <ImportWizard
          waiting={open === "new" ? undefined : open.id}
          onClose={() => {
            setOpen(null);
            void client.invalidateQueries({ queryKey: QUERY_KEY });
          }}
        />
      ) : null}
    </>
  );
}

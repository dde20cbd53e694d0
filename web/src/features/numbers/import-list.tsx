/** Files of lines that the platform admin sent, and the way to send another. */
import { useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Import, Page } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { type ImportApi, ImportList } from "@/ui/import-list";
import { ImportDialog } from "./import-dialog";

const QUERY_KEY = [...keys.numbers, "imports"];
const params = (each: Import) => ({ params: { path: { id: each.id } } });

const calls: ImportApi = {
  list: (cursor, signal) =>
    take<Page<Import>>(api.GET("/api/v1/phone-number-imports", { params: { query: { cursor } }, signal })),
  run: (each) =>
    take(api.POST("/api/v1/phone-number-imports/{id}/run", { ...params(each), body: {} as never })),
  forget: (each) => take(api.DELETE("/api/v1/phone-number-imports/{id}", params(each))),
  rejectsPath: (each) => `/api/v1/phone-number-imports/${each.id}/rejects`,
};

export function NumberImports() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [sending, setSending] = useState(false);
  return (
    <>
      <ImportList
        name="number-imports"
        label={t("imports.title")}
        emptyText={t("imports.numbers_text")}
        queryKey={QUERY_KEY}
        fills={keys.numbers}
        calls={calls}
        runsAtOnce
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
            void client.invalidateQueries({ queryKey: QUERY_KEY });
          }}
        />
      ) : null}
    </>
  );
}

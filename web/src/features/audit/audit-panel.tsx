/** One entry in full: what was and what is, field by field, and the way to what else concerns the same. */
import { useTranslation } from "react-i18next";
import type { AuditRecord } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { Fact, Facts } from "@/ui/panel";
import { Actor, type AuditSearch } from "./audit-list";
import { differencesOf, wordsOf } from "./record";
import { Value } from "./value";

export function AuditPanel({
  record,
  onClose,
  onSame,
}: {
  record: AuditRecord | null;
  onClose: () => void;
  onSame: (search: AuditSearch) => void;
}) {
  return (
    <Drawer
      open={record !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={record ? wordsOf(record.action) : ""}
    >
      {record ? <Entry record={record} onSame={onSame} /> : null}
    </Drawer>
  );
}

function Entry({ record, onSame }: { record: AuditRecord; onSame: (search: AuditSearch) => void }) {
  const { t } = useTranslation();
  const differences = differencesOf(record.before, record.after);
  const detail = Object.entries(record.detail ?? {});
  const code = "font-mono text-[0.8rem] wrap-anywhere";
  return (
    <div className="grid gap-4" data-testid="audit-entry">
      <Facts>
        <Fact term={t("field.when")}>
          <When at={record.created_at} />
        </Fact>
        <Fact term={t("audit.actor")}>
          <Actor record={record} />
        </Fact>
        <Fact term={t("audit.action")}>
          <code className={code}>{record.action}</code>
        </Fact>
        {record.object_kind ? (
          <Fact term={t("audit.object")}>{record.object_kind.replaceAll("_", " ")}</Fact>
        ) : null}
        {(record.subject ?? record.object_id) ? (
          <Fact term={t("field.id")}>
            <code className={code}>{record.subject ?? record.object_id}</code>
          </Fact>
        ) : null}
        <Fact term={t("audit.address")}>{record.address ?? "–"}</Fact>
        {record.via ? (
          <Fact term={t("audit.via")}>
            <code className={code}>{record.via}</code>
          </Fact>
        ) : null}
        {record.request_id ? (
          <Fact term={t("audit.request")}>
            <code className={code}>{record.request_id}</code>
          </Fact>
        ) : null}
      </Facts>
      {differences.length > 0 ? (
        <section aria-label={t("audit.changes")}>
          <h3 className="mb-1 font-semibold">{t("audit.changes")}</h3>
          <div className="overflow-x-auto rounded-md border border-line">
            <table className="w-full text-left" data-testid="audit-changes">
              <thead>
                <tr className="border-b border-line text-[0.8rem] text-muted">
                  <th scope="col" className="px-3 py-1.5 font-medium">
                    {t("audit.field")}
                  </th>
                  <th scope="col" className="px-3 py-1.5 font-medium">
                    {t("audit.was")}
                  </th>
                  <th scope="col" className="px-3 py-1.5 font-medium">
                    {t("audit.is")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {differences.map((each) => (
                  <tr key={each.field} className="border-b border-line align-top last:border-b-0">
                    <th scope="row" className="px-3 py-1.5 font-medium">
                      {each.field}
                    </th>
                    <td className="px-3 py-1.5 text-muted wrap-anywhere">
                      <Value value={each.before} />
                    </td>
                    <td className="px-3 py-1.5 wrap-anywhere">
                      <Value value={each.after} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ) : null}
      {detail.length > 0 ? (
        <section aria-label={t("audit.detail")}>
          <h3 className="mb-1 font-semibold">{t("audit.detail")}</h3>
          <Facts>
            {detail.map(([name, value]) => (
              <Fact key={name} term={name}>
                <Value value={value} />
              </Fact>
            ))}
          </Facts>
        </section>
      ) : null}
      <div className="flex flex-wrap gap-2">
        {record.actor_id ? (
          <Button size="sm" onClick={() => onSame({ actor: record.actor_id ?? undefined })}>
            {t("audit.same_actor")}
          </Button>
        ) : null}
        {record.object_id ? (
          <Button size="sm" onClick={() => onSame({ object: record.object_id ?? undefined })}>
            {t("audit.same_object")}
          </Button>
        ) : null}
        {record.address ? (
          <Button size="sm" onClick={() => onSame({ address: record.address ?? undefined })}>
            {t("audit.same_address")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

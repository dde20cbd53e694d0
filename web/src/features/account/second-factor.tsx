/** The second factor of one's own account: set up, its backup codes renewed, taken away. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ShieldCheck, ShieldOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { SecondFactor } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Failed, Loading } from "@/ui/feedback";
import { Panel, PanelHead } from "@/ui/panel";
import { BackupCodesDialog } from "./backup-codes";
import { EnrolDialog } from "./enrol-dialog";
import { ProveDialog } from "./prove-dialog";

const FEW = 3;

export function SecondFactorPanel() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<"enrol" | "renew" | "disable" | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const query = useQuery({
    queryKey: keys.secondFactor,
    queryFn: ({ signal }) => take<SecondFactor>(api.GET("/api/v1/auth/second-factor", { signal })),
  });
  const refresh = () => {
    for (const queryKey of [keys.secondFactor, keys.devices, keys.history]) {
      void client.invalidateQueries({ queryKey });
    }
  };
  const factor = query.data;
  return (
    <Panel data-testid="second-factor">
      <PanelHead title={t("factor.title")} />
      {query.isPending ? (
        <Loading className="py-4" />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : factor?.enabled ? (
        <div className="grid gap-3 p-3">
          <p className="flex items-center gap-2 font-medium text-good">
            <ShieldCheck aria-hidden className="size-5" />
            {t("factor.on")}
          </p>
          <p className="text-muted">
            {t("factor.since")} <When at={factor.confirmed_at} />.{" "}
            {t("factor.codes_left", { count: factor.backup_codes_left })}
          </p>
          {factor.backup_codes_left <= FEW ? (
            <p role="status" className="rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
              {t("factor.few_codes")}
            </p>
          ) : null}
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setAsked("renew")}>{t("factor.renew")}</Button>
            <Button onClick={() => setAsked("disable")}>{t("factor.disable")}</Button>
          </div>
        </div>
      ) : (
        <div className="grid gap-3 p-3">
          <p className="flex items-center gap-2 font-medium">
            <ShieldOff aria-hidden className="size-5 text-muted" />
            {t("factor.off")}
          </p>
          <p className="max-w-prose text-muted">{t("factor.text")}</p>
          <div>
            <Button look="primary" onClick={() => setAsked("enrol")}>
              {t("factor.set_up")}
            </Button>
          </div>
        </div>
      )}
      {asked === "enrol" ? (
        <EnrolDialog
          onClose={() => setAsked(null)}
          onDone={(made) => {
            setAsked(null);
            setCodes(made);
            refresh();
          }}
        />
      ) : null}
      {asked === "renew" || asked === "disable" ? (
        <ProveDialog
          what={asked}
          onClose={() => setAsked(null)}
          onDone={(made) => {
            setAsked(null);
            if (made) setCodes(made);
            else toast.success(t("factor.disabled"));
            refresh();
          }}
        />
      ) : null}
      {codes ? <BackupCodesDialog codes={codes} onClose={() => setCodes(null)} /> : null}
    </Panel>
  );
}

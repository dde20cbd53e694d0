import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Connection } from "@/lib/api/types";
import { useSameKey } from "@/lib/same-key";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Dialog } from "@/ui/dialog";
import { ConnectionForm } from "./connection-form";
import { credentialsOf } from "./credentials";

/** Asks for a new connection, then shows its address and its secret: the secret this once. */
export function CreateConnection({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<Connection | null>(null);
  const key = useSameKey();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={made ? t("connections.made", { name: made.name }) : t("connections.new")}
      description={made?.secret ? t("connections.once") : undefined}
    >
      {made ? (
        <div className="grid gap-3" data-testid="connection-secret">
          {made.hook_url ? <CopyField label={t("connections.hook_url")} value={made.hook_url} /> : null}
          {made.secret ? <CopyField label={t("connections.secret")} value={made.secret} /> : null}
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              {made.secret ? t("connections.noted") : t("action.close")}
            </Button>
          </div>
        </div>
      ) : (
        <ConnectionForm
          submitLabel={t("action.create")}
          onCancel={onClose}
          onSubmit={async (values) => {
            const body = {
              kind: values.kind,
              name: values.name.trim(),
              ...(values.default_region ? { default_region: values.default_region.toUpperCase() } : {}),
              ...credentialsOf(values),
            };
            setMade(
              await take<Connection>(
                api.POST("/api/v1/connections", { body, headers: { "Idempotency-Key": key.of(body) } }),
              ),
            );
            void client.invalidateQueries({ queryKey: keys.connections });
          }}
        />
      )}
    </Dialog>
  );
}

/** One connection: its address to copy, its name and region to change, its credentials to replace. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { Connection, ConnectionChange } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Confirm, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import { ConnectionForm } from "./connection-form";
import { credentialsOf } from "./credentials";

export interface ConnectionRights {
  edit: boolean;
  remove: boolean;
}

export function ConnectionPanel({
  id,
  rights,
  seesCalls,
  onClose,
}: {
  id: string | null;
  rights: ConnectionRights;
  seesCalls: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.connections, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<Connection>(api.GET("/api/v1/connections/{id}", { params: { path: { id: id ?? "" } }, signal })),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("nav.connections")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Loaded
          key={id}
          connection={query.data}
          readAgain={() => again(query)}
          rights={rights}
          seesCalls={seesCalls}
          onGone={onClose}
        />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Loaded({
  connection,
  readAgain,
  rights,
  seesCalls,
  onGone,
}: {
  connection: Connection;
  readAgain: () => Promise<Connection | undefined>;
  rights: ConnectionRights;
  seesCalls: boolean;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  // Every tenant has the SIP door; it is neither changed nor shut here.
  const builtIn = connection.kind === "sip";
  const remove = useMutation({
    mutationFn: () =>
      take(api.DELETE("/api/v1/connections/{id}", { params: { path: { id: connection.id } } })),
    onSuccess: () => {
      toast.success(t("connections.deleted", { name: connection.name }));
      setDeleting(false);
      onGone();
      void client.invalidateQueries({ queryKey: [...keys.connections, "list"] });
    },
  });
  if (editing && connection.kind !== "sip") {
    return (
      <ConnectionForm
        connection={connection}
        readAgain={readAgain}
        submitLabel={t("action.save")}
        onCancel={() => setEditing(false)}
        onSubmit={async (values, etag) => {
          const body: ConnectionChange = {
            name: values.name.trim(),
            default_region: values.default_region.toUpperCase() || null,
            ...credentialsOf(values),
          };
          await take<Connection>(
            api.PATCH("/api/v1/connections/{id}", {
              body,
              params: { path: { id: connection.id } },
              headers: { "If-Match": etag },
            }),
          );
          toast.success(t("connections.saved", { name: values.name.trim() }));
          await client.invalidateQueries({ queryKey: keys.connections });
          setEditing(false);
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      {builtIn ? (
        <p className="text-muted">{t("connections.built_in")}</p>
      ) : (
        <div className="flex flex-wrap gap-2">
          {rights.edit ? (
            <Button size="sm" onClick={() => setEditing(true)}>
              <Pencil aria-hidden />
              {t("action.edit")}
            </Button>
          ) : null}
          {rights.remove ? (
            <Button size="sm" onClick={() => setDeleting(true)}>
              <Trash2 aria-hidden />
              {t("action.delete")}
            </Button>
          ) : null}
        </div>
      )}
      {connection.hook_url ? (
        <CopyField label={t("connections.hook_url")} value={connection.hook_url} />
      ) : null}
      <Facts>
        <Fact term={t("connections.kind")}>
          <Badge tone="accent">
            {t(`connection_kind.${connection.kind}`, { defaultValue: connection.kind })}
          </Badge>
        </Fact>
        <Fact term={t("connections.region")}>
          {connection.default_region ?? <span className="text-muted">{t("connections.tenant_region")}</span>}
        </Fact>
        <Fact term={t("field.created")}>
          <When at={connection.created_at} />
        </Fact>
        <Fact term={t("field.updated")}>
          <When at={connection.updated_at} />
        </Fact>
        <Fact term={t("field.id")}>
          <code className="font-mono text-[0.8rem] break-all">{connection.id}</code>
        </Fact>
      </Facts>
      {seesCalls ? (
        <p>
          <Link
            to="/calls"
            search={{ connection: connection.id }}
            className="text-accent-text underline-offset-2 hover:underline"
          >
            {t("connections.calls")}
          </Link>
        </p>
      ) : null}
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={t("connections.delete_title", { name: connection.name })}
        text={t("connections.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

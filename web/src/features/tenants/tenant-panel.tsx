/** One account: what it has and does, the way into it, and its doors shut and opened again. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hash, LogIn, Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { act } from "@/lib/acting";
import { again, keys } from "@/lib/api/query";
import type { Tenant } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Confirm, Dialog, Drawer } from "@/ui/dialog";
import { Failed, FormProblem, InlineError, Loading, useErrorText } from "@/ui/feedback";
import { Field, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { Fact, Facts } from "@/ui/panel";
import { EditTenant } from "./tenant-form";
import { Calls, TenantBadge } from "./tenant-list";
import { loadTenant, resume, suspend } from "./tenants";

export function TenantPanel({
  id,
  onNumbers,
  onClose,
}: {
  id: string | null;
  onNumbers: (id: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.tenants, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) => loadTenant(id ?? "", signal),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("nav.tenants")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Loaded key={id} tenant={query.data} readAgain={() => again(query)} onNumbers={onNumbers} />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Loaded({
  tenant,
  readAgain,
  onNumbers,
}: {
  tenant: Tenant;
  readAgain: () => Promise<Tenant | undefined>;
  onNumbers: (id: string) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [asked, setAsked] = useState<"suspend" | "resume" | null>(null);
  const fresh = () => void client.invalidateQueries({ queryKey: keys.tenants });
  const open = useMutation({
    mutationFn: () => resume(tenant),
    onSuccess: () => {
      toast.success(t("tenants.resumed", { name: tenant.name }));
      setAsked(null);
    },
    onSettled: fresh,
  });
  if (editing) {
    return (
      <EditTenant
        tenant={tenant}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={() => {
          setEditing(false);
          fresh();
        }}
      />
    );
  }
  const suspended = tenant.status === "suspended";
  return (
    <div className="grid gap-4" data-testid="tenant">
      <div className="flex flex-wrap gap-2">
        <Button size="sm" onClick={() => setEditing(true)}>
          <Pencil aria-hidden />
          {t("action.edit")}
        </Button>
        <Button
          size="sm"
          onClick={() => {
            act(tenant.slug);
            // What was loaded is of no account: the console starts anew.
            location.assign("/");
          }}
        >
          <LogIn aria-hidden />
          {t("tenants.act")}
        </Button>
        <Button size="sm" onClick={() => onNumbers(tenant.id)}>
          <Hash aria-hidden />
          {t("tenants.see_numbers")}
        </Button>
        <Button
          size="sm"
          look={suspended ? "primary" : "danger"}
          onClick={() => setAsked(suspended ? "resume" : "suspend")}
        >
          {t(suspended ? "tenants.resume" : "tenants.suspend")}
        </Button>
      </div>
      <Facts>
        <Fact term={t("field.status")}>
          <TenantBadge status={tenant.status} />
        </Fact>
        {suspended ? (
          <>
            <Fact term={t("tenants.since")}>
              <When at={tenant.suspended_at} />
            </Fact>
            <Fact term={t("tenants.reason")}>
              {tenant.suspended_for ?? <span className="text-muted">–</span>}
            </Fact>
          </>
        ) : null}
        <Fact term={t("tenants.slug")}>{tenant.slug}</Fact>
        <Fact term={t("tenants.region")}>{tenant.region}</Fact>
        <Fact term={t("nav.people")}>
          <span className="num">{tenant.people}</span>
        </Fact>
        <Fact term={t("nav.numbers")}>
          <span className="num">{tenant.numbers}</span>
        </Fact>
        <Fact term={t("tenants.calls")}>
          <Calls calls={tenant.calls_30_days} />
        </Fact>
        <Fact term={t("field.created")}>
          <When at={tenant.created_at} />
        </Fact>
      </Facts>
      {asked === "suspend" ? (
        <SuspendDialog tenant={tenant} onSettled={fresh} onClose={() => setAsked(null)} />
      ) : null}
      <Confirm
        open={asked === "resume"}
        onOpenChange={(shown) => (shown ? undefined : setAsked(null))}
        title={t("tenants.resume_title", { name: tenant.name })}
        text={t("tenants.resume_text")}
        action={t("tenants.resume")}
        look="primary"
        busy={open.isPending}
        error={<InlineError error={open.error} />}
        onConfirm={() => open.mutate()}
      />
    </div>
  );
}

/** Shutting an account's doors is asked about, with a reason for whoever wonders later. */
function SuspendDialog({
  tenant,
  onSettled,
  onClose,
}: {
  tenant: Tenant;
  onSettled: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [reason, setReason] = useState("");
  const shut = useMutation({
    mutationFn: () => suspend(tenant, reason),
    onSuccess: () => {
      toast.success(t("tenants.suspended", { name: tenant.name }));
      onClose();
    },
    onSettled,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("tenants.suspend_title", { name: tenant.name })}
      description={t("tenants.suspend_text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          shut.mutate();
        }}
      >
        <Field label={t("tenants.reason")} hint={t("tenants.reason_hint")}>
          <Textarea
            rows={2}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Field>
        <FormProblem message={shut.error ? errorText(shut.error) : undefined} />
        <FormFoot submit={t("tenants.suspend")} look="danger" busy={shut.isPending} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

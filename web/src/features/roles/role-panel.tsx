/** One role beside the list: what it may, for reading or for changing; a new one, from nothing or like another. */
import { useMutation } from "@tanstack/react-query";
import { Copy, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { PermissionItem, RoleItem } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { Confirm, Drawer } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { PermissionBoxes } from "@/ui/permission-boxes";
import { useRoleText } from "@/ui/role";
import { RoleForm } from "./role-form";

export function RolePanel({
  role,
  readAgain,
  like,
  making,
  permissions,
  mine,
  mayEdit,
  onCopy,
  onSaved,
  onClose,
}: {
  role: RoleItem | null;
  /** The role as it is now. */
  readAgain: () => Promise<RoleItem | undefined>;
  /** Whose permissions a new role starts with. */
  like: RoleItem | null;
  making: boolean;
  permissions: readonly PermissionItem[];
  mine: ReadonlySet<string>;
  mayEdit: boolean;
  onCopy: (role: RoleItem) => void;
  onSaved: (role: RoleItem | null) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const name = role ? (role.id ? role.name : roleText(role.name)) : t("roles.new");
  return (
    <Drawer
      open={making || role !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={name}
    >
      {making ? (
        <RoleForm like={like} permissions={permissions} mine={mine} onSaved={onSaved} onCancel={onClose} />
      ) : role ? (
        <div className="grid gap-4">
          {mayEdit ? (
            <div className="flex flex-wrap gap-2">
              <Button size="sm" onClick={() => onCopy(role)}>
                <Copy aria-hidden />
                {t("roles.copy")}
              </Button>
              {role.id ? <DeleteRole role={role} onGone={() => onSaved(null)} /> : null}
            </div>
          ) : null}
          {role.id && mayEdit ? (
            <RoleForm
              role={role}
              readAgain={readAgain}
              like={null}
              permissions={permissions}
              mine={mine}
              onSaved={onSaved}
              onCancel={onClose}
            />
          ) : (
            <>
              <p className="text-muted">{role.id ? role.description : t("roles.built_in_text")}</p>
              <PermissionBoxes all={permissions} chosen={new Set(role.permissions)} mine={mine} readOnly />
            </>
          )}
        </div>
      ) : null}
    </Drawer>
  );
}

function DeleteRole({ role, onGone }: { role: RoleItem; onGone: () => void }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/roles/{id}", { params: { path: { id: role.id ?? "" } } })),
    onSuccess: () => {
      toast.success(t("roles.deleted", { name: role.name }));
      onGone();
    },
  });
  const inUse = isApiError(remove.error) && remove.error.type === "role-in-use";
  return (
    <>
      <Button
        size="sm"
        onClick={() => {
          remove.reset();
          setAsking(true);
        }}
      >
        <Trash2 aria-hidden />
        {t("action.delete")}
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t("roles.delete_title", { name: role.name })}
        text={t("roles.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={
          remove.error ? (
            <div className="mt-2">
              <FormProblem message={inUse ? t("roles.in_use") : errorText(remove.error)} />
            </div>
          ) : null
        }
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}

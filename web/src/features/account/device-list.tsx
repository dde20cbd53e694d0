/** Browsers that are not asked for the second factor for a while; each can be told to ask again. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Device as TrustedDevice } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Device, useDeviceText } from "@/ui/device";
import { useErrorText } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";

export function DeviceList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const pages = usePages({
    queryKey: keys.devices,
    fetchPage: (cursor, signal) =>
      take<Page<TrustedDevice>>(api.GET("/api/v1/auth/devices", { params: { query: { cursor } }, signal })),
  });
  const forget = useMutation({
    mutationFn: (device: TrustedDevice | null) =>
      device
        ? take(api.DELETE("/api/v1/auth/devices/{id}", { params: { path: { id: device.id } } }))
        : take(api.DELETE("/api/v1/auth/devices", {})),
    onSuccess: () => toast.success(t("factor.forgotten")),
    onError: (error) => toast.error(errorText(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.devices }),
  });
  const columns = useColumns(forget.mutate);
  return (
    <section aria-label={t("factor.devices")}>
      <h2 className="mb-2 font-semibold">{t("factor.devices")}</h2>
      <ListFrame
        name="devices"
        label={t("factor.devices")}
        columns={columns}
        pages={pages}
        rowId={(device) => device.id}
        emptyTitle={t("factor.no_devices")}
        emptyText={t("factor.no_devices_text")}
        toolbar={
          pages.items.length > 1 ? (
            <Button busy={forget.isPending} onClick={() => forget.mutate(null)}>
              {t("factor.forget_all")}
            </Button>
          ) : null
        }
      />
    </section>
  );
}

function useColumns(onForget: (device: TrustedDevice) => void): Column<TrustedDevice>[] {
  const { t } = useTranslation();
  const deviceText = useDeviceText();
  return useMemo(
    () => [
      {
        id: "device",
        header: t("account.device"),
        always: true,
        cell: ({ row }) => (
          <span className="font-medium">
            <Device userAgent={row.original.user_agent} />
          </span>
        ),
      },
      {
        id: "address",
        header: t("account.address"),
        className: "@3xl:w-44",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
      {
        id: "used",
        header: t("tokens.last_used"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.last_used_at} />,
      },
      {
        id: "until",
        header: t("factor.trusted_until"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.expires_at} />,
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-32",
        always: true,
        cell: ({ row }) => (
          <Button
            size="sm"
            aria-label={t("factor.forget_one", {
              device: deviceText(row.original.user_agent) ?? row.original.address ?? row.original.id,
            })}
            onClick={() => onForget(row.original)}
          >
            {t("factor.forget")}
          </Button>
        ),
      },
    ],
    [t, deviceText, onForget],
  );
}

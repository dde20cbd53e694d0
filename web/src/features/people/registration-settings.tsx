/** Whether clients may register themselves, and where they do. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AccountSettings, RegistrationMode } from "@/lib/api/types";
import { CopyField } from "@/ui/copy";
import { Failed, Loading, useErrorText } from "@/ui/feedback";
import { Choice } from "@/ui/field";
import { Panel, PanelHead } from "@/ui/panel";

const MODES = ["off", "approval", "open"] as const;

export function RegistrationSettings({ slug, mayEdit }: { slug: string; mayEdit: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const key = [...keys.settings, "accounts"];
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => take<AccountSettings>(api.GET("/api/v1/settings/accounts", { signal })),
  });
  const save = useMutation({
    mutationFn: (registration: RegistrationMode) =>
      take<AccountSettings>(
        api.PATCH("/api/v1/settings/accounts", {
          body: { registration },
          params: { header: { "If-Match": `"${query.data?.version}"` } },
        }),
      ),
    onMutate: (registration) => {
      const before = client.getQueryData<AccountSettings>(key);
      if (before) client.setQueryData(key, { ...before, registration });
      return before;
    },
    onSuccess: (settings) => {
      client.setQueryData(key, settings);
      toast.success(t("registrations.saved"));
    },
    onError: (error, _, before) => {
      client.setQueryData(key, before);
      toast.error(errorText(error));
      void client.invalidateQueries({ queryKey: key });
    },
  });
  return (
    <Panel className="mb-3" data-testid="registration-settings">
      <PanelHead title={t("registrations.settings")} />
      {query.isPending ? (
        <Loading className="py-4" />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <div className="grid gap-3 p-3">
          <fieldset disabled={!mayEdit || save.isPending} className="max-w-xl">
            <Choice
              legend={t("registrations.may")}
              name="registration"
              value={query.data.registration}
              options={MODES.map((mode) => ({ value: mode, label: t(`registrations.mode.${mode}`) }))}
              onChange={(mode) => save.mutate(mode)}
            />
          </fieldset>
          {query.data.sends_mail ? null : (
            <p role="status" className="rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
              {t("registrations.no_mail")}
            </p>
          )}
          {query.data.registration === "off" ? null : (
            <CopyField
              label={t("registrations.link")}
              value={`${location.origin}/register?tenant=${encodeURIComponent(slug)}`}
            />
          )}
        </div>
      )}
    </Panel>
  );
}

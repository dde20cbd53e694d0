/** Whether the account wants a tax id of every organization. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { DirectorySettings } from "@/lib/api/directory-types";
import { changeDirectorySettings, directorySettingsQuery } from "@/lib/directory-settings";
import { Failed, useErrorText } from "@/ui/feedback";
import { Panel } from "@/ui/panel";

export function TaxIdSetting({ mayEdit }: { mayEdit: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const query = useQuery(directorySettingsQuery);
  const key = directorySettingsQuery.queryKey;
  const save = useMutation({
    mutationFn: ({ seen, required }: { seen: DirectorySettings; required: boolean }) =>
      changeDirectorySettings(seen, { tax_id_required: required }),
    onSuccess: (settings) => {
      client.setQueryData(key, settings);
      toast.success(t("own_fields.tax_id_saved"));
    },
    onError: (error) => {
      toast.error(errorText(error));
      void client.invalidateQueries({ queryKey: key });
    },
  });
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return null;
  const seen = query.data;
  return (
    <Panel className="mb-3 p-3" data-testid="tax-id-setting">
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          aria-describedby="tax-id-setting-text"
          disabled={!mayEdit || save.isPending}
          checked={save.isPending ? save.variables.required : seen.tax_id_required}
          onChange={(event) => save.mutate({ seen, required: event.target.checked })}
        />
        {t("own_fields.tax_id_required")}
      </label>
      <p id="tax-id-setting-text" className="mt-1 text-[0.8rem] text-muted">
        {t("own_fields.tax_id_text")}
      </p>
    </Panel>
  );
}

/** What the account has settled for its directory: asked for by the forms of contacts, and by the screen of own fields. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./api/client";
import type { DirectorySettings } from "./api/directory-types";
import { keys } from "./api/query";

export const directorySettingsQuery = queryOptions({
  queryKey: [...keys.settings, "directory"],
  staleTime: 60_000,
  queryFn: ({ signal }) => take<DirectorySettings>(api.GET("/api/v1/settings/directory", { signal })),
});

export const changeDirectorySettings = (
  seen: DirectorySettings,
  change: { tax_id_required: boolean },
): Promise<DirectorySettings> =>
  take<DirectorySettings>(
    api.PATCH("/api/v1/settings/directory", {
      body: change,
      params: { header: { "If-Match": `"${seen.version}"` } },
    }),
  );

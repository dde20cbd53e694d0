import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { download, type Query } from "@/lib/download";
import { useErrorText } from "./feedback";

interface File {
  path: string;
  name: string;
  query?: Query;
}

/** Keeps a file of the server; why there is none is told by a toast. */
export function useDownload(): { busy: boolean; save: (file: File) => void } {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { isPending, mutate } = useMutation({
    mutationFn: ({ path, name, query }: File) => download(path, name, query),
    onError: (error, { name }) =>
      toast.error(t("state.no_file", { name }), { description: errorText(error) }),
  });
  return { busy: isPending, save: mutate };
}

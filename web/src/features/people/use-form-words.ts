import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Words } from "./member-values";

export function useFormWords(): Words {
  const { t } = useTranslation();
  return useMemo(
    () => ({
      required: t("form.required"),
      tooLong: t("form.too_long"),
      extension: t("form.extension_invalid"),
      sip: t("form.sip_invalid"),
      email: t("form.email_invalid"),
      twice: t("people.metadata_twice"),
    }),
    [t],
  );
}

import { useCallback } from "react";
import { useTranslation } from "react-i18next";

const KNOWN = ["female", "male", "other"] as const;

/** The word for a stored gender; an unknown value is shown as it is. */
export function useGenderText(): (gender: string) => string {
  const { t } = useTranslation();
  return useCallback(
    (gender) => {
      const known = KNOWN.find((each) => each === gender.toLowerCase());
      return known ? t(`gender.${known}`) : gender;
    },
    [t],
  );
}

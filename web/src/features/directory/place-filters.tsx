/** Narrows a list of contacts to where they are. */
import { useTranslation } from "react-i18next";
import { CountryFilter } from "@/ui/country";
import { Field, Input } from "@/ui/field";
import type { DirectorySearch } from "./kinds";

type Place = Pick<DirectorySearch, "city" | "country">;

export function PlaceFilters({ search, onChange }: { search: Place; onChange: (place: Place) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("field.city")} className="min-w-32 flex-1 sm:max-w-44">
        <Input
          type="search"
          value={search.city ?? ""}
          placeholder={t("directory.city_search")}
          onChange={(event) => onChange({ city: event.target.value || undefined })}
        />
      </Field>
      <Field label={t("field.country")} className="min-w-32 flex-1 sm:max-w-44">
        <CountryFilter
          code={search.country}
          placeholder={t("filter.any")}
          onChange={(country) => onChange({ country })}
        />
      </Field>
    </>
  );
}

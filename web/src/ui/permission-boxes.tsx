/** Permissions by family, to be ticked; what one does not have oneself cannot be given and is shown so. */
import { useTranslation } from "react-i18next";
import type { PermissionItem } from "@/lib/api/types";
import { familiesOf, useFamilyText, verbOf, withReading } from "./permission-text";

export function PermissionBoxes({
  all,
  chosen,
  mine,
  readOnly,
  onChange,
}: {
  all: readonly PermissionItem[];
  chosen: ReadonlySet<string>;
  /** What the person looking has, and so may give. */
  mine: ReadonlySet<string>;
  readOnly?: boolean;
  onChange?: (chosen: Set<string>) => void;
}) {
  const { t } = useTranslation();
  const familyText = useFamilyText();
  return (
    <div className="grid gap-2 sm:grid-cols-2 xl:grid-cols-3" data-testid="permissions">
      {familiesOf(all.filter((each) => each.grantable || chosen.has(each.name))).map((family) => {
        const given = family.permissions.filter((each) => mine.has(each.name));
        const allOn = given.length > 0 && given.every((each) => chosen.has(each.name));
        return (
          <fieldset
            key={family.name}
            className="min-w-0 rounded-md border border-line px-3 pt-1 pb-2"
            disabled={readOnly}
          >
            <legend className="flex items-center gap-2 px-1 font-medium">
              {familyText(family.name)}
              {readOnly || given.length < 2 ? null : (
                <button
                  type="button"
                  className="text-[0.8rem] font-normal text-accent-text underline-offset-2 hover:underline"
                  aria-label={t(allOn ? "roles.none_of" : "roles.all_of", {
                    family: familyText(family.name),
                  })}
                  onClick={() => {
                    const next = new Set(chosen);
                    for (const each of given) {
                      if (allOn) next.delete(each.name);
                      else next.add(each.name);
                    }
                    onChange?.(next);
                  }}
                >
                  {allOn ? t("roles.none") : t("roles.all")}
                </button>
              )}
            </legend>
            {family.permissions.map((each) => {
              const foreign = !mine.has(each.name) && !chosen.has(each.name);
              return (
                <label
                  key={each.name}
                  className={`flex min-h-7 items-center gap-2 ${foreign && !readOnly ? "text-muted" : ""}`}
                  title={foreign && !readOnly ? t("roles.not_yours") : undefined}
                >
                  <input
                    type="checkbox"
                    className="size-4 accent-(--accent)"
                    checked={chosen.has(each.name)}
                    disabled={readOnly || foreign}
                    aria-label={`${familyText(family.name)}: ${verbOf(each.name)}`}
                    onChange={() => onChange?.(withReading(chosen, each.name, all))}
                  />
                  <span aria-hidden>{verbOf(each.name)}</span>
                </label>
              );
            })}
          </fieldset>
        );
      })}
    </div>
  );
}

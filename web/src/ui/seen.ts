/** The record a form was opened with, and what becomes of the form where somebody else was faster. */
import { useState } from "react";
import type { DefaultValues, FieldValues, Path, UseFormReturn } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { isApiError } from "@/lib/api/problem";
import { useErrorText } from "./feedback";

interface Versioned {
  /** Null of what nobody changes. */
  version: number | null;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What was typed, over the record as it is now. In values by key each key is for itself; a blank one was not typed. */
function over(typed: unknown, before: unknown, now: unknown): unknown {
  if (!isRecord(typed) || !isRecord(before) || !isRecord(now)) return same(typed, before) ? now : typed;
  const keys = Object.keys({ ...now, ...typed });
  return Object.fromEntries(
    keys.map((key) => [key, same(typed[key] ?? "", before[key] ?? "") ? now[key] : typed[key]]),
  );
}

/**
 * `seen` is the record as it was on the screen when the form was opened, whatever is read anew underneath: changes are
 * sent under its version. `overtaken` takes the server's word that this is old: the record is read again, what was
 * typed stays, the rest of the form is as it is now, and the form says so. False for any other failure.
 */
export function useSeen<R extends Versioned, T extends FieldValues>(
  record: R | undefined,
  form: Pick<UseFormReturn<T>, "getValues" | "setValue" | "setError" | "reset">,
  valuesOf: (record: R) => T,
  readAgain: (() => Promise<R | undefined>) | undefined,
  /** What a form keeps beside its fields comes along. */
  onRead?: (now: R, before: R) => void,
) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [seen, setSeen] = useState(record);
  return {
    seen,
    /** For `If-Match`. */
    etag: `"${seen?.version}"`,
    /** As saved, or as somebody else made it while nothing was typed. */
    adopt: (now: R) => {
      setSeen(now);
      form.reset(valuesOf(now) as DefaultValues<T>);
    },
    overtaken: async (error: unknown): Promise<boolean> => {
      if (!seen || !readAgain || !isApiError(error) || error.status !== 412) return false;
      const say = (message: string) => form.setError("root" as Path<T>, { type: "server", message });
      try {
        const now = await readAgain();
        if (!now) {
          say(t("form.gone"));
          return true;
        }
        const [typed, before, fresh] = [form.getValues(), valuesOf(seen), valuesOf(now)];
        onRead?.(now, seen);
        setSeen(now);
        form.reset(fresh as DefaultValues<T>);
        for (const field of Object.keys(before) as Path<T>[]) {
          const value = over(typed[field], before[field], fresh[field]);
          if (!same(value, fresh[field])) {
            form.setValue(field, value as T[Path<T>], { shouldDirty: true, shouldTouch: true });
          }
        }
        say(t("form.changed_elsewhere"));
      } catch (failure) {
        say(errorText(failure));
      }
      return true;
    },
  };
}

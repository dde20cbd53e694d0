/** What is noted down about a member for programs: keys and values, shown and changed. */
import { Plus, Trash2 } from "lucide-react";
import { type UseFormReturn, useFieldArray, useWatch } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { type MemberValues, textOfNote } from "./member-values";

export function Notes({ of }: { of: Readonly<Record<string, unknown>> }) {
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5" data-testid="member-notes">
      {Object.entries(of).map(([key, value]) => (
        <div key={key} className="contents">
          <dt className="text-muted wrap-anywhere">{key}</dt>
          <dd className="wrap-anywhere">{textOfNote(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/**
 * Keys hold dots and brackets as they like, so that none of them is a path of the form: those that are there are set as a
 * whole. Each is for itself, so that a key somebody else has set meanwhile is neither lost nor undone.
 */
export function NoteRows({ form }: { form: UseFormReturn<MemberValues> }) {
  const { t } = useTranslation();
  const notes = useWatch({ control: form.control, name: "metadata" });
  const added = useFieldArray({ control: form.control, name: "added" });
  const errors = form.formState.errors.added;
  const set = (key: string, text: string | null) =>
    form.setValue("metadata", { ...notes, [key]: text }, { shouldDirty: true });
  return (
    <fieldset className="grid gap-2" data-testid="note-rows">
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("people.metadata")}</legend>
      <p className="text-[0.8rem] text-muted">{t("people.metadata_hint")}</p>
      {Object.entries(notes).map(([key, text]) =>
        text === null ? null : (
          <div
            key={key}
            className="grid grid-cols-[minmax(4.5rem,10rem)_minmax(0,1fr)_auto] items-center gap-2"
          >
            <span className="wrap-anywhere">{key}</span>
            <Field label={t("people.metadata_value", { key })} hideLabel>
              <Input autoComplete="off" value={text} onChange={(event) => set(key, event.target.value)} />
            </Field>
            <Button
              look="ghost"
              size="icon"
              aria-label={t("people.metadata_remove", { key })}
              onClick={() => set(key, null)}
            >
              <Trash2 aria-hidden />
            </Button>
          </div>
        ),
      )}
      {added.fields.map((field, index) => (
        <div
          key={field.id}
          className="grid grid-cols-[minmax(4.5rem,10rem)_minmax(0,1fr)_auto] items-start gap-2"
        >
          <Field
            label={t("people.metadata_key_n", { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.key?.message}
          >
            <Input
              autoComplete="off"
              placeholder={t("people.metadata_key_n", { n: index + 1 })}
              {...form.register(`added.${index}.key`)}
            />
          </Field>
          <Field label={t("people.metadata_value_n", { n: index + 1 })} hideLabel>
            <Input
              autoComplete="off"
              placeholder={t("people.metadata_value_n", { n: index + 1 })}
              {...form.register(`added.${index}.value`)}
            />
          </Field>
          <Button
            look="ghost"
            size="icon"
            aria-label={t("people.metadata_remove", { key: t("people.metadata_key_n", { n: index + 1 }) })}
            onClick={() => added.remove(index)}
          >
            <Trash2 aria-hidden />
          </Button>
        </div>
      ))}
      <div>
        <Button size="sm" onClick={() => added.append({ key: "", value: "" })}>
          <Plus aria-hidden />
          {t("people.metadata_add")}
        </Button>
      </div>
    </fieldset>
  );
}

/** The platform admin enters a line into the pool, or changes what is known about one. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import type { PhoneNumber } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { formatNumber } from "@/lib/phone";
import { useSameKey } from "@/lib/same-key";
import { Dialog, useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";
import { changeNumber, createNumber, refusalOf } from "./commands";
import { bodyOf, changeOf, type NumberValues, numberSchema, valuesOf } from "./number-values";

const FIELDS = ["number", "country", "region", "provider", "monthly_cost", "currency"] as const;

export function NumberForm({
  number,
  readAgain,
  onClose,
}: {
  number?: PhoneNumber;
  /** The line as it is now. */
  readAgain?: () => Promise<PhoneNumber | undefined>;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={number ? formatNumber(number.number) : t("numbers.new")}
      description={number ? undefined : t("numbers.new_text")}
    >
      <Form number={number} readAgain={readAgain} onClose={onClose} />
    </Dialog>
  );
}

function Form({
  number,
  readAgain,
  onClose,
}: {
  number?: PhoneNumber;
  readAgain?: () => Promise<PhoneNumber | undefined>;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      numberSchema({
        e164: t("form.e164_invalid"),
        country: t("form.region_invalid"),
        cost: t("form.cost_invalid"),
        currency: t("form.currency_invalid"),
        tooLong: t("form.too_long"),
      }),
    [t],
  );
  const form = useForm<NumberValues>({
    resolver: zodResolver(schema) as never,
    mode: "onTouched",
    defaultValues: valuesOf(number),
  });
  const seen = useSeen(number, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    try {
      if (seen.seen) await changeNumber(seen.seen, changeOf(seen.seen, values));
      else {
        const body = bodyOf(values);
        await createNumber(body, key.of(body));
      }
      toast.success(
        t(number ? "numbers.saved" : "numbers.created", { number: formatNumber(bodyOf(values).number) }),
      );
      void client.invalidateQueries({ queryKey: keys.numbers });
      onClose();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === "number-exists")
        form.setError("number", { message: t(`numbers.refused.${refusal}`) }, { shouldFocus: true });
      else if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => FIELDS.find((field) => field === head) ?? null,
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.number")} required hint={t("numbers.e164_hint")} error={errors.number?.message}>
        <Input
          inputMode="tel"
          autoComplete="off"
          placeholder="+33 1 99 00 00 01"
          aria-required
          readOnly={number !== undefined}
          {...form.register("number")}
        />
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("numbers.country")} required error={errors.country?.message}>
          <Input
            maxLength={2}
            className="uppercase"
            autoComplete="off"
            placeholder="FR"
            aria-required
            {...form.register("country")}
          />
        </Field>
        <Field label={t("numbers.region")} error={errors.region?.message}>
          <Input autoComplete="off" {...form.register("region")} />
        </Field>
        <Field label={t("numbers.cost")} error={errors.monthly_cost?.message}>
          <Input
            inputMode="decimal"
            autoComplete="off"
            placeholder="1.50"
            {...form.register("monthly_cost")}
          />
        </Field>
        <Field label={t("numbers.currency")} error={errors.currency?.message}>
          <Input maxLength={3} className="uppercase" autoComplete="off" {...form.register("currency")} />
        </Field>
        <Field label={t("numbers.provider")} error={errors.provider?.message}>
          <Input autoComplete="off" placeholder="twilio" {...form.register("provider")} />
        </Field>
      </div>
      <fieldset className="flex flex-wrap gap-x-5 gap-y-1">
        <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("numbers.capabilities")}</legend>
        {(["voice", "sms"] as const).map((each) => (
          <label key={each} className="flex min-h-7 items-center gap-2">
            <input type="checkbox" className="size-4 accent-(--accent)" {...form.register(each)} />
            {t(`numbers.capability.${each}`)}
          </label>
        ))}
      </fieldset>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={number ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onClose}
      />
    </form>
  );
}

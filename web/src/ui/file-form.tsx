/** A CSV file and the country of its bare numbers: what every import begins with. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { InlineError } from "./feedback";
import { Field, Input } from "./field";
import { FormFoot } from "./form-foot";

/** The file as the body of a request, which the API client would read into memory first. */
export const csvUpload = (file: File, region: string | undefined) => ({
  params: { query: { name: file.name, region } },
  body: file as never,
  bodySerializer: (body: unknown) => body as BodyInit,
  headers: { "Content-Type": "text/csv" },
});

export function FileForm<T>({
  text,
  columns,
  regionHint,
  submit,
  send,
  onSent,
  onCancel,
}: {
  text?: string;
  /** What the file has to have. */
  columns: string;
  regionHint: string;
  submit: string;
  send: (file: File, region: string | undefined) => Promise<T>;
  onSent: (made: T) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [region, setRegion] = useState("");
  const [tried, setTried] = useState(false);
  const regionFault = region !== "" && !/^[a-z]{2}$/i.test(region);
  const sending = useMutation({
    mutationFn: (chosen: File) => send(chosen, region.toUpperCase() || undefined),
    onSuccess: onSent,
  });
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (file && !regionFault) sending.mutate(file);
      }}
    >
      {text ? <p className="text-muted">{text}</p> : null}
      <Field
        label={t("imports.file")}
        required
        hint={columns}
        error={tried && !file ? t("imports.choose") : undefined}
      >
        <Input
          type="file"
          accept=".csv,text/csv"
          className="h-auto py-1.5"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </Field>
      <Field
        label={t("imports.region")}
        hint={regionHint}
        className="w-52"
        error={regionFault ? t("form.region_invalid") : undefined}
      >
        <Input
          maxLength={2}
          className="uppercase"
          autoComplete="off"
          placeholder="FR"
          value={region}
          onChange={(event) => setRegion(event.target.value)}
        />
      </Field>
      <InlineError error={sending.error} />
      <FormFoot submit={submit} busy={sending.isPending} held={sending.isPending} onCancel={onCancel} />
    </form>
  );
}

/** A value of an audit record: a text as it is, a list as its items, an object as lines of name and value. */
import { useTranslation } from "react-i18next";
import { linesOf } from "./record";

export function Value({ value }: { value: unknown }) {
  const { t } = useTranslation();
  const shown = linesOf(value);
  switch (shown.kind) {
    case "nothing":
      return <>–</>;
    case "flag":
      return <>{shown.is ? t("fields.yes") : t("fields.no")}</>;
    case "text":
      return <>{shown.text}</>;
    case "list":
      return (
        <ul className="grid list-inside list-disc gap-0.5">
          {shown.items.map((item, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: what was recorded never changes its order.
            <li key={place} className="[&>*]:inline-block [&>*]:align-top">
              <Value value={item} />
            </li>
          ))}
        </ul>
      );
    case "object":
      return (
        <dl className="grid gap-0.5">
          {shown.fields.map(([name, field]) => (
            <div key={name} className="flex flex-wrap gap-x-1.5">
              <dt className="text-muted">{name}:</dt>
              <dd className="min-w-0 wrap-anywhere">
                <Value value={field} />
              </dd>
            </div>
          ))}
        </dl>
      );
  }
}

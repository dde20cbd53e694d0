/** The columns that every book of the directory has, and the contacts of an organization too. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { countryName } from "@/lib/countries";
import { useGenderText } from "@/lib/gender";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { NumberText } from "@/ui/number";
import type { Column } from "@/ui/table";
import type { Entry, Provenance, TargetKind } from "./kinds";
import { StandingBadge } from "./standing";

/** A column of text that is shown where it is chosen. */
const optional = (id: string, header: string, text: (entry: Entry) => string | null): Column<Entry> => ({
  id,
  header,
  onDemand: true,
  cell: ({ row }) => {
    const shown = text(row.original);
    return shown ? <span className="wrap-anywhere">{shown}</span> : <span className="text-muted">–</span>;
  },
});

export function useEntryColumns(kind: TargetKind): Column<Entry>[] {
  const { t } = useTranslation();
  const genderText = useGenderText();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        sortBy: "name",
        cell: ({ row }) => (
          <span className="flex flex-wrap items-center gap-1.5">
            <span className="font-medium wrap-anywhere">{row.original.name}</span>
            {row.original.active ? null : <Badge tone="warn">{t("caller.inactive")}</Badge>}
          </span>
        ),
      },
      {
        id: "phones",
        header: t("directory.phones"),
        cell: ({ row }) => {
          const { phones } = row.original;
          const first = phones.find((phone) => phone.primary) ?? phones[0];
          return (
            <span className="flex flex-wrap gap-x-1.5">
              <NumberText number={first?.e164} />
              {phones.length > 1 ? <span className="text-muted">+{phones.length - 1}</span> : null}
            </span>
          );
        },
      },
      {
        id: "email",
        header: t("field.email"),
        cell: ({ row }) =>
          row.original.email ? (
            <span className="break-all">{row.original.email}</span>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-28",
        onDemand: true,
        cell: ({ row }) =>
          row.original.standing ? (
            <StandingBadge standing={row.original.standing} />
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      ...(kind === "individuals" || kind === "contacts"
        ? [
            {
              id: "gender",
              header: t("field.gender"),
              className: "@3xl:w-28",
              onDemand: true,
              cell: ({ row }: { row: { original: Entry } }) =>
                row.original.gender ? genderText(row.original.gender) : <span className="text-muted">–</span>,
            },
          ]
        : []),
      ...(kind === "organizations" ? [optional("tax_id", t("field.tax_id"), (entry) => entry.taxId)] : []),
      ...(kind === "email-contacts"
        ? []
        : [
            optional("city", t("field.city"), (entry) => entry.city),
            optional("state", t("field.province"), (entry) => entry.state),
            optional("country", t("field.country"), (entry) => entry.country && countryName(entry.country)),
          ]),
      {
        id: "provenance",
        header: t("directory.provenance"),
        onDemand: true,
        cell: ({ row }) => <ProvenanceText provenance={row.original.provenance} />,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        wideOnly: true,
        sortBy: "created_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.createdAt} />,
      },
      {
        id: "updated",
        header: t("field.updated"),
        className: "@3xl:w-48",
        onDemand: true,
        sortBy: "updated_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.updatedAt} />,
      },
    ],
    [t, kind, genderText],
  );
}

export function ProvenanceText({ provenance }: { provenance: string | null }) {
  const { t } = useTranslation();
  if (!provenance) return <span className="text-muted">–</span>;
  return <>{t(`provenance.${provenance as Provenance}`, { defaultValue: provenance })}</>;
}

/** What is done with a book as a whole: a file read in, what the list shows taken out. */
import { Download, Upload } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CONTACT_KIND } from "@/lib/api/directory-types";
import { Button } from "@/ui/button";
import { Menu, MenuItem } from "@/ui/menu";
import { useDownload } from "@/ui/use-download";
import { ImportWizard } from "./import-wizard";
import { type DirectorySearch, type Kind, placeQuery } from "./kinds";

export function BookActions({
  kind,
  search,
  mayImport,
  mayExport,
}: {
  kind: Kind;
  search: DirectorySearch;
  mayImport: boolean;
  mayExport: boolean;
}) {
  const { t } = useTranslation();
  const file = useDownload();
  const [importing, setImporting] = useState(false);
  const take = (format: "csv" | "xlsx") =>
    file.save({
      path: "/api/v1/contact-exports",
      name: `${kind}.${format}`,
      query: {
        kind: CONTACT_KIND[kind],
        format,
        q: search.q,
        phone: search.phone,
        is_active: search.active,
        provenance: search.provenance,
        status: search.status,
        ...(kind === "email-contacts" ? {} : placeQuery(search)),
      },
    });
  return (
    <>
      {mayImport ? (
        <Button onClick={() => setImporting(true)}>
          <Upload aria-hidden />
          {t("imports.import")}
        </Button>
      ) : null}
      {mayExport ? (
        <Menu
          trigger={
            <Button busy={file.busy}>
              <Download aria-hidden />
              {t("directory.export")}
            </Button>
          }
        >
          <MenuItem onSelect={() => take("csv")}>{t("directory.export_as.csv")}</MenuItem>
          <MenuItem onSelect={() => take("xlsx")}>{t("directory.export_as.xlsx")}</MenuItem>
        </Menu>
      ) : null}
      {importing ? <ImportWizard onClose={() => setImporting(false)} /> : null}
    </>
  );
}

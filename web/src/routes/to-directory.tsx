/** The way back from a page that belongs to the directory. */
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useTranslation } from "react-i18next";

export function ToDirectory() {
  const { t } = useTranslation();
  return (
    <Link
      to="/directory"
      className="inline-flex min-h-6 items-center gap-1 text-accent-text underline-offset-2 hover:underline [&_svg]:size-4"
    >
      <ArrowLeft aria-hidden />
      {t("nav.directory")}
    </Link>
  );
}

/** How many of a book stand where; each narrows the list to those. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { CONTACT_KIND, type ContactSummary, STANDINGS, type Standing } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import { Spinner } from "@/ui/button";
import { FigureCard } from "@/ui/figure-card";
import type { Kind } from "./kinds";

export function StandingCards({
  kind,
  standing,
  onPick,
}: {
  kind: Kind;
  /** What the list is narrowed to. */
  standing: Standing | undefined;
  onPick: (standing: Standing | undefined) => void;
}) {
  const { t } = useTranslation();
  const figures = useQuery({
    queryKey: [...keys.directory, "summary"],
    queryFn: ({ signal }) => take<ContactSummary>(api.GET("/api/v1/contact-summary", { signal })),
  });
  const counts = figures.data?.[CONTACT_KIND[kind]];
  return (
    <ul className="mb-3 grid grid-cols-2 gap-2 lg:grid-cols-4" aria-label={t("directory.cards")}>
      {STANDINGS.map((each) => {
        const count = counts?.[each];
        const pressed = standing === each;
        return (
          <FigureCard
            key={each}
            name={each}
            label={t(`standing.${each}`)}
            pressed={pressed}
            onPick={() => onPick(pressed ? undefined : each)}
          >
            {count ? (
              `${count.value.toLocaleString()}${count.exact ? "" : "+"}`
            ) : figures.isPending ? (
              <Spinner />
            ) : (
              "–"
            )}
          </FigureCard>
        );
      })}
    </ul>
  );
}

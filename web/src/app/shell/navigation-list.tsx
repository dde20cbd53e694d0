/** The screens one may see: the day's work first, then what is set up seldom. */
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useLive } from "@/lib/ws/live";
import { ringingCount } from "@/lib/ws/reducer";
import type { NavItem } from "../navigation";

export function NavigationList({ items }: { items: readonly NavItem[] }) {
  const { t } = useTranslation();
  const groups = (["work", "admin"] as const)
    .map((group) => ({ group, items: items.filter((item) => item.group === group) }))
    .filter((each) => each.items.length > 0);
  return (
    <nav aria-label={t("shell.nav")} className="min-h-0 flex-1 overflow-y-auto px-2 py-1">
      {groups.map(({ group, items: shown }) => (
        <div key={group} className="mb-2">
          {groups.length > 1 ? (
            <h2 className="px-2 pt-1.5 pb-1 text-[0.8rem] font-medium text-muted">
              {t(`nav.group.${group}`)}
            </h2>
          ) : null}
          <ul className="grid gap-0.5">
            {shown.map((item) => (
              <li key={item.to}>
                <Link
                  to={item.to}
                  className="flex h-8 items-center gap-2.5 rounded-md px-2 text-muted hover:bg-sunken hover:text-fg aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent-text data-[status=active]:bg-accent-soft data-[status=active]:font-medium data-[status=active]:text-accent-text"
                >
                  <item.icon className="size-4" aria-hidden />
                  <span className="flex-1">{t(`nav.${item.name}`)}</span>
                  {item.to === "/workspace" ? <RingingCount /> : null}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function RingingCount() {
  const { t } = useTranslation();
  const count = useLive(ringingCount);
  if (count === 0) return null;
  return (
    <span className="num rounded-full bg-warn-soft px-1.5 text-[0.8rem] font-semibold text-warn">
      <span className="sr-only">{t("shell.ringing_count")}</span> {count}
    </span>
  );
}

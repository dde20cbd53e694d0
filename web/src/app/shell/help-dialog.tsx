import { useTranslation } from "react-i18next";
import type { Me } from "@/lib/api/types";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { destinationsOf } from "../navigation";

export function HelpDialog({ me, onClose }: { me: Me; onClose: () => void }) {
  const { t } = useTranslation();
  const rows: [string[], string][] = [
    [["Ctrl", "K"], t("keys.palette")],
    [["?"], t("keys.help")],
    [["/"], t("keys.search")],
    [["J"], t("keys.next_row")],
    [["K"], t("keys.previous_row")],
    [["Enter"], t("keys.open_row")],
    [["X"], t("keys.tick_row")],
    [["Alt", "↓"], t("keys.next_call")],
    [["Alt", "↑"], t("keys.previous_call")],
    [["Ctrl", "Enter"], t("keys.file_ticket")],
    [["Del"], t("keys.close_call")],
    [["M"], t("keys.mute")],
    ...destinationsOf(me).map((item): [string[], string] => [
      ["G", item.key.toUpperCase()],
      t("keys.go", { place: t(`nav.${item.name}`) }),
    ]),
  ];
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())} title={t("keys.title")}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- longer than a low screen: without a mouse it is scrolled from here */}
      <dl tabIndex={0} className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4 gap-y-1.5">
        {rows.map(([combo, text]) => (
          <div key={text} className="contents">
            <dt className="flex gap-1">
              {combo.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

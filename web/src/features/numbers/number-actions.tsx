import { useTranslation } from "react-i18next";
import type { PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { Button } from "@/ui/button";
import { possible } from "./commands";
import type { Asked } from "./number-dialogs";

export interface NumberRights {
  assign: boolean;
  release: boolean;
  connect: boolean;
}

/** The commands a line takes as it is; each is asked about before it is done. */
export function NumberActions({
  number,
  rights,
  onAsk,
}: {
  number: PhoneNumber;
  rights: NumberRights;
  onAsk: (asked: Asked) => void;
}) {
  const { t } = useTranslation();
  const may = possible(number, rights);
  const spoken = formatNumber(number.number);
  const commands = (["assign", "connect", "disconnect", "release"] as const).filter((each) => may[each]);
  return (
    <span className="flex flex-wrap gap-1.5">
      {commands.map((command) => (
        <Button
          key={command}
          size="sm"
          aria-label={t(`numbers.${command}_one`, { number: spoken })}
          onClick={() => onAsk({ number, command })}
        >
          {t(`numbers.${command}`)}
        </Button>
      ))}
    </span>
  );
}

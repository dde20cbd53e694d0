import { useTranslation } from "react-i18next";
import type { PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { Button } from "@/ui/button";
import { COMMANDS, type NumberRights, possible } from "./commands";
import type { Asked } from "./number-dialogs";

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
  return (
    <span className="flex flex-wrap gap-1.5">
      {COMMANDS.filter((each) => may[each]).map((command) => (
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

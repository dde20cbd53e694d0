/** Everything by name: screens, presence, theme. Loaded when first opened. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { Command } from "cmdk";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

export interface PaletteCommand {
  id: string;
  label: string;
  group: string;
  icon?: ReactNode;
  hint?: string;
  run: () => void;
}

export default function CommandPalette({
  commands,
  onClose,
}: {
  commands: PaletteCommand[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const groups = [...new Set(commands.map((command) => command.group))];
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/45" />
        <Base.Popup className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-surface text-fg shadow-pop outline-none">
          <Base.Title className="sr-only">{t("palette.title")}</Base.Title>
          <Command label={t("palette.title")} loop>
            <Command.Input
              placeholder={t("palette.placeholder")}
              className="h-11 w-full border-b border-line bg-transparent px-4 text-fg outline-none"
            />
            <Command.List
              label={t("palette.title")}
              className="max-h-[min(24rem,60vh)] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-[0.8rem] [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-muted"
            >
              <Command.Empty className="px-3 py-6 text-center text-muted">{t("palette.empty")}</Command.Empty>
              {groups.map((group) => (
                <Command.Group key={group} heading={group}>
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <Command.Item
                        key={command.id}
                        value={`${group} ${command.label}`}
                        onSelect={() => {
                          onClose();
                          command.run();
                        }}
                        className="flex min-h-8 cursor-pointer items-center gap-2 rounded px-2 py-1 data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent-text [&_svg]:size-4"
                      >
                        {command.icon}
                        <span className="flex-1">{command.label}</span>
                        {command.hint ? (
                          <span className="text-[0.8rem] text-muted">{command.hint}</span>
                        ) : null}
                      </Command.Item>
                    ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** One's own corner: the account, the look, sounds and notices, the way out. */
import { useNavigate } from "@tanstack/react-router";
import {
  Bell,
  BellOff,
  CircleHelp,
  LogOut,
  Monitor,
  Moon,
  Sun,
  UserRound,
  UserRoundCog,
  Volume2,
  VolumeX,
} from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { askForNotifications, notificationsState } from "@/lib/alerts/notify";
import type { Me } from "@/lib/api/types";
import type { ThemeChoice } from "@/lib/theme";
import { Button } from "@/ui/button";
import { Menu, MenuGroup, MenuItem, MenuSeparator } from "@/ui/menu";

export function UserMenu({
  me,
  theme,
  onTheme,
  onHelp,
  onLeave,
  muted,
  onMute,
}: {
  me: Me;
  theme: ThemeChoice;
  onTheme: (choice: ThemeChoice) => void;
  onHelp: () => void;
  onLeave: () => Promise<void>;
  muted: boolean;
  onMute: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [notes, setNotes] = useState(notificationsState());
  const themes = [
    { choice: "system", icon: Monitor },
    { choice: "light", icon: Sun },
    { choice: "dark", icon: Moon },
  ] as const;
  return (
    <Menu
      trigger={
        <Button look="ghost" size="icon" aria-label={t("user.menu", { name: me.user.name || me.user.email })}>
          <UserRound aria-hidden />
        </Button>
      }
    >
      <div className="max-w-64 px-2 py-1.5">
        <p className="truncate font-medium">{me.user.name}</p>
        <p className="truncate text-[0.8667rem] text-muted">{me.user.email}</p>
        {me.extension ? (
          <p className="text-[0.8667rem] text-muted">{t("caller.extension", { number: me.extension })}</p>
        ) : null}
      </div>
      <MenuSeparator />
      <MenuItem onSelect={() => void navigate({ to: "/account", search: {} })}>
        <UserRoundCog aria-hidden />
        {t("account.title")}
      </MenuItem>
      <MenuSeparator />
      <MenuGroup label={t("theme.title")}>
        {themes.map(({ choice, icon: Icon }) => (
          <MenuItem key={choice} onSelect={() => onTheme(choice)}>
            <Icon aria-hidden />
            <span className="flex-1">{t(`theme.${choice}`)}</span>
            {theme === choice ? <span aria-label={t("theme.current")}>✓</span> : null}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuSeparator />
      <MenuItem onSelect={onMute}>
        {muted ? <VolumeX aria-hidden /> : <Volume2 aria-hidden />}
        {muted ? t("sound.unmute") : t("sound.mute")}
      </MenuItem>
      {notes === "unsupported" ? null : (
        <MenuItem
          disabled={notes !== "default"}
          onSelect={() => {
            void askForNotifications().then((answer) => {
              setNotes(answer);
              toast(answer === "granted" ? t("notices.on") : t("notices.blocked"));
            });
          }}
        >
          {notes === "denied" ? <BellOff aria-hidden /> : <Bell aria-hidden />}
          {notes === "granted"
            ? t("notices.on")
            : notes === "denied"
              ? t("notices.blocked")
              : t("notices.ask")}
        </MenuItem>
      )}
      <MenuItem onSelect={onHelp}>
        <CircleHelp aria-hidden />
        {t("keys.title")}
      </MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={() => void onLeave()}>
        <LogOut aria-hidden />
        {t("user.sign_out")}
      </MenuItem>
    </Menu>
  );
}

/** Filters kept under a name: chosen, kept, forgotten. The address is the filter, so a link shows the same. */
import { useLocation, useNavigate } from "@tanstack/react-router";
import { Bookmark, BookmarkPlus, Check, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { type SavedView, sameSearch, searchOf, useSavedViews } from "@/lib/saved-views";
import { useMe } from "@/lib/session";
import { Button } from "./button";
import { CopyField } from "./copy";
import { Dialog } from "./dialog";
import { Field, Input } from "./field";
import { Menu, MenuGroup, MenuItem, MenuSeparator } from "./menu";

const NONE: readonly SavedView[] = [];

export function SavedViews({ list }: { list: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const location = useLocation();
  const me = useMe();
  const { views, open, save, remove } = useSavedViews();
  const [naming, setNaming] = useState(false);
  const person = me?.user.id;
  useEffect(() => {
    if (person) open(person);
  }, [person, open]);
  const saved = views[list] ?? NONE;
  const now = searchOf(location.search as Record<string, unknown>);
  const current = saved.find((view) => sameSearch(view.search, now));
  return (
    <>
      <Menu
        trigger={
          <Button size="icon" aria-label={t("views.title")}>
            <Bookmark aria-hidden className={current ? "fill-current" : undefined} />
          </Button>
        }
      >
        {saved.length > 0 ? (
          <>
            <MenuGroup label={t("views.title")}>
              {saved.map((view) => (
                <MenuItem
                  key={view.name}
                  onSelect={() =>
                    void navigate({ to: location.pathname, search: view.search as never, replace: true })
                  }
                >
                  <span aria-hidden className="grid size-4 place-items-center">
                    {view === current ? <Check /> : null}
                  </span>
                  <span className="max-w-56 truncate">{view.name}</span>
                </MenuItem>
              ))}
            </MenuGroup>
            <MenuSeparator />
          </>
        ) : null}
        <MenuItem onSelect={() => setNaming(true)}>
          <BookmarkPlus aria-hidden />
          {t("views.save")}
        </MenuItem>
        {current ? (
          <MenuItem
            onSelect={() => {
              remove(list, current.name);
              toast.success(t("views.removed", { name: current.name }));
            }}
          >
            <Trash2 aria-hidden />
            {t("views.remove", { name: current.name })}
          </MenuItem>
        ) : null}
      </Menu>
      {naming ? (
        <NameDialog
          taken={saved.map((view) => view.name)}
          onNamed={(name) => {
            save(list, { name, search: now });
            setNaming(false);
            toast.success(t("views.saved", { name }));
          }}
          onClose={() => setNaming(false)}
        />
      ) : null}
    </>
  );
}

function NameDialog({
  taken,
  onNamed,
  onClose,
}: {
  taken: string[];
  onNamed: (name: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [left, setLeft] = useState(false);
  const typed = name.trim();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("views.save_title")}
      description={t("views.text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setLeft(true);
          if (typed) onNamed(typed);
        }}
      >
        <Field
          label={t("field.name")}
          required
          hint={taken.includes(typed) ? t("views.replaces") : undefined}
          error={left && !typed ? t("form.required") : undefined}
        >
          <Input
            value={name}
            maxLength={60}
            autoComplete="off"
            aria-required
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <CopyField label={t("views.link")} value={globalThis.location.href} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("action.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

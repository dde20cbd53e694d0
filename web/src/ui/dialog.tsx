import { AlertDialog as BaseAlert } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button, buttonStyle } from "./button";

const backdrop =
  "fixed inset-0 z-40 bg-black/45 data-[ending-style]:opacity-0 data-[starting-style]:opacity-0 transition-opacity";
const popup =
  "fixed z-50 grid max-h-[calc(100dvh-1rem)] w-[calc(100vw-1rem)] grid-rows-[auto_minmax(0,1fr)] rounded-lg border border-line bg-surface text-fg shadow-pop left-1/2 top-1/2 -translate-x-1/2 -translate-y-1/2 outline-none";

const UnsavedContext = createContext<RefObject<boolean> | null>(null);

/** Said by a form within a dialog: closing now would lose what was typed. */
export function useUnsaved(unsaved: boolean): void {
  const toldRef = useContext(UnsavedContext);
  useEffect(() => {
    if (!toldRef) return undefined;
    toldRef.current = unsaved;
    return () => {
      toldRef.current = false;
    };
  }, [toldRef, unsaved]);
}

/** Escape, the cross and a click beside it close a dialog; with words in it that are not saved, they ask first. */
function useGuard(onOpenChange: (open: boolean) => void) {
  const { t } = useTranslation();
  const unsaved = useRef(false);
  const [asking, setAsking] = useState(false);
  return {
    change: (open: boolean) => {
      if (!open && unsaved.current) setAsking(true);
      else onOpenChange(open);
    },
    guard: (children: ReactNode) => (
      <UnsavedContext.Provider value={unsaved}>
        {children}
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={t("unsaved.title")}
          text={t("unsaved.text")}
          action={t("unsaved.discard")}
          onConfirm={() => {
            setAsking(false);
            onOpenChange(false);
          }}
        />
      </UnsavedContext.Provider>
    ),
  };
}

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  className,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const { t } = useTranslation();
  const { change, guard } = useGuard(onOpenChange);
  return (
    <Base.Root open={open} onOpenChange={change}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup className={cn(popup, "max-w-lg", className)}>
          <div className="flex items-start justify-between gap-3 border-b border-line px-4 py-2.5">
            <div className="min-w-0">
              <Base.Title className="text-base font-semibold">{title}</Base.Title>
              {description ? (
                <Base.Description className="text-[0.8667rem] text-muted">{description}</Base.Description>
              ) : null}
            </div>
            <Base.Close
              className={buttonStyle({ look: "ghost", size: "icon-sm" })}
              aria-label={t("action.close")}
            >
              <X />
            </Base.Close>
          </div>
          <div className="overflow-y-auto p-4">{guard(children)}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export function Confirm({
  open,
  onOpenChange,
  title,
  text,
  action,
  look = "danger",
  busy,
  error,
  onConfirm,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  text: ReactNode;
  action: string;
  /** Danger for what cannot be undone. */
  look?: "danger" | "primary";
  busy?: boolean;
  error?: ReactNode;
  onConfirm: () => void;
}) {
  const { t } = useTranslation();
  return (
    <BaseAlert.Root open={open} onOpenChange={onOpenChange}>
      <BaseAlert.Portal>
        <BaseAlert.Backdrop className={backdrop} />
        <BaseAlert.Popup className={cn(popup, "max-w-md gap-2 p-4")}>
          <BaseAlert.Title className="text-base font-semibold">{title}</BaseAlert.Title>
          <div className="overflow-y-auto">
            <BaseAlert.Description className="text-muted">{text}</BaseAlert.Description>
            {error}
            <div className="mt-4 flex justify-end gap-2">
              <BaseAlert.Close className={buttonStyle({ look: "plain" })}>
                {t("action.cancel")}
              </BaseAlert.Close>
              <Button look={look} busy={busy} onClick={onConfirm}>
                {action}
              </Button>
            </div>
          </div>
        </BaseAlert.Popup>
      </BaseAlert.Portal>
    </BaseAlert.Root>
  );
}

/** A panel sliding in from the side: the detail of a row, beside its list. */
export function Drawer({
  open,
  onOpenChange,
  title,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const { change, guard } = useGuard(onOpenChange);
  return (
    <Base.Root open={open} onOpenChange={change}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup className="fixed inset-y-0 right-0 z-50 grid w-full max-w-4xl grid-rows-[auto_minmax(0,1fr)] border-l border-line bg-surface text-fg shadow-pop outline-none transition-transform data-[ending-style]:translate-x-full data-[starting-style]:translate-x-full">
          <div className="flex items-center justify-between gap-3 border-b border-line px-4 py-2.5">
            <Base.Title className="min-w-0 truncate text-base font-semibold">{title}</Base.Title>
            <Base.Close
              className={buttonStyle({ look: "ghost", size: "icon-sm" })}
              aria-label={t("action.close")}
            >
              <X />
            </Base.Close>
          </div>
          <div className="overflow-y-auto p-4">{guard(children)}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

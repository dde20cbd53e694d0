import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

/** Copies a text and says so. */
export function CopyButton({
  what,
  value,
  size = "icon",
}: {
  what: string;
  value: string;
  size?: "icon" | "icon-sm";
}) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // No clipboard on this page (plain http away from loopback): the text can still be selected.
    }
  };
  return (
    <>
      <Button size={size} onClick={() => void copy()} aria-label={t("action.copy_what", { what })}>
        {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
      </Button>
      <span role="status" className="sr-only">
        {copied ? t("action.copied") : ""}
      </span>
    </>
  );
}

/** A value to carry elsewhere, with a button that copies it. */
export function CopyField({ label, value }: { label: string; value: string }) {
  return (
    <div className="grid gap-1">
      <span className="text-[0.8667rem] font-medium text-muted">{label}</span>
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 rounded-md bg-sunken px-2.5 py-1.5 font-mono text-[0.8667rem] break-all select-all">
          {value}
        </code>
        <CopyButton what={label} value={value} />
      </div>
    </div>
  );
}

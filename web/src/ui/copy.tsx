import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

/** A value to carry elsewhere, with a button that copies it. */
export function CopyField({ label, value }: { label: string; value: string }) {
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
    <div className="grid gap-1">
      <span className="text-[0.8667rem] font-medium text-muted">{label}</span>
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 rounded-md bg-sunken px-2.5 py-1.5 font-mono text-[0.8667rem] break-all select-all">
          {value}
        </code>
        <Button size="icon" onClick={() => void copy()} aria-label={t("action.copy_what", { what: label })}>
          {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
        </Button>
      </div>
      <span role="status" className="sr-only">
        {copied ? t("action.copied") : ""}
      </span>
    </div>
  );
}

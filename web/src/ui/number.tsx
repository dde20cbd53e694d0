import { cn } from "@/lib/cn";
import { formatNumber } from "@/lib/phone";

/** A phone number spaced for reading; copied text keeps E.164. */
export function NumberText({ number, className }: { number: string | null | undefined; className?: string }) {
  if (!number) return <span className={cn("text-muted", className)}>–</span>;
  return (
    <span className={cn("num whitespace-nowrap", className)} title={number}>
      {formatNumber(number)}
    </span>
  );
}

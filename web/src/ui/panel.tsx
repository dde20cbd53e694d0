import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

export function Panel({ className, ...rest }: ComponentProps<"section">) {
  return (
    <section
      className={cn("min-w-0 rounded-lg border border-line bg-surface shadow-card", className)}
      {...rest}
    />
  );
}

export function PanelHead({
  title,
  actions,
  id,
  level = 2,
}: {
  title: ReactNode;
  actions?: ReactNode;
  id?: string;
  level?: 2 | 3;
}) {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <div className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-b border-line px-3 py-1.5">
      <Heading id={id} className="text-[0.9333rem] font-semibold">
        {title}
      </Heading>
      {actions ? <div className="flex flex-wrap items-center gap-1.5">{actions}</div> : null}
    </div>
  );
}

/** The top of a screen: its one `h1` and its actions. */
export function PageHead({
  title,
  actions,
  sub,
}: {
  title: ReactNode;
  actions?: ReactNode;
  sub?: ReactNode;
}) {
  return (
    <div className="mb-3 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <div className="min-w-0">
        <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
        {sub ? <div className="text-[0.8667rem] text-muted">{sub}</div> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </div>
  );
}

/** Term and value pairs. */
export function Facts({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <dl
      className={cn(
        "grid grid-cols-[minmax(6.5rem,auto)_minmax(0,1fr)] items-baseline gap-x-3 gap-y-1 [&_a]:inline-block [&_a]:py-0.5",
        className,
      )}
    >
      {children}
    </dl>
  );
}
export function Fact({ term, children }: { term: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{term}</dt>
      <dd className="min-w-0 wrap-anywhere">{children}</dd>
    </>
  );
}

import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

const style = cva(
  "inline-flex h-5 max-w-full items-center gap-1.5 rounded px-1.5 text-[0.8rem] font-medium whitespace-nowrap",
  {
    variants: {
      tone: {
        neutral: "bg-sunken text-muted",
        accent: "bg-accent-soft text-accent-text",
        good: "bg-good-soft text-good",
        warn: "bg-warn-soft text-warn",
        bad: "bg-bad-soft text-bad",
        hold: "bg-hold-soft text-hold",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

export type Tone = NonNullable<VariantProps<typeof style>["tone"]>;

export function Badge({
  tone,
  className,
  children,
  ...rest
}: ComponentProps<"span"> & { tone?: Tone; children: ReactNode }) {
  return (
    <span className={cn(style({ tone }), className)} {...rest}>
      {children}
    </span>
  );
}

const dots: Record<Tone, string> = {
  neutral: "bg-idle-dot",
  accent: "bg-accent",
  good: "bg-good-dot",
  warn: "bg-warn-dot",
  bad: "bg-bad-dot",
  hold: "bg-hold-dot",
};

export function Dot({ tone, pulse, className }: { tone: Tone; pulse?: boolean; className?: string }) {
  return (
    <span
      aria-hidden
      className={cn("inline-block size-2 shrink-0 rounded-full", dots[tone], pulse && "pulse-dot", className)}
    />
  );
}

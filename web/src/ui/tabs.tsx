import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export function Tabs<T extends string>({
  value,
  onChange,
  tabs,
  label,
  children,
  className,
}: {
  value: T;
  onChange: (value: T) => void;
  tabs: { value: T; label: ReactNode }[];
  label: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(next as T)} className={className}>
      <Base.List
        aria-label={label}
        activateOnFocus
        className="flex gap-1 overflow-x-auto border-b border-line [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className={cn(
              "-mb-px h-9 shrink-0 cursor-pointer border-b-2 border-transparent px-3 font-medium text-muted -outline-offset-2 hover:text-fg data-[active]:border-accent data-[active]:text-fg",
            )}
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel value={value} tabIndex={-1} className="outline-none">
        {children}
      </Base.Panel>
    </Base.Root>
  );
}

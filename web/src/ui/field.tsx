/** Labelled form controls: the label, the control, its hint and its error are tied together for screen readers. */
import { type ComponentProps, createContext, type ReactNode, useContext, useId } from "react";
import { cn } from "@/lib/cn";

interface FieldIds {
  id: string;
  hint?: string;
  error?: string;
}
const FieldContext = createContext<FieldIds | null>(null);

export interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  required?: boolean;
  hideLabel?: boolean;
  className?: string;
  children: ReactNode;
}

export function Field({ label, hint, error, required, hideLabel, className, children }: FieldProps) {
  const id = useId();
  const ids: FieldIds = {
    id,
    hint: hint ? `${id}-hint` : undefined,
    error: error ? `${id}-error` : undefined,
  };
  return (
    <FieldContext.Provider value={ids}>
      <div className={cn("grid content-start gap-1", className)}>
        <label htmlFor={id} className={cn("text-[0.8667rem] font-medium text-muted", hideLabel && "sr-only")}>
          {label}
          {required ? (
            <span aria-hidden className="text-bad">
              {" *"}
            </span>
          ) : null}
        </label>
        {children}
        {hint ? (
          <p id={ids.hint} className="text-[0.8rem] text-muted">
            {hint}
          </p>
        ) : null}
        {error ? (
          <p id={ids.error} role="alert" className="text-[0.8667rem] text-bad">
            {error}
          </p>
        ) : null}
      </div>
    </FieldContext.Provider>
  );
}

function useFieldProps() {
  const ids = useContext(FieldContext);
  if (!ids) return {};
  const described = [ids.error, ids.hint].filter(Boolean).join(" ");
  return {
    id: ids.id,
    "aria-describedby": described || undefined,
    "aria-invalid": ids.error ? true : undefined,
  } as const;
}

const control =
  "w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-fg transition-colors aria-invalid:border-bad disabled:bg-sunken disabled:text-muted";

export function Input({ className, type = "text", ...rest }: ComponentProps<"input">) {
  return <input type={type} className={cn(control, "h-8", className)} {...useFieldProps()} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(control, "min-h-20 py-1.5", className)} {...useFieldProps()} {...rest} />;
}

/** The platform's own list: best on phones, and known to every screen reader. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <select className={cn(control, "h-8 pr-7", className)} {...useFieldProps()} {...rest}>
      {children}
    </select>
  );
}

/** A small set of exclusive choices, all visible. */
export function Choice<T extends string>({
  legend,
  name,
  value,
  options,
  onChange,
}: {
  legend: string;
  name: string;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{legend}</legend>
      <div className="flex w-full rounded-md border border-line-strong bg-surface p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className={cn(
              "relative flex h-[26px] flex-1 cursor-pointer items-center justify-center rounded px-2 text-[0.8667rem] has-focus-visible:outline-2 has-focus-visible:outline-accent",
              value === option.value
                ? "bg-accent-soft font-medium text-accent-text"
                : "text-fg hover:bg-sunken",
            )}
          >
            <input
              type="radio"
              className="absolute inset-0 cursor-pointer appearance-none rounded opacity-0"
              name={name}
              value={option.value}
              checked={value === option.value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

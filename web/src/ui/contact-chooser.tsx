/** Choosing the contact that a client signs in as: an individual, or a person of an organization. */
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { ClientContact, FoundContact, Page } from "@/lib/api/types";
import { CLIENT_KINDS, nameOfContact, textOfContact } from "@/lib/client-contact";
import { useDebounced } from "@/lib/use-debounced";
import { Button } from "./button";
import { InlineError } from "./feedback";
import { Field, Input } from "./field";

/** Of each kind; who is not among them is found by more of their name. */
const SHOWN = 8;

export function ContactChooser({
  value,
  known,
  hint,
  error,
  onChange,
}: {
  /** As `textOfContact` writes it. */
  value: string;
  /** The one it is at the moment, for its name. */
  known: ClientContact | null;
  hint: string;
  error?: string;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const [chosen, setChosen] = useState<{ text: string; name: string } | null>(null);
  const asked = useDebounced(q.trim());
  const found = useQuery({
    queryKey: [...keys.directory, "clients", asked],
    enabled: value === "" && asked !== "",
    queryFn: ({ signal }) =>
      take<Page<FoundContact>>(
        api.GET("/api/v1/contacts", { params: { query: { q: asked, limit: SHOWN } }, signal }),
      ),
  });
  if (value !== "") {
    const name =
      chosen?.text === value
        ? chosen.name
        : known && textOfContact(known) === value
          ? nameOfContact(known)
          : value;
    return (
      <div className="grid gap-1" data-testid="contact-chooser">
        <span className="text-[0.8667rem] font-medium text-muted">{t("people.contact")}</span>
        <div className="flex flex-wrap items-center gap-2">
          <span className="min-w-0 wrap-anywhere" data-testid="chosen-contact">
            {name}
          </span>
          <Button size="sm" onClick={() => onChange("")}>
            <X aria-hidden />
            {t("people.contact_clear")}
          </Button>
        </div>
        {error ? (
          <p role="alert" className="text-[0.8667rem] text-bad">
            {error}
          </p>
        ) : null}
      </div>
    );
  }
  const people = (found.data?.items ?? []).flatMap((item) => {
    const kind = CLIENT_KINDS.find((each) => each === item.kind);
    return kind ? [{ ...item, kind }] : [];
  });
  return (
    <div className="grid gap-1" data-testid="contact-chooser">
      <Field label={t("people.contact")} hint={hint} error={error}>
        <Input
          type="search"
          autoComplete="off"
          value={q}
          placeholder={t("people.contact_search")}
          onChange={(event) => setQ(event.target.value)}
          // Searching is not sending the form.
          onKeyDown={(event) => (event.key === "Enter" ? event.preventDefault() : undefined)}
        />
      </Field>
      <InlineError error={found.error} />
      {asked === "" || !found.data ? null : people.length === 0 ? (
        <p role="status" className="text-[0.8667rem] text-muted">
          {t("people.contact_none")}
        </p>
      ) : (
        <ul
          aria-label={t("people.contact_found")}
          className="grid max-h-56 overflow-y-auto rounded-md border border-line"
        >
          {people.map((person) => (
            <li key={person.id} className="grid">
              <button
                type="button"
                className="grid px-2.5 py-1.5 text-left hover:bg-sunken"
                onClick={() => {
                  const text = textOfContact(person);
                  setChosen({ text, name: person.name });
                  setQ("");
                  onChange(text);
                }}
              >
                <span className="wrap-anywhere">{person.name}</span>
                <span className="text-[0.8rem] text-muted wrap-anywhere">
                  {[t(`kind.${person.kind}`), person.email ?? person.phones[0]?.e164]
                    .filter(Boolean)
                    .join(" · ")}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

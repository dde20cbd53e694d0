/** Choosing a country: typed by name or code, with those offered that fit what was typed so far. */
import { type ComponentProps, useId, useState } from "react";
import { countries, countryName, countryOf } from "@/lib/countries";
import { Input } from "./field";

/** What is typed is the text; `countryOf` tells which country it means. */
export function CountryInput(props: Omit<ComponentProps<typeof Input>, "list" | "type">) {
  const id = useId();
  return (
    <>
      <Input list={id} autoComplete="off" spellCheck={false} {...props} />
      <datalist id={id}>
        {countries().map(({ code, name }) => (
          <option key={code} value={name} />
        ))}
      </datalist>
    </>
  );
}

/** Narrows a list to a country: as soon as what is typed is one, and until nothing is typed any more. */
export function CountryFilter({
  code,
  onChange,
  placeholder,
}: {
  code: string | undefined;
  onChange: (code: string | undefined) => void;
  placeholder?: string;
}) {
  const [shown, setShown] = useState(code);
  const [text, setText] = useState(code ? countryName(code) : "");
  // Narrowed elsewhere: by a saved view, or with all filters cleared.
  if (code !== shown) {
    setShown(code);
    setText(code ? countryName(code) : "");
  }
  return (
    <CountryInput
      value={text}
      placeholder={placeholder}
      onChange={(event) => {
        const typed = event.target.value;
        // Two small letters are the beginning of a name more often than a code.
        const meant =
          /^\s*[a-z]{1,2}\s*$/i.test(typed) && typed !== typed.toUpperCase() ? null : countryOf(typed);
        const next = typed.trim() === "" ? undefined : (meant ?? code);
        setText(typed);
        if (next === code) return;
        setShown(next);
        onChange(next);
      }}
      onBlur={() => setText(code ? countryName(code) : "")}
    />
  );
}

import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it, vi } from "vitest";
import { renderConsole, violations } from "@/testing/render";
import { CountryFilter } from "./country";
import { Field } from "./field";

function Filter({ onChange }: { onChange: (code: string | undefined) => void }) {
  const [code, setCode] = useState<string | undefined>("FR");
  return (
    <>
      <Field label="Country">
        <CountryFilter
          code={code}
          onChange={(next) => {
            onChange(next);
            setCode(next);
          }}
        />
      </Field>
      <button type="button" onClick={() => setCode(undefined)}>
        Clear
      </button>
    </>
  );
}

it("narrows to a country once it is written out, and to none once nothing is", async () => {
  const onChange = vi.fn<(code: string | undefined) => void>();
  const { container } = renderConsole(<Filter onChange={onChange} />);
  const input = screen.getByLabelText<HTMLInputElement>("Country");
  const type = (value: string) => fireEvent.change(input, { target: { value } });
  expect(input.value).toBe("France");
  expect(await violations(container)).toEqual([]);
  // Neither the beginning of a name nor two of its letters are a country.
  for (const text of ["Ger", "de", "nowhere"]) type(text);
  expect(onChange).not.toHaveBeenCalled();
  type("germany");
  expect(onChange).toHaveBeenLastCalledWith("DE");
  expect(input.value).toBe("germany");
  type("germa");
  fireEvent.blur(input);
  expect(input.value).toBe("Germany");
  type("CH");
  expect(onChange).toHaveBeenLastCalledWith("CH");
  type("");
  expect(onChange).toHaveBeenLastCalledWith(undefined);
  expect(onChange).toHaveBeenCalledTimes(3);
  type("Spain");
  fireEvent.click(screen.getByRole("button", { name: "Clear" }));
  expect(input.value).toBe("");
});

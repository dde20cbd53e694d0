/** Puts the server's word about a field at that field of a form. */
import type { FieldValues, Path, UseFormReturn } from "react-hook-form";
import { isApiError } from "./api/problem";

/**
 * Marks every field the problem points at and moves to the first; what points at no field of the form becomes the
 * form's own message. `fieldOf` gets the pointer split at its slashes. Returns false for what is no refusal of the
 * server's, which the caller throws on.
 */
export function placeProblem<T extends FieldValues>(
  form: Pick<UseFormReturn<T>, "setError">,
  error: unknown,
  fieldOf: (path: string[]) => Path<T> | null,
  checkFields: string,
): boolean {
  if (!isApiError(error)) return false;
  const homeless: string[] = [];
  let first = true;
  for (const { pointer, detail } of error.errors) {
    const path = pointer.replace(/^#?\//, "").split("/");
    const field = fieldOf(path);
    if (!field) {
      homeless.push(`${path.join("/")}: ${detail}`);
      continue;
    }
    form.setError(field, { type: "server", message: detail }, { shouldFocus: first });
    first = false;
  }
  const placed = error.errors.length > homeless.length;
  const message = homeless.length > 0 ? homeless.join("; ") : placed ? checkFields : error.message;
  form.setError("root" as Path<T>, { type: "server", message });
  return true;
}

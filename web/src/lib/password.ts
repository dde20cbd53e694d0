/**
 * What can be told about a new password while it is typed. The server judges it in any case, and alone knows which
 * passwords are the commonest.
 */
export const SHORTEST = 10;
const LONGEST_OCTETS = 1024;
const DIFFERENT = 4;

export type Rule = "length" | "own" | "pattern";
export const RULES: readonly Rule[] = ["length", "own", "pattern"];

const bare = (text: string) => text.replace(/[^\p{Alphabetic}]+$/u, "");
const squeezed = (text: string) => text.replace(/[^\p{Alphabetic}\p{Number}]/gu, "");

/** Whether each rule holds; for an empty password none is judged yet. */
export function judge(
  password: string,
  person: { email?: string; name?: string } = {},
): Record<Rule, boolean> {
  const characters = [...password];
  const lower = password.toLowerCase();
  const word = squeezed(bare(lower));
  const email = (person.email ?? "").toLowerCase();
  const own = [email, email.split("@")[0] ?? "", (person.name ?? "").toLowerCase()].filter(Boolean);
  const steps = [...lower].slice(1).map((character, index) => {
    return (character.codePointAt(0) ?? 0) - ([...lower][index]?.codePointAt(0) ?? 0);
  });
  const isRun = steps.length > 0 && (steps.every((step) => step === 1) || steps.every((step) => step === -1));
  return {
    length: characters.length >= SHORTEST && new TextEncoder().encode(password).length <= LONGEST_OCTETS,
    own:
      password !== "" &&
      !own.some((each) => lower === each || (word !== "" && word === squeezed(bare(each)))),
    pattern: new Set(lower).size >= DIFFERENT && !isRun,
  };
}

export function meets(password: string, person?: { email?: string; name?: string }): boolean {
  const judged = judge(password, person);
  return RULES.every((rule) => judged[rule]);
}

/** Countries by their codes, as the server knows them, and by the names people know them by. */

/** As `engine/core/src/iso.rs` has them; a test holds the two together. */
const CODES = (
  "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT " +
  "BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER " +
  "ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID " +
  "IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV " +
  "LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR " +
  "NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL " +
  "SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA " +
  "VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
).split(" ");

let names: Intl.DisplayNames | undefined;

/** The name in the language of whoever looks; a code that is no country's as it came. */
export function countryName(code: string): string {
  try {
    names ??= new Intl.DisplayNames(undefined, { type: "region" });
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

export interface Country {
  code: string;
  name: string;
}

let sorted: Country[] | undefined;

/** All of them, by name. */
export function countries(): readonly Country[] {
  sorted ??= CODES.map((code) => ({ code, name: countryName(code) })).sort((a, b) =>
    a.name.localeCompare(b.name),
  );
  return sorted;
}

/** The code of what somebody typed: a name, or the code itself, in any case. Null where it is neither. */
export function countryOf(text: string): string | null {
  const typed = text.trim().toLowerCase();
  if (typed === "") return null;
  const found =
    countries().find(({ name }) => name.toLowerCase() === typed) ??
    countries().find(({ code }) => code.toLowerCase() === typed);
  return found?.code ?? null;
}

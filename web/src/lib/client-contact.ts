/** Which contact a client is, as a form holds it: one text, so that it is changed as a whole or not at all. */
import type { ClientContact, Uuid } from "./api/types";

export const CLIENT_KINDS = ["individual", "organization_contact"] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];
export interface ContactName {
  kind: ClientKind;
  id: Uuid;
}

/** Empty for nobody. */
export const textOfContact = (contact: ContactName | null | undefined): string =>
  contact ? `${contact.kind}:${contact.id}` : "";

/** As it is sent; null for nobody. */
export function contactOfText(text: string | undefined): ContactName | null {
  const [kind, id] = (text ?? "").split(":");
  const known = CLIENT_KINDS.find((each) => each === kind);
  return known && id ? { kind: known, id } : null;
}

/** A person of an organization with whose they are. */
export const nameOfContact = ({ name, organization_name }: ClientContact): string =>
  organization_name ? `${name}, ${organization_name}` : name;

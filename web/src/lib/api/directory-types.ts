/** What is kept about contacts besides their records. */
import type { components } from "@/api/generated/schema";
import type { ContactKind, Import, Uuid } from "./types";

type Schemas = components["schemas"];
type Present<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

export type ContactName = { kind: ContactKind; id: Uuid };
export type Note = Omit<Present<Schemas["NoteView"]>, "contact" | "author"> & {
  contact: ContactName;
  author: { id: Uuid; name: string | null };
};
export const STANDINGS = ["pending", "active", "suspended", "inactive"] as const;
export type Standing = (typeof STANDINGS)[number];
export type FieldType = "text" | "number" | "date" | "boolean" | "choice";
export type ContactField = Omit<Present<Schemas["ContactFieldView"]>, "kind" | "type"> & {
  kind: ContactKind;
  type: FieldType;
};
export type DirectorySettings = Present<Schemas["DirectorySettingsView"]>;
export type Candidate = Omit<Present<Schemas["CandidateView"]>, "contact"> & { contact: ContactName };
export const SHARED = ["number", "email", "name"] as const;
export type Shared = (typeof SHARED)[number];
export type DuplicateContact = Present<Schemas["DuplicateContact"]>;
export type DuplicateGroup = Omit<Present<Schemas["DuplicateGroup"]>, "reason" | "contacts"> & {
  reason: Shared;
  contacts: DuplicateContact[];
};
export type Erasure = Omit<Present<Schemas["ErasureView"]>, "contact"> & { contact: ContactName };
export type Merge = Present<Schemas["MergeView"]>;
type Counts = Record<Standing, { value: number; exact: boolean }>;
/** Null for kinds that may not be read. */
export type ContactSummary = Record<keyof Schemas["ContactSummary"], Counts | null>;
export type Preview = {
  columns: { name: string; holds: string | null }[];
  rows: {
    line: number;
    contact: {
      kind: ContactKind;
      name: string;
      organization: string | null;
      gender: string | null;
      email: string | null;
      phones: string[];
    } | null;
    error: string | null;
  }[];
  good: number;
  bad: number;
  fault: string | null;
};
export type ContactImport = Import;

export const CONTACT_KIND = {
  individuals: "individual",
  organizations: "organization",
  "email-contacts": "email_contact",
  contacts: "organization_contact",
} as const;

/** The books of the directory, so that one list, one form and one panel serve them all. */
import { api, take } from "@/lib/api/client";
import { STANDINGS, type Standing } from "@/lib/api/directory-types";
import type {
  Email,
  EmailContact,
  EmailContactBody,
  Individual,
  IndividualBody,
  Organization,
  OrganizationBody,
  OrganizationContact,
  OrganizationContactBody,
  Page,
  Phone,
} from "@/lib/api/types";

export const KINDS = ["individuals", "organizations", "email-contacts"] as const;
export type Kind = (typeof KINDS)[number];

export function isKind(value: string): value is Kind {
  return (KINDS as readonly string[]).includes(value);
}

/** One record of a book, or one contact of an organization. */
export type Target = { kind: Kind; id: string } | { kind: "contacts"; organizationId: string; id: string };
export type TargetKind = Target["kind"];

export interface SocialLink {
  platform: string;
  url: string;
}

/** What list and panel need of any record. */
export interface Entry {
  id: string;
  name: string;
  phones: Phone[];
  /** The primary one of `emails`. */
  email: string | null;
  emails: Email[];
  gender: string | null;
  dob: string | null;
  taxId: string | null;
  address: string | null;
  city: string | null;
  state: string | null;
  /** By its code. */
  country: string | null;
  social: SocialLink[];
  active: boolean;
  standing: Standing | null;
  custom: Record<string, unknown>;
  provenance: string | null;
  createdAt: string | null;
  updatedAt: string | null;
  version: number;
}

/** Any of the three records, and a contact of an organization. */
interface Stored {
  id: string;
  full_name?: string;
  name?: string;
  phones?: Phone[];
  email?: string | null;
  emails?: Email[];
  gender?: string | null;
  dob?: string | null;
  tax_id?: string | null;
  address?: string | null;
  city?: string | null;
  state?: string | null;
  country?: string | null;
  social_media?: SocialLink[];
  is_active?: boolean;
  status?: string;
  custom?: Record<string, unknown>;
  provenance?: string;
  created_at?: string;
  updated_at?: string;
  version?: number;
}

export function toEntry(record: Stored): Entry {
  return {
    id: record.id,
    name: record.full_name ?? record.name ?? "",
    phones: record.phones ?? [],
    email: record.email ?? null,
    emails: record.emails ?? [],
    gender: record.gender ?? null,
    dob: record.dob ?? null,
    taxId: record.tax_id ?? null,
    address: record.address ?? null,
    city: record.city ?? null,
    state: record.state ?? null,
    country: record.country ?? null,
    social: record.social_media ?? [],
    active: record.is_active ?? true,
    standing: STANDINGS.find((each) => each === record.status) ?? null,
    custom: record.custom ?? {},
    provenance: record.provenance ?? null,
    createdAt: record.created_at ?? null,
    updatedAt: record.updated_at ?? null,
    version: record.version ?? 0,
  };
}

export const PROVENANCES = ["manual", "auto_ticket", "mail", "import"] as const;
export type Provenance = (typeof PROVENANCES)[number];

export interface DirectorySearch {
  q?: string;
  phone?: string;
  active?: boolean;
  provenance?: Provenance;
  status?: Standing;
  city?: string;
  /** By its code. */
  country?: string;
  sort?: string;
}

export async function listEntries(
  kind: Kind,
  search: DirectorySearch,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<Entry>> {
  const query = listQuery(search, cursor);
  // Who is known by mail alone is nowhere; the search of another book may say so all the same.
  const somewhere = { params: { query: { ...query, ...placeQuery(search) } }, signal };
  return entries(
    kind === "individuals"
      ? await take<Page<Individual>>(api.GET("/api/v1/individuals", somewhere))
      : kind === "organizations"
        ? await take<Page<Organization>>(api.GET("/api/v1/organizations", somewhere))
        : await take<Page<EmailContact>>(api.GET("/api/v1/email-contacts", { params: { query }, signal })),
  );
}

export async function listContacts(
  organizationId: string,
  search: DirectorySearch,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<Entry>> {
  return entries(
    await take<Page<OrganizationContact>>(
      api.GET("/api/v1/organizations/{id}/contacts", {
        params: {
          path: { id: organizationId },
          query: { ...listQuery(search, cursor), ...placeQuery(search) },
        },
        signal,
      }),
    ),
  );
}

/** Where those are that a list is narrowed to. */
export const placeQuery = ({ city, country }: DirectorySearch) => ({
  city: city?.trim() || undefined,
  country: country || undefined,
});

function listQuery(search: DirectorySearch, cursor: string | undefined) {
  return {
    q: search.q || undefined,
    phone: search.phone || undefined,
    is_active: search.active,
    provenance: search.provenance,
    status: search.status,
    sort: search.sort,
    cursor,
    // Once is enough: the first page tells.
    count: cursor === undefined ? true : undefined,
  };
}

const entries = (page: Page<Stored>): Page<Entry> => ({ ...page, items: page.items.map(toEntry) });

const contactPath = (target: Extract<Target, { kind: "contacts" }>) => ({
  path: { id: target.organizationId, contact_id: target.id },
});

export async function loadEntry(target: Target, signal: AbortSignal): Promise<Entry> {
  if (target.kind === "contacts") {
    return toEntry(
      await take<OrganizationContact>(
        api.GET("/api/v1/organizations/{id}/contacts/{contact_id}", { params: contactPath(target), signal }),
      ),
    );
  }
  const options = { params: { path: { id: target.id } }, signal };
  return toEntry(
    target.kind === "individuals"
      ? await take<Individual>(api.GET("/api/v1/individuals/{id}", options))
      : target.kind === "organizations"
        ? await take<Organization>(api.GET("/api/v1/organizations/{id}", options))
        : await take<EmailContact>(api.GET("/api/v1/email-contacts/{id}", options)),
  );
}

export interface EntryInput {
  name: string;
  gender: string | null;
  dob: string | null;
  taxId: string | null;
  address: string | null;
  city: string | null;
  state: string | null;
  country: string | null;
  social: SocialLink[];
  /** Null: left as it is. */
  active: boolean | null;
  custom: Record<string, unknown>;
  phones: { number: string; label: string | null; primary: boolean }[];
  emails: Email[];
}

/** Only what is meant to change is named: null empties a field, absent leaves it. */
const activity = (input: EntryInput) => ({
  ...(input.active === null ? {} : { is_active: input.active }),
  // The document says of an object only that it is one.
  ...(Object.keys(input.custom).length === 0 ? {} : { custom: input.custom as Record<string, never> }),
});

const placeBody = ({ address, city, state, country }: EntryInput) => ({ address, city, state, country });

export function individualBody(input: EntryInput): IndividualBody {
  const { name, gender, dob, social, emails, phones } = input;
  return {
    full_name: name,
    gender,
    dob,
    ...placeBody(input),
    social_media: social,
    emails,
    phones,
    ...activity(input),
  };
}
export function contactBody(input: EntryInput): OrganizationContactBody {
  const { name, gender, emails, phones } = input;
  return { full_name: name, gender, ...placeBody(input), emails, phones, ...activity(input) };
}
export function organizationBody(input: EntryInput): OrganizationBody {
  const { name, taxId, emails, phones } = input;
  return { name, tax_id: taxId, ...placeBody(input), emails, phones, ...activity(input) };
}
export function emailContactBody(input: EntryInput): EmailContactBody {
  const { name, emails, phones } = input;
  // These are never without an address, so the server wants to see it by its own name.
  const email = emails.find((each) => each.primary)?.email ?? "";
  return { name, email, emails, phones, ...activity(input) };
}

export async function createEntry(kind: Kind, input: EntryInput, key: string): Promise<Entry> {
  const headers = { "Idempotency-Key": key };
  const record: Stored =
    kind === "individuals"
      ? await take<Individual>(api.POST("/api/v1/individuals", { body: individualBody(input), headers }))
      : kind === "organizations"
        ? await take<Organization>(
            api.POST("/api/v1/organizations", { body: organizationBody(input), headers }),
          )
        : await take<EmailContact>(
            api.POST("/api/v1/email-contacts", { body: emailContactBody(input), headers }),
          );
  return toEntry(record);
}

export async function createContact(organizationId: string, input: EntryInput, key: string): Promise<Entry> {
  return toEntry(
    await take<OrganizationContact>(
      api.POST("/api/v1/organizations/{id}/contacts", {
        body: contactBody(input),
        params: { path: { id: organizationId } },
        headers: { "Idempotency-Key": key },
      }),
    ),
  );
}

export async function updateEntry(target: Target, etag: string, input: EntryInput): Promise<Entry> {
  const headers = { "If-Match": etag };
  if (target.kind === "contacts") {
    return toEntry(
      await take<OrganizationContact>(
        api.PATCH("/api/v1/organizations/{id}/contacts/{contact_id}", {
          body: contactBody(input),
          params: contactPath(target),
          headers,
        }),
      ),
    );
  }
  const options = { params: { path: { id: target.id } }, headers };
  const record: Stored =
    target.kind === "individuals"
      ? await take<Individual>(
          api.PATCH("/api/v1/individuals/{id}", { body: individualBody(input), ...options }),
        )
      : target.kind === "organizations"
        ? await take<Organization>(
            api.PATCH("/api/v1/organizations/{id}", { body: organizationBody(input), ...options }),
          )
        : await take<EmailContact>(
            api.PATCH("/api/v1/email-contacts/{id}", { body: emailContactBody(input), ...options }),
          );
  return toEntry(record);
}

export async function deleteEntry(target: Target): Promise<void> {
  if (target.kind === "contacts") {
    await take(
      api.DELETE("/api/v1/organizations/{id}/contacts/{contact_id}", { params: contactPath(target) }),
    );
    return;
  }
  const options = { params: { path: { id: target.id } } };
  if (target.kind === "individuals") await take(api.DELETE("/api/v1/individuals/{id}", options));
  else if (target.kind === "organizations") await take(api.DELETE("/api/v1/organizations/{id}", options));
  else await take(api.DELETE("/api/v1/email-contacts/{id}", options));
}

/** The three books of the directory, so that one list and one panel serve them all. */
import { api, take, takeWithResponse } from "@/lib/api/client";
import type {
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

/** What list and panel need of any record. */
export interface Entry {
  id: string;
  name: string;
  phones: Phone[];
  email: string | null;
  gender: string | null;
  dob: string | null;
  active: boolean;
  version: number;
}

/** Any of the three records, and a contact of an organization. */
interface Stored {
  id: string;
  full_name?: string;
  name?: string;
  phones?: Phone[];
  email?: string | null;
  gender?: string | null;
  dob?: string | null;
  is_active?: boolean;
  version?: number;
}

export function toEntry(record: Stored): Entry {
  return {
    id: record.id,
    name: record.full_name ?? record.name ?? "",
    phones: record.phones ?? [],
    email: record.email ?? null,
    gender: record.gender ?? null,
    dob: record.dob ?? null,
    active: record.is_active ?? true,
    version: record.version ?? 0,
  };
}

export interface DirectorySearch {
  q?: string;
  phone?: string;
}

export async function listEntries(
  kind: Kind,
  search: DirectorySearch,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<Entry>> {
  const options = {
    params: { query: { q: search.q || undefined, phone: search.phone || undefined, cursor } },
    signal,
  };
  const page: Page<Stored> =
    kind === "individuals"
      ? await take<Page<Individual>>(api.GET("/api/v1/individuals", options))
      : kind === "organizations"
        ? await take<Page<Organization>>(api.GET("/api/v1/organizations", options))
        : await take<Page<EmailContact>>(api.GET("/api/v1/email-contacts", options));
  return { items: page.items.map(toEntry), next_cursor: page.next_cursor };
}

export interface LoadedEntry {
  entry: Entry;
  /** The validator for `If-Match`: the server's own, so that a change made elsewhere is never overwritten. */
  etag: string;
}

export async function loadEntry(kind: Kind, id: string, signal: AbortSignal): Promise<LoadedEntry> {
  const options = { params: { path: { id } }, signal };
  const answer: { data: Stored; response: Response } =
    kind === "individuals"
      ? await takeWithResponse<Individual>(api.GET("/api/v1/individuals/{id}", options))
      : kind === "organizations"
        ? await takeWithResponse<Organization>(api.GET("/api/v1/organizations/{id}", options))
        : await takeWithResponse<EmailContact>(api.GET("/api/v1/email-contacts/{id}", options));
  const entry = toEntry(answer.data);
  return { entry, etag: answer.response.headers.get("ETag") ?? `"${entry.version}"` };
}

export interface EntryInput {
  name: string;
  gender: string | null;
  dob: string | null;
  email: string | null;
  /** Null: left as it is. */
  active: boolean | null;
  phones: { number: string; label: string | null; primary: boolean }[];
}

/** Only what is meant to change is named: null empties a field, absent leaves it. */
const activity = (input: EntryInput) => (input.active === null ? {} : { is_active: input.active });

export function individualBody(input: EntryInput): IndividualBody {
  const { name, gender, dob, email, phones } = input;
  return { full_name: name, gender, dob, email, phones, ...activity(input) };
}
export function contactBody(input: EntryInput): OrganizationContactBody {
  const { name, gender, email, phones } = input;
  return { full_name: name, gender, email, phones, ...activity(input) };
}
export function organizationBody(input: EntryInput): OrganizationBody {
  const { name, email, phones } = input;
  return { name, email, phones, ...activity(input) };
}
export function emailContactBody(input: EntryInput): EmailContactBody {
  const { name, email, phones } = input;
  return { name, email: email ?? "", phones, ...activity(input) };
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

export async function updateEntry(kind: Kind, id: string, etag: string, input: EntryInput): Promise<Entry> {
  const options = { params: { path: { id } }, headers: { "If-Match": etag } };
  const record: Stored =
    kind === "individuals"
      ? await take<Individual>(
          api.PATCH("/api/v1/individuals/{id}", { body: individualBody(input), ...options }),
        )
      : kind === "organizations"
        ? await take<Organization>(
            api.PATCH("/api/v1/organizations/{id}", { body: organizationBody(input), ...options }),
          )
        : await take<EmailContact>(
            api.PATCH("/api/v1/email-contacts/{id}", { body: emailContactBody(input), ...options }),
          );
  return toEntry(record);
}

export async function deleteEntry(kind: Kind, id: string): Promise<void> {
  const options = { params: { path: { id } } };
  if (kind === "individuals") await take(api.DELETE("/api/v1/individuals/{id}", options));
  else if (kind === "organizations") await take(api.DELETE("/api/v1/organizations/{id}", options));
  else await take(api.DELETE("/api/v1/email-contacts/{id}", options));
}

export async function listContacts(organizationId: string, signal: AbortSignal): Promise<Entry[]> {
  const page = await take<Page<OrganizationContact>>(
    api.GET("/api/v1/organizations/{id}/contacts", {
      params: { path: { id: organizationId }, query: { limit: 200 } },
      signal,
    }),
  );
  return page.items.map(toEntry);
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

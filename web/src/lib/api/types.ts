/**
 * The shapes the console works with, as the contract states them.
 *
 * `Paths` is the provisional route table; it gives way to the generated one
 * as soon as the server prints its OpenAPI document.
 */

export type Uuid = string;
export type Timestamp = string;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

export interface Me {
  user: { id: Uuid; email: string; name: string };
  tenant: { id: Uuid; slug: string; name: string; region: string } | null;
  role: string | null;
  permissions: string[];
  extension?: string | null;
  modules?: Record<string, boolean>;
}

export type Gender = string;
export type ContactKind = "organization_contact" | "organization" | "individual" | "email_contact";

export interface Phone {
  e164: string;
  raw: string;
  label: string | null;
  primary: boolean;
}
export interface PhoneInput {
  number: string;
  label?: string | null;
  primary?: boolean;
}

export interface Individual {
  id: Uuid;
  full_name: string;
  gender: Gender | null;
  dob?: string | null;
  phones: Phone[];
  email: string | null;
  address?: string | null;
  is_active: boolean;
  version: number;
}
export interface Organization {
  id: Uuid;
  name: string;
  phones: Phone[];
  email: string | null;
  is_active: boolean;
  version: number;
}
export interface OrganizationContact {
  id: Uuid;
  full_name: string;
  gender: Gender | null;
  email: string | null;
  phones: Phone[];
  is_active: boolean;
  version: number;
}
export interface EmailContact {
  id: Uuid;
  name: string;
  email: string;
  phones: Phone[];
  is_active: boolean;
  version: number;
}

export type Quality = "exact" | "possible" | "anonymous" | "invalid" | "extension";

export interface OtherMatch {
  kind: ContactKind;
  id: Uuid;
  name: string | null;
  organization_name: string | null;
}
export interface OpenTicket {
  id: Uuid;
  number: number;
  title: string;
  status: TicketStatus;
  priority: Priority;
}
export interface RecentCall {
  id: Uuid;
  state?: CallState;
  end_reason?: string | null;
  direction?: string;
  from?: string | null;
  to?: string | null;
  started_at?: Timestamp;
}
export interface CallerContext {
  found: boolean;
  number: string | null;
  quality: Quality;
  customer_type: "organization" | "individual" | null;
  customer_name: string | null;
  caller_name: string | null;
  organization_name: string | null;
  organization_id: Uuid | null;
  contact_person: string | null;
  gender: Gender | null;
  email: string | null;
  inactive: boolean;
  contact: { kind: ContactKind; id: Uuid } | null;
  other_matches: OtherMatch[];
  reason: string | null;
  open_tickets: OpenTicket[];
  recent_calls: RecentCall[];
}

export type CallState = "ringing" | "answered" | "held" | "transferring" | "ended";

export interface Call {
  id: Uuid;
  connection_id: Uuid | null;
  provider_call_id: string | null;
  direction: "inbound" | "outbound";
  state: CallState;
  end_reason: string | null;
  from: string | null;
  to: string | null;
  number_id: Uuid | null;
  queue: string | null;
  agent_id: Uuid | null;
  contact: { kind: ContactKind; id: Uuid } | null;
  ticket_ids: Uuid[];
  started_at: Timestamp | null;
  answered_at: Timestamp | null;
  ended_at: Timestamp | null;
  version: number;
}
export interface CallEvent {
  seq: number;
  cursor: string;
  event_id: Uuid;
  type: string;
  provider_event_id: string | null;
  provider_at: Timestamp | null;
  recorded_at: Timestamp;
  effective: boolean;
}

export type TicketStatus =
  | "new"
  | "open"
  | "answered"
  | "waiting_for_response"
  | "on_hold"
  | "in_progress"
  | "resolved"
  | "closed";
export type Priority = "low" | "medium" | "high" | "urgent";

export interface Ticket {
  id: Uuid;
  number: number;
  title: string;
  description: string | null;
  status: TicketStatus;
  priority: Priority;
  call_ids: Uuid[];
  phone_number_id: Uuid | null;
  contact: { kind: ContactKind; id: Uuid } | null;
  contact_created?: boolean;
  caller: {
    phone_number: string | null;
    customer_type: string | null;
    customer_name: string | null;
    customer_gender: string | null;
    contact_person: string | null;
    customer_email: string | null;
  } | null;
  requester_user_id: Uuid | null;
  assigned_to: Uuid | null;
  created_at?: Timestamp | null;
  updated_at?: Timestamp | null;
  first_response_at: Timestamp | null;
  resolved_at: Timestamp | null;
  closed_at: Timestamp | null;
  reopen_count: number;
  version: number;
}
export interface Reply {
  id: Uuid;
  author_id?: Uuid | null;
  author?: { id: Uuid; name: string } | null;
  body: string;
  format: "text" | "html";
  visibility: "public" | "internal";
  is_solution: boolean;
  created_at: Timestamp;
}
export interface TicketInput {
  title: string;
  description?: string | null;
  priority?: Priority | null;
  call_id?: Uuid | null;
  phone_number?: string | null;
  customer_type?: "individual" | "organization" | null;
  customer_name?: string | null;
  customer_gender?: Gender | null;
  contact_person?: string | null;
  customer_email?: string | null;
  organization_id?: Uuid | null;
}
/** The draft a pop carries: the body of `POST /tickets`, unknown fields null. */
export type TicketDraft = { [K in keyof TicketInput]?: TicketInput[K] | null };

export interface PhoneNumber {
  id: Uuid;
  number: string;
  country: string;
  region: string | null;
  status: "available" | "assigned" | "reserved";
  connected: boolean;
  endpoint: { kind: "user" | "bot"; id: Uuid } | null;
  monthly_cost: string | null;
  currency: string | null;
  provider: string | null;
  capabilities?: unknown;
  quarantined_until: Timestamp | null;
  version: number;
}

export type PresenceState =
  | "offline"
  | "available"
  | "reserved"
  | "ringing"
  | "on_call"
  | "wrap_up"
  | "break";

export interface Agent {
  user_id: Uuid;
  email: string;
  name: string;
  extension: string | null;
  presence: PresenceState;
  reason: string | null;
  since: Timestamp | null;
  call_ids: Uuid[];
}

export const CONNECTION_KINDS = [
  "generic",
  "twilio",
  "telnyx",
  "vonage",
  "plivo",
  "sipgate",
  "zammad",
] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

export interface Connection {
  id: Uuid;
  kind: ConnectionKind | "sip";
  name: string;
  default_region?: string | null;
  hook_url?: string | null;
  is_active?: boolean;
  version?: number;
}
export interface CreatedConnection extends Connection {
  secret?: string | null;
}

export interface Wallboard {
  cursor?: string | null;
  revision: number;
  at: Timestamp;
  queues: { name: string; waiting: number; oldest_since: Timestamp | null }[];
  agents: {
    user_id: Uuid;
    name: string;
    extension: string | null;
    presence: PresenceState;
    since: Timestamp | null;
    reason: string | null;
    call_ids: Uuid[];
  }[];
  calls: Record<string, number>;
  figures: { name: string; value: number | string | null; formula: string; version: number | string }[];
  series: { calls_per_minute: { at: Timestamp; calls: number }[] };
}

export interface ListQuery {
  limit?: number;
  cursor?: string;
  q?: string;
  sort?: string;
}

type Json<T> = { content: { "application/json": T } };
type Answers<T> = { responses: { 200: Json<T>; default: Json<ProblemBody> } };
type Path<P> = [P] extends [never] ? { path?: never } : { path: P };
type Get<R, Q = never, P = never> = Answers<R> & {
  parameters: ([Q] extends [never] ? { query?: never } : { query?: Q }) & Path<P>;
};
type Send<R, B, P = never> = Answers<R> & { parameters: Path<P>; requestBody: Json<B> };
type Drop<P> = Answers<undefined> & { parameters: Path<P> };
type Id = { id: Uuid };

/** Provisional routes, in the generator's shape. */
export interface Paths {
  "/api/v1/auth/login": { post: Send<unknown, { email: string; password: string; totp?: string }> };
  "/api/v1/auth/logout": { post: Send<unknown, Record<string, never>> };
  "/api/v1/me": { get: Get<Me> };
  "/api/v1/ws-tickets": { post: Send<{ ticket: string; expires_in: number }, Record<string, never>> };
  "/api/v1/caller-context": { get: Get<CallerContext, { number: string; region?: string }> };
  "/api/v1/individuals": {
    get: Get<Page<Individual>, ListQuery & { phone?: string }>;
    post: Send<Individual, Record<string, unknown>>;
  };
  "/api/v1/individuals/{id}": {
    get: Get<Individual, never, Id>;
    patch: Send<Individual, Record<string, unknown>, Id>;
    delete: Drop<Id>;
  };
  "/api/v1/organizations": {
    get: Get<Page<Organization>, ListQuery & { phone?: string }>;
    post: Send<Organization, Record<string, unknown>>;
  };
  "/api/v1/organizations/{id}": {
    get: Get<Organization, never, Id>;
    patch: Send<Organization, Record<string, unknown>, Id>;
    delete: Drop<Id>;
  };
  "/api/v1/organizations/{id}/contacts": {
    get: Get<Page<OrganizationContact>, ListQuery, Id>;
    post: Send<OrganizationContact, Record<string, unknown>, Id>;
  };
  "/api/v1/email-contacts": {
    get: Get<Page<EmailContact>, ListQuery & { phone?: string }>;
    post: Send<EmailContact, Record<string, unknown>>;
  };
  "/api/v1/email-contacts/{id}": {
    get: Get<EmailContact, never, Id>;
    patch: Send<EmailContact, Record<string, unknown>, Id>;
    delete: Drop<Id>;
  };
  "/api/v1/calls": {
    get: Get<
      Page<Call>,
      ListQuery & {
        from?: string;
        to?: string;
        state?: string;
        started_after?: string;
        started_before?: string;
      }
    >;
  };
  "/api/v1/calls/{id}": { get: Get<Call, never, Id> };
  "/api/v1/calls/{id}/events": { get: Get<Page<CallEvent>, ListQuery, Id> };
  "/api/v1/tickets": {
    get: Get<Page<Ticket>, ListQuery & { status?: string; priority?: string }>;
    post: Send<Ticket, TicketInput>;
  };
  "/api/v1/tickets/{id}": { get: Get<Ticket, never, Id> };
  "/api/v1/tickets/{id}/status": { post: Send<Ticket, { status: TicketStatus; reason?: string }, Id> };
  "/api/v1/tickets/{id}/replies": {
    get: Get<Page<Reply>, ListQuery, Id>;
    post: Send<Reply, { body: string; format: "text"; visibility: "public" | "internal" }, Id>;
  };
  "/api/v1/agents": { get: Get<Page<Agent>, ListQuery> };
  "/api/v1/wallboard": { get: Get<Wallboard> };
  "/api/v1/phone-numbers": { get: Get<Page<PhoneNumber>, ListQuery & { status?: string }> };
  "/api/v1/phone-numbers/{id}/assign": { post: Send<PhoneNumber, Record<string, never>, Id> };
  "/api/v1/phone-numbers/{id}/release": { post: Send<PhoneNumber, Record<string, never>, Id> };
  "/api/v1/phone-numbers/{id}/connect": { post: Send<PhoneNumber, { user_id: Uuid }, Id> };
  "/api/v1/phone-numbers/{id}/disconnect": { post: Send<PhoneNumber, Record<string, never>, Id> };
  "/api/v1/connections": {
    get: Get<Page<Connection>, ListQuery>;
    post: Send<CreatedConnection, Record<string, unknown>>;
  };
}

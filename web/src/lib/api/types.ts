/**
 * The shapes the console works with: the server's own schemas (generated, see `npm run gen`), refined where the
 * document says "text" and means one of a few words, and with absent fields present as null.
 */
import type { components } from "@/api/generated/schema";

type Schemas = components["schemas"];
/** The server writes every field; one that may be empty is null, never missing. */
type Present<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
type Refine<T, R extends { [K in keyof R]: K extends keyof T ? unknown : never }> = Present<
  Omit<T, keyof R>
> &
  R;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  /** Only where asked for; not exact where the server stopped counting. */
  count?: { value: number; exact: boolean } | null;
}
export type ProblemBody = Partial<
  Pick<Schemas["Problem"], "type" | "title" | "status" | "detail" | "errors">
>;

export type Me = Refine<
  Schemas["Me"],
  { user: Present<Schemas["MeUser"]>; tenant: Present<Schemas["MeTenant"]> | null }
>;
export type InvitationOffer = Present<Schemas["InvitationOffer"]>;
export type Phone = Present<Schemas["PhoneView"]>;
export type Email = Present<Schemas["EmailView"]>;
export type Individual = Refine<Schemas["IndividualView"], { phones: Phone[]; emails: Email[] }>;
export type Organization = Refine<Schemas["OrganizationView"], { phones: Phone[]; emails: Email[] }>;
export type OrganizationContact = Refine<
  Schemas["OrganizationContactView"],
  { phones: Phone[]; emails: Email[] }
>;
export type EmailContact = Refine<Schemas["EmailContactView"], { phones: Phone[]; emails: Email[] }>;
export type ContactRef = { kind: ContactKind; id: Uuid };
export type Ticket = Refine<
  Schemas["TicketView"],
  {
    status: TicketStatus;
    priority: Priority;
    contact: ContactRef | null;
    caller: Present<Schemas["CallerView"]>;
  }
>;
export type TicketInput = Refine<
  Omit<Schemas["FileTicket"], "subject">,
  { customer_type: "individual" | "organization" | null; priority: Priority | null }
>;
export type Activity = Refine<Schemas["ActivityView"], { data: Record<string, unknown> }>;
export type Reply = Refine<
  Schemas["ReplyView"],
  { format: "text" | "html"; visibility: "public" | "internal" }
>;
/** What a line rings. */
export type Endpoint = { kind: "user" | "bot"; id: Uuid };
export type PhoneNumber = Refine<
  Schemas["NumberView"],
  {
    status: "available" | "assigned" | "reserved";
    endpoint: Endpoint | null;
    /** Only to the platform admin who acts for no tenant. */
    tenant_name?: string | null;
  }
>;
/** `prompt` not in lists. */
export type Bot = Refine<
  Schemas["BotView"],
  { prompt?: string | null; number: Present<Schemas["BotNumber"]> | null }
>;
export type Call = Refine<
  Schemas["CallView"],
  {
    state: CallState;
    direction: "inbound" | "outbound";
    contact: (ContactRef & { name: string | null; organization_id: Uuid | null }) | null;
    /** Of a single call, where its line's history tells. */
    line?: (Schemas["LineThen"] & { endpoint: (Endpoint & { name: string | null }) | null }) | null;
  }
>;
export type CallEvent = Present<Schemas["CallEvent"]>;
export type Agent = Refine<Schemas["Agent"], { presence: PresenceState }>;
export type Wallboard = Refine<
  Schemas["Wallboard"],
  {
    cursor: string | null;
    /** By state; a newer server may count more states. */
    calls: Record<string, number>;
    agents: Agent[];
    queues: Present<Schemas["Queue"]>[];
    figures: Present<Schemas["Figure"]>[];
  }
>;
export type AgentPerformance = Present<Schemas["AgentPerformance"]>;
export type TeamPerformance = Refine<Schemas["TeamPerformance"], { items: AgentPerformance[] }>;
export type OnePerformance = Refine<
  Schemas["OnePerformance"],
  { days: Present<Schemas["DayPerformance"]>[] }
>;
export type Assignment = Present<Schemas["AssignmentView"]>;
export type NumberSummary = Refine<
  Schemas["NumberSummary"],
  { monthly_cost: Present<Schemas["CostView"]>[] }
>;
export type ConnectionTime = Refine<
  Schemas["ConnectionTimeView"],
  { endpoint: (Endpoint & { name: string | null }) | null }
>;
export type ImportState = "uploaded" | "running" | "done" | "failed";
export type Import = Refine<Schemas["ImportView"], { state: ImportState }>;
export type Connection = Refine<Schemas["Connection"], { kind: ConnectionKind | "sip" }>;

export type Modules = Present<Schemas["MemberModules"]>;
/** Of a list of people; `Member` is one of them in full. */
export type Person = Refine<
  Schemas["User"],
  { presence: PresenceState | null; contact: ClientContact | null }
>;
export type Member = Refine<
  Schemas["Member"],
  {
    presence: PresenceState | null;
    modules: Modules;
    contact: ClientContact | null;
    /** Null for those who may not change members. */
    metadata: Record<string, unknown> | null;
  }
>;
/** The contact that a client signs in as. */
export type ClientContact = Refine<Schemas["MemberContact"], { kind: "individual" | "organization_contact" }>;
export type FoundContact = Refine<Schemas["FoundContact"], { kind: ContactKind; phones: Phone[] }>;
export type InvitationStatus = "open" | "accepted" | "revoked" | "expired";
export type Invitation = Refine<
  Schemas["Invitation"],
  {
    status: InvitationStatus;
    modules: Modules;
    contact: ClientContact | null;
    /** Only in the answer that made the link. */
    delivery?: "mailed" | "link" | "failed" | null;
    link?: string | null;
  }
>;
/** `invitation` only in the answer that made it. */
export type Tenant = Refine<
  Schemas["Tenant"],
  {
    status: "active" | "suspended";
    calls_30_days: { value: number; exact: boolean };
    invitation?: Invitation | null;
  }
>;
export type RoleItem = Present<Schemas["RoleItem"]>;
/** `token` only in the answer that made it. */
export type ApiToken = Refine<Schemas["ApiToken"], { token?: string | null }>;
export type Session = Present<Schemas["Session"]>;
export type AccountEvent = Present<Schemas["AccountEvent"]>;
export type PasswordLink = Present<Schemas["PasswordLink"]>;
export type SecondFactor = Present<Schemas["SecondFactor"]>;
export type OfferedFactor = Present<Schemas["Offered"]>;
export type Device = Present<Schemas["Device"]>;
export type Extension = Present<Schemas["Extension"]>;
export type Team = Refine<Schemas["Team"], { members?: TeamMember[] | null }>;
export type TeamMember = Present<Schemas["TeamMember"]>;
export type PermissionItem = Present<Schemas["PermissionItem"]>;
export type Registration = Refine<Schemas["Registration"], { status: "waiting" | "approved" | "rejected" }>;
export type RegistrationMode = "off" | "open" | "approval";
export type AccountSettings = Refine<Schemas["AccountSettings"], { registration: RegistrationMode }>;
export type Ways = Refine<Schemas["Ways"], { registration: RegistrationMode }>;
export type IdentityProvider = Present<Schemas["IdentityProvider"]>;
export type SecurityAlert = Present<Schemas["SecurityAlert"]>;
export type SystemHealth = Refine<
  Schemas["SystemHealth"],
  {
    checks: Present<Schemas["Check"]>[];
    queues: Present<Schemas["QueueDepth"]>[];
    figures: Present<Schemas["MetricFigure"]>[];
    database: Present<Schemas["DatabaseHealth"]> | null;
  }
>;
export type AuditRecord = Refine<
  Schemas["AuditRecord"],
  {
    before: Record<string, unknown> | null;
    after: Record<string, unknown> | null;
    detail: Record<string, unknown>;
  }
>;
export type WebhookEndpoint = Refine<Schemas["WebhookEndpointView"], { secret?: string | null }>;
export type Delivery = Present<Schemas["DeliveryView"]>;
export type DeadLetter = Present<Schemas["DeadLetterView"]>;
export type MyTenant = Present<Schemas["MyTenant"]>;

export type Uuid = string;
export type Timestamp = string;

export type Gender = string;
export type ContactKind = "organization_contact" | "organization" | "individual" | "email_contact";

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

/** The draft a pop carries: the body of `POST /tickets`, unknown fields null. */
export type TicketDraft = { [K in keyof TicketInput]?: TicketInput[K] | null };

export type PresenceState =
  | "offline"
  | "available"
  | "reserved"
  | "ringing"
  | "on_call"
  | "wrap_up"
  | "break";

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

/** Bodies, as the server takes them. */
export type NewConnection = Schemas["NewConnection"];
export type ConnectionChange = Schemas["ConnectionChange"];
export type TicketChange = Schemas["EditTicket"];
export type IndividualBody = Schemas["CreateIndividual"];
export type OrganizationBody = Schemas["CreateOrganization"];
export type OrganizationContactBody = Schemas["CreateOrganizationContact"];
export type EmailContactBody = Schemas["CreateEmailContact"];
export type InvitationBody = Schemas["NewInvitation"];
export type MemberChange = Schemas["MemberChange"];
export type NumberBody = Schemas["CreateNumber"];
export type NumberChange = Schemas["UpdateNumber"];
export type BotBody = Schemas["CreateBot"];
export type BotChange = Schemas["UpdateBot"];
export type IdentityProviderBody = Schemas["NewIdentityProvider"];
export type IdentityProviderChange = Schemas["IdentityProviderChange"];
export type LoginBody = Schemas["Login"];
export type RoleBody = Schemas["NewRole"];
export type RoleChange = Schemas["RoleChange"];

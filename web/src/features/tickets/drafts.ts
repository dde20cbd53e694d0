/**
 * Ticket drafts, one per call. A new call brings its own draft and never touches another's, so nothing an agent
 * typed is lost when the next call pops. Kept for the life of the tab (also over a reload), wiped at sign-out.
 */
import { create } from "zustand";
import type { Priority, Ticket, TicketDraft, TicketInput } from "@/lib/api/types";

export interface DraftValues {
  customer_type: "individual" | "organization";
  customer_name: string;
  contact_person: string;
  customer_email: string;
  title: string;
  description: string;
  priority: Priority;
}
export type DraftField = keyof DraftValues;
export const DRAFT_FIELDS: readonly DraftField[] = [
  "customer_type",
  "customer_name",
  "contact_person",
  "customer_email",
  "title",
  "description",
  "priority",
];

export interface StoredDraft {
  values: DraftValues;
  /** Fields the agent changed; later frames fill only the others. */
  touched: Partial<Record<DraftField, true>>;
  /** One key per intended ticket: a repeated click or retry files it once. */
  idempotencyKey: string;
  filed: { id: string; number: number; contactCreated: boolean }[];
}

export function valuesFromDraft(draft: TicketDraft | null | undefined): DraftValues {
  return {
    customer_type:
      draft?.customer_type === "organization" || (!draft?.customer_type && draft?.organization_id)
        ? "organization"
        : "individual",
    customer_name: draft?.customer_name ?? "",
    contact_person: draft?.contact_person ?? "",
    customer_email: draft?.customer_email ?? "",
    title: draft?.title ?? "",
    description: draft?.description ?? "",
    priority: draft?.priority ?? "medium",
  };
}

/** The values to show: what the agent typed, else what the call says now. */
export function mergedValues(
  stored: StoredDraft | undefined,
  draft: TicketDraft | null | undefined,
): DraftValues {
  const fresh = valuesFromDraft(draft);
  if (!stored) return fresh;
  const values = { ...fresh };
  for (const field of DRAFT_FIELDS) {
    if (stored.touched[field]) Object.assign(values, { [field]: stored.values[field] });
  }
  return values;
}

const blank = (text: string) => (text.trim() === "" ? null : text.trim());

/**
 * The body to send. What the pop knew beyond the form (organization id, gender) goes along only while the
 * person it belongs to is still the one in the form.
 */
export function ticketBody(
  values: DraftValues,
  draft: TicketDraft | null,
  callId: string | null,
): TicketInput {
  const organization = values.customer_type === "organization";
  const original = valuesFromDraft(draft);
  const sameCustomer =
    values.customer_type === original.customer_type &&
    values.customer_name.trim() === original.customer_name.trim();
  const samePerson = sameCustomer && values.contact_person.trim() === original.contact_person.trim();
  return {
    title: values.title.trim(),
    description: blank(values.description),
    priority: values.priority,
    call_id: callId ?? draft?.call_id ?? null,
    phone_number: draft?.phone_number ?? null,
    customer_type:
      blank(values.customer_name) === null && !draft?.customer_type ? null : values.customer_type,
    customer_name: blank(values.customer_name),
    contact_person: organization ? blank(values.contact_person) : null,
    customer_email: blank(values.customer_email),
    customer_gender: (organization ? samePerson : sameCustomer) ? (draft?.customer_gender ?? null) : null,
    organization_id: organization && sameCustomer ? (draft?.organization_id ?? null) : null,
  };
}

interface DraftStore {
  drafts: Record<string, StoredDraft>;
  save: (callId: string, draft: StoredDraft) => void;
  /** After filing: the form is free for another ticket of the same call. */
  filed: (callId: string, ticket: Ticket, nextKey: string) => void;
  forget: (callId: string) => void;
}

const STORAGE = "switchroom.drafts";
const KEPT = 30;

function restore(): Record<string, StoredDraft> {
  try {
    const text = sessionStorage.getItem(STORAGE);
    const value: unknown = text ? JSON.parse(text) : null;
    return value && typeof value === "object" ? (value as Record<string, StoredDraft>) : {};
  } catch {
    return {};
  }
}

export const useDrafts = create<DraftStore>((set) => ({
  drafts: restore(),
  save: (callId, draft) =>
    set((state) => {
      const { [callId]: _old, ...others } = state.drafts;
      const entries = Object.entries(others);
      // The oldest leave first; object order is insertion order.
      return { drafts: { ...Object.fromEntries(entries.slice(-KEPT + 1)), [callId]: draft } };
    }),
  filed: (callId, ticket, nextKey) =>
    set((state) => {
      const stored = state.drafts[callId];
      const filed = [
        ...(stored?.filed ?? []),
        { id: ticket.id, number: ticket.number, contactCreated: ticket.contact_created ?? false },
      ];
      return {
        drafts: {
          ...state.drafts,
          [callId]: { values: valuesFromDraft(null), touched: {}, idempotencyKey: nextKey, filed },
        },
      };
    }),
  forget: (callId) =>
    set((state) => {
      const { [callId]: _gone, ...drafts } = state.drafts;
      return { drafts };
    }),
}));

useDrafts.subscribe((state) => {
  try {
    sessionStorage.setItem(STORAGE, JSON.stringify(state.drafts));
  } catch {
    // Full or blocked storage: drafts still live in this page.
  }
});

export function hasTypedText(stored: StoredDraft | undefined): boolean {
  return stored !== undefined && Object.keys(stored.touched).length > 0;
}

export function forgetAllDrafts(): void {
  useDrafts.setState({ drafts: {} });
  try {
    sessionStorage.removeItem(STORAGE);
  } catch {
    // Nothing was stored then.
  }
}

const OWNER = "switchroom.drafts.owner";

/** Drafts belong to who typed them: another person signing in on this tab must not see them. */
export function claimDrafts(userId: string): void {
  try {
    if (sessionStorage.getItem(OWNER) === userId) return;
    forgetAllDrafts();
    sessionStorage.setItem(OWNER, userId);
  } catch {
    forgetAllDrafts();
  }
}

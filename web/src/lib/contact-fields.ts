/** The tenant's own fields of contacts: asked for by the forms of contacts, and by the screen that makes them. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./api/client";
import { CONTACT_KIND, type ContactField } from "./api/directory-types";
import { keys } from "./api/query";
import type { Page } from "./api/types";

const load = (query: { kind?: string }, signal?: AbortSignal): Promise<Page<ContactField>> =>
  take<Page<ContactField>>(api.GET("/api/v1/contact-fields", { params: { query }, signal }));

/** Whose fields they are, as the books of the directory are called. */
export type FieldOwner = keyof typeof CONTACT_KIND;

export const loadFields = (owner: FieldOwner, signal?: AbortSignal) =>
  load({ kind: CONTACT_KIND[owner] }, signal);

export const fieldsQuery = (owner: FieldOwner) =>
  queryOptions({
    queryKey: [...keys.directory, "fields", owner],
    staleTime: 60_000,
    queryFn: ({ signal }) => loadFields(owner, signal),
  });

/** Those of all kinds of contact. */
export const allFieldsQuery = queryOptions({
  queryKey: [...keys.directory, "fields"],
  staleTime: 60_000,
  queryFn: ({ signal }) => load({}, signal),
});

/** What somebody does who is not signed in: a forgotten password, an invitation. */
import { api, take } from "./api/client";
import { queryClient } from "./api/query";
import type { InvitationOffer, Ways } from "./api/types";

export type { InvitationOffer };

export async function askForPasswordLink(email: string): Promise<void> {
  await take(api.POST("/api/v1/auth/password-reset/request", { body: { email } }));
}

export async function choosePassword(token: string, password: string): Promise<void> {
  await take(api.POST("/api/v1/auth/password-reset/confirm", { body: { token, password } }));
}

export async function lookAtInvitation(token: string): Promise<InvitationOffer> {
  return await take<InvitationOffer>(api.POST("/api/v1/auth/invitations/look", { body: { token } }));
}

/** Joins and signs in: the answer sets the session cookie, and its tokens are for API clients. */
export async function acceptInvitation(body: {
  token: string;
  name?: string;
  password: string;
  /** Of accounts with a second factor, once the server asks for it. */
  totp?: string;
}): Promise<void> {
  await take(api.POST("/api/v1/auth/invitations/accept", { body }));
  queryClient.clear();
}

/** The answer is the same whoever asks: what comes next is in the mail. */
export async function askToRegister(body: { tenant: string; name: string; email: string }): Promise<void> {
  await take(api.POST("/api/v1/auth/register", { body }));
}

export async function confirmRegistration(
  token: string,
  password: string | undefined,
): Promise<{ status: string; tenant_name: string }> {
  return await take<{ status: string; tenant_name: string }>(
    api.POST("/api/v1/auth/register/confirm", { body: password ? { token, password } : { token } }),
  );
}

/** What the sign-in page of a tenant offers besides e-mail and password. */
export async function waysIn(tenant: string): Promise<Ways> {
  return await take<Ways>(api.GET("/api/v1/auth/ways", { params: { query: { tenant } } }));
}

/** What can be done about people, and which of it makes sense for whom. */
import { api, idempotencyKey, take } from "@/lib/api/client";
import type {
  Invitation,
  InvitationBody,
  Member,
  MemberChange,
  PasswordLink,
  Person,
  RoleItem,
} from "@/lib/api/types";

const one = (id: string) => ({ params: { path: { id } } });
const command = (id: string) => ({ ...one(id), headers: { "Idempotency-Key": idempotencyKey() } });

export function loadMember(id: string, signal?: AbortSignal): Promise<Member> {
  return take<Member>(api.GET("/api/v1/users/{id}", { ...one(id), signal }));
}

export function changeMember(id: string, body: MemberChange, etag: string): Promise<Member> {
  return take<Member>(
    api.PATCH("/api/v1/users/{id}", { body, params: { path: { id }, header: { "If-Match": etag } } }),
  );
}

export const deactivate = (person: { id: string }): Promise<Member> =>
  take<Member>(api.POST("/api/v1/users/{id}/deactivate", command(person.id)));
export const activate = (person: { id: string }): Promise<Member> =>
  take<Member>(api.POST("/api/v1/users/{id}/activate", command(person.id)));
export const signOutEverywhere = (person: { id: string }) =>
  take(api.DELETE("/api/v1/users/{id}/sessions", one(person.id)));

export const makePasswordLink = (person: { id: string }): Promise<PasswordLink> =>
  take<PasswordLink>(api.POST("/api/v1/users/{id}/password-link", command(person.id)));

export const invite = (body: InvitationBody, key: string): Promise<Invitation> =>
  take<Invitation>(api.POST("/api/v1/invitations", { body, headers: { "Idempotency-Key": key } }));
export const withdraw = (invitation: { id: string }) =>
  take(api.DELETE("/api/v1/invitations/{id}", one(invitation.id)));
export const resend = (invitation: { id: string }): Promise<Invitation> =>
  take<Invitation>(api.POST("/api/v1/invitations/{id}/resend", command(invitation.id)));

export interface PeopleRights {
  edit: boolean;
  signOut: boolean;
  /** Owners answer to owners only: admins neither change one nor make one. */
  reachesOwners: boolean;
  /** What one may oneself, and so may give. */
  has: ReadonlySet<string>;
  /** Oneself, who cannot be switched off or given another role by oneself. */
  self: string;
  /** Whether one may look for contacts, and so say which one a client is. */
  contacts: boolean;
}

const OWNER = "org_owner";

/** Whether somebody's authority reaches a person of this role. */
export function reaches(role: string, rights: PeopleRights): boolean {
  return rights.reachesOwners || role !== OWNER;
}

/** What makes sense for this person; the server judges in any case. */
export function possible(
  person: Pick<Person, "id" | "role" | "is_active">,
  rights: PeopleRights,
): {
  edit: boolean;
  activate: boolean;
  deactivate: boolean;
  signOut: boolean;
  password: boolean;
  powers: boolean;
} {
  const reached = reaches(person.role, rights);
  const own = person.id === rights.self;
  return {
    edit: rights.edit && reached,
    powers: rights.edit && reached && !own,
    activate: rights.edit && reached && !own && !person.is_active,
    deactivate: rights.edit && reached && !own && person.is_active,
    signOut: rights.signOut && reached && person.is_active,
    password: rights.edit && reached && !own && person.is_active,
  };
}

/** The roles somebody may give: those whose people they reach, with nothing in them that they do not have themselves. */
export function grantable(roles: readonly RoleItem[], rights: PeopleRights): RoleItem[] {
  return roles.filter(
    (role) =>
      reaches(role.base, rights) &&
      (role.id === null || role.permissions.every((permission) => rights.has.has(permission))),
  );
}

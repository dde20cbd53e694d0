//! The one table of who may do what: every endpoint and every socket message names what it needs, and every role
//! names what it has. Deny by default: what is not listed here is refused.
//!
//! Checks ask for a [`Permission`], never for a role. The fixed rows are those of contract §5; the others are the
//! default powers of requirements.md "One role model". Module flags lie on top: both must hold.
//!
//! What a permission reaches *within* a tenant (an agent's own tickets, a client's own requests) is decided by the
//! noun concerned; this table only opens or closes the door.

use std::fmt;

use crate::{
    directory::ContactKind,
    role::{Module, Modules, Role},
};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal $(in $module:ident)? : $roles:expr;)+) => {
        /// One power, `noun.verb`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The permission of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.name() == name)
            }

            /// The module whose flag must hold as well.
            pub const fn module(self) -> Option<Module> {
                match self { $(Self::$name => permissions!(@module $($module)?),)+ }
            }

            /// The roles that have it by default.
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => $roles,)+ }
            }
        }
    };
    (@module) => { None };
    (@module $module:ident) => { Some(Module::$module) };
}

use Role::{Agent, Client, Corporate, Member, OrgAdmin, OrgOwner, Supervisor};

/// Nobody inside a tenant: the platform admin only.
const PLATFORM: &[Role] = &[];
const ADMINS: &[Role] = &[OrgOwner, OrgAdmin];
const LEADS: &[Role] = &[OrgOwner, OrgAdmin, Supervisor];
const CALL_STAFF: &[Role] = &[OrgOwner, OrgAdmin, Supervisor, Agent];
const OFFICE: &[Role] = &[OrgOwner, OrgAdmin, Supervisor, Agent, Corporate];
const STAFF: &[Role] = &[OrgOwner, OrgAdmin, Supervisor, Agent, Corporate, Member];
const OFFICE_AND_CLIENT: &[Role] = &[OrgOwner, OrgAdmin, Supervisor, Agent, Corporate, Client];

permissions! {
    UsersRead = "users.read": STAFF;
    /// Invite people, see and withdraw invitations.
    UsersCreate = "users.create": ADMINS;
    /// Change what people are and may, switch them off and on.
    UsersEdit = "users.edit": ADMINS;
    /// End somebody else's sessions, see when people were last seen.
    UsersSignOut = "users.sign_out": ADMINS;
    /// See and revoke other people's API tokens.
    TokensManage = "api_tokens.manage": ADMINS;
    AuditRead = "audit.read": ADMINS;
    /// How the server itself is: its figures are of all tenants.
    SystemRead = "system.read": PLATFORM;
    /// Make, change and delete roles of the tenant's own.
    RolesEdit = "roles.edit": ADMINS;
    TeamsRead = "teams.read": STAFF;
    TeamsEdit = "teams.edit": ADMINS;
    /// See clients who want to register, let them in or not.
    RegistrationsManage = "registrations.manage": ADMINS;
    SettingsRead = "settings.read": ADMINS;
    /// How people come in: registration, identity providers.
    SettingsEdit = "settings.edit": ADMINS;

    /// Ask who a number belongs to.
    ContactsLookup = "contacts.lookup": STAFF;
    IndividualsRead = "individuals.read" in Individuals: STAFF;
    IndividualsCreate = "individuals.create" in Individuals: OFFICE;
    IndividualsEdit = "individuals.edit" in Individuals: OFFICE;
    IndividualsDelete = "individuals.delete" in Individuals: LEADS;
    OrganizationsRead = "organizations.read" in Organizations: STAFF;
    OrganizationsCreate = "organizations.create" in Organizations: OFFICE;
    OrganizationsEdit = "organizations.edit" in Organizations: OFFICE;
    OrganizationsDelete = "organizations.delete" in Organizations: LEADS;
    EmailContactsRead = "email_contacts.read": STAFF;
    EmailContactsCreate = "email_contacts.create": OFFICE;
    EmailContactsEdit = "email_contacts.edit": OFFICE;
    EmailContactsDelete = "email_contacts.delete": LEADS;

    ContactFieldsRead = "contact_fields.read": STAFF;
    /// Make and change the tenant's own fields of contacts, and say what every organization must have.
    ContactFieldsEdit = "contact_fields.edit": ADMINS;
    ContactNotesRead = "contact_notes.read": STAFF;
    ContactNotesWrite = "contact_notes.write": OFFICE;
    /// Delete what somebody else wrote down.
    ContactNotesDelete = "contact_notes.delete": LEADS;

    /// Find duplicates, make two records one, and two again.
    ContactsMerge = "contacts.merge": LEADS;
    /// Take a person out of everything, for good.
    ContactsErase = "contacts.erase": ADMINS;
    /// Send files of contacts in.
    ContactsImport = "contacts.import": LEADS;
    /// Take files of contacts out.
    ContactsExport = "contacts.export": LEADS;

    CallsRead = "calls.read": CALL_STAFF;
    QueuesRead = "queues.read": CALL_STAFF;
    AgentsRead = "agents.read": CALL_STAFF;
    /// Change one's own presence.
    PresenceSet = "presence.set": CALL_STAFF;
    /// Change somebody else's.
    PresenceSetOthers = "presence.set_others": LEADS;
    WallboardRead = "wallboard.read": LEADS;
    EventsRead = "events.read": LEADS;

    TicketsRead = "tickets.read" in Tickets: OFFICE_AND_CLIENT;
    /// See every ticket of the tenant, not only one's own and the unassigned ones.
    TicketsViewAll = "tickets.view_all" in Tickets: LEADS;
    TicketsCreate = "tickets.create" in Tickets: OFFICE_AND_CLIENT;
    TicketsEdit = "tickets.edit" in Tickets: OFFICE;
    TicketsReply = "tickets.reply" in Tickets: OFFICE_AND_CLIENT;
    /// Read and write internal notes.
    TicketsNote = "tickets.note" in Tickets: OFFICE;
    TicketsMove = "tickets.move" in Tickets: CALL_STAFF;
    TicketsTake = "tickets.take" in Tickets: CALL_STAFF;
    TicketsAssign = "tickets.assign" in Tickets: LEADS;
    TicketsClose = "tickets.close" in Tickets: CALL_STAFF;
    TicketsDelete = "tickets.delete" in Tickets: ADMINS;

    NumbersRead = "numbers.read" in Numbers: STAFF;
    NumbersCreate = "numbers.create" in Numbers: PLATFORM;
    NumbersDelete = "numbers.delete" in Numbers: PLATFORM;
    NumbersReserve = "numbers.reserve" in Numbers: PLATFORM;
    NumbersAssign = "numbers.assign" in Numbers: ADMINS;
    NumbersRelease = "numbers.release" in Numbers: ADMINS;
    NumbersConnect = "numbers.connect" in Numbers: ADMINS;

    BotsRead = "bots.read" in Numbers: STAFF;
    /// Make, change, switch and delete bots.
    BotsManage = "bots.manage" in Numbers: ADMINS;

    /// See every tenant, with what it has and does.
    TenantsRead = "tenants.read": PLATFORM;
    /// Make a tenant and invite its owner.
    TenantsCreate = "tenants.create": PLATFORM;
    TenantsEdit = "tenants.edit": PLATFORM;
    /// Shut a tenant's doors, and open them again.
    TenantsSuspend = "tenants.suspend": PLATFORM;

    WebhooksRead = "webhooks.read": ADMINS;
    /// Make, change and delete endpoints, send again.
    WebhooksManage = "webhooks.manage": ADMINS;

    ConnectionsRead = "connections.read": ADMINS;
    ConnectionsCreate = "connections.create": ADMINS;
    ConnectionsEdit = "connections.edit": ADMINS;
    ConnectionsDelete = "connections.delete": ADMINS;
}

impl Permission {
    /// What reading a kind of contact needs.
    pub const fn to_read(kind: ContactKind) -> Self {
        match kind {
            ContactKind::Individual => Self::IndividualsRead,
            ContactKind::Organization | ContactKind::OrganizationContact => Self::OrganizationsRead,
            ContactKind::EmailContact => Self::EmailContactsRead,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Role {
    /// Whether the role's default bundle holds the permission (module flags apart).
    pub fn grants(self, permission: Permission) -> bool {
        permission.roles().contains(&self)
    }

    /// Whether a member of this role with these module flags may.
    pub fn may(self, permission: Permission, modules: Modules) -> bool {
        self.grants(permission) && permission.module().is_none_or(|module| modules.allows(module))
    }

    /// The default bundle, in the order of the table.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.grants(*permission))
    }
}

/// What a door asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not.
    Public,
    /// Anybody who is signed in.
    SignedIn,
    Permission(Permission),
}

impl Access {
    /// As in `x-permission` of the API document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed_in",
            Self::Permission(permission) => permission.name(),
        }
    }
}

/// Whether a door needs a tenant. The platform admin, whose sign-in is bound to none, names one by `X-Tenant` where
/// it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Tenant,
    Any,
}

/// One HTTP operation. `path` is written as the router writes it.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub scope: Scope,
}

const fn door(method: &'static str, path: &'static str, access: Access, scope: Scope) -> Endpoint {
    Endpoint { method, path, access, scope }
}
const fn public(method: &'static str, path: &'static str) -> Endpoint {
    door(method, path, Access::Public, Scope::Any)
}
const fn signed_in(method: &'static str, path: &'static str, scope: Scope) -> Endpoint {
    door(method, path, Access::SignedIn, scope)
}
/// Needs the permission, inside a tenant.
const fn may(method: &'static str, path: &'static str, permission: Permission) -> Endpoint {
    door(method, path, Access::Permission(permission), Scope::Tenant)
}
/// Needs the permission; the platform admin may do it for no tenant in particular.
const fn may_anywhere(method: &'static str, path: &'static str, permission: Permission) -> Endpoint {
    door(method, path, Access::Permission(permission), Scope::Any)
}

use Permission as P;

/// Every HTTP operation of the program.
pub const ENDPOINTS: &[Endpoint] = &[
    public("GET", "/healthz"),
    public("GET", "/readyz"),
    public("GET", "/metrics"),
    public("GET", "/openapi.json"),
    public("GET", "/asyncapi.json"),
    public("GET", "/docs"),
    public("GET", "/docs/{file}"),
    // The signature is the sign-in of a provider; it is judged by the hook itself.
    public("POST", "/hooks/{key}"),
    public("POST", "/api/v1/auth/login"),
    // What the sign-in page of a tenant offers, and ways in that prove themselves: by a mailed link, by a provider.
    public("GET", "/api/v1/auth/ways"),
    public("POST", "/api/v1/auth/register"),
    public("POST", "/api/v1/auth/register/confirm"),
    public("GET", "/api/v1/auth/oidc/{provider}/start"),
    public("GET", "/api/v1/auth/oidc/callback"),
    signed_in("GET", "/api/v1/auth/second-factor", Scope::Any),
    signed_in("POST", "/api/v1/auth/second-factor", Scope::Any),
    signed_in("POST", "/api/v1/auth/second-factor/confirm", Scope::Any),
    signed_in("POST", "/api/v1/auth/second-factor/disable", Scope::Any),
    signed_in("POST", "/api/v1/auth/second-factor/backup-codes", Scope::Any),
    signed_in("GET", "/api/v1/auth/devices", Scope::Any),
    signed_in("DELETE", "/api/v1/auth/devices", Scope::Any),
    signed_in("DELETE", "/api/v1/auth/devices/{id}", Scope::Any),
    public("POST", "/api/v1/auth/refresh"),
    signed_in("POST", "/api/v1/auth/logout", Scope::Any),
    signed_in("POST", "/api/v1/auth/switch", Scope::Any),
    signed_in("GET", "/api/v1/auth/sessions", Scope::Any),
    signed_in("DELETE", "/api/v1/auth/sessions", Scope::Any),
    signed_in("DELETE", "/api/v1/auth/sessions/{id}", Scope::Any),
    signed_in("GET", "/api/v1/auth/history", Scope::Any),
    signed_in("POST", "/api/v1/auth/password", Scope::Any),
    // The token of the mailed link is the sign-in here.
    public("POST", "/api/v1/auth/password-reset/request"),
    public("POST", "/api/v1/auth/password-reset/confirm"),
    public("POST", "/api/v1/auth/invitations/look"),
    public("POST", "/api/v1/auth/invitations/accept"),
    signed_in("GET", "/api/v1/me", Scope::Any),
    signed_in("PATCH", "/api/v1/me", Scope::Any),
    signed_in("GET", "/api/v1/me/tenants", Scope::Any),
    may("GET", "/api/v1/users", P::UsersRead),
    may("GET", "/api/v1/users/{id}", P::UsersRead),
    may("PATCH", "/api/v1/users/{id}", P::UsersEdit),
    may("POST", "/api/v1/users/{id}/deactivate", P::UsersEdit),
    may("POST", "/api/v1/users/{id}/activate", P::UsersEdit),
    may("GET", "/api/v1/users/{id}/history", P::AuditRead),
    may("DELETE", "/api/v1/users/{id}/sessions", P::UsersSignOut),
    may("GET", "/api/v1/invitations", P::UsersCreate),
    may("POST", "/api/v1/invitations", P::UsersCreate),
    may("GET", "/api/v1/invitations/{id}", P::UsersCreate),
    may("DELETE", "/api/v1/invitations/{id}", P::UsersCreate),
    may("POST", "/api/v1/invitations/{id}/resend", P::UsersCreate),
    may("POST", "/api/v1/users/{id}/password-link", P::UsersEdit),
    may("GET", "/api/v1/users/{id}/second-factor", P::UsersEdit),
    may("DELETE", "/api/v1/users/{id}/second-factor", P::UsersEdit),
    signed_in("GET", "/api/v1/roles", Scope::Any),
    may("POST", "/api/v1/roles", P::RolesEdit),
    may("GET", "/api/v1/roles/{id}", P::UsersRead),
    may("PATCH", "/api/v1/roles/{id}", P::RolesEdit),
    may("DELETE", "/api/v1/roles/{id}", P::RolesEdit),
    signed_in("GET", "/api/v1/permissions", Scope::Any),
    may("GET", "/api/v1/teams", P::TeamsRead),
    may("POST", "/api/v1/teams", P::TeamsEdit),
    may("GET", "/api/v1/teams/{id}", P::TeamsRead),
    may("PATCH", "/api/v1/teams/{id}", P::TeamsEdit),
    may("DELETE", "/api/v1/teams/{id}", P::TeamsEdit),
    may("PUT", "/api/v1/teams/{id}/members/{user_id}", P::TeamsEdit),
    may("DELETE", "/api/v1/teams/{id}/members/{user_id}", P::TeamsEdit),
    may("GET", "/api/v1/extensions", P::UsersRead),
    may("GET", "/api/v1/registrations", P::RegistrationsManage),
    may("POST", "/api/v1/registrations/{id}/approve", P::RegistrationsManage),
    may("POST", "/api/v1/registrations/{id}/reject", P::RegistrationsManage),
    may("GET", "/api/v1/settings/accounts", P::SettingsRead),
    may("PATCH", "/api/v1/settings/accounts", P::SettingsEdit),
    may("GET", "/api/v1/identity-providers", P::SettingsRead),
    may("POST", "/api/v1/identity-providers", P::SettingsEdit),
    may("GET", "/api/v1/identity-providers/{id}", P::SettingsRead),
    may("PATCH", "/api/v1/identity-providers/{id}", P::SettingsEdit),
    may("DELETE", "/api/v1/identity-providers/{id}", P::SettingsEdit),
    may_anywhere("GET", "/api/v1/audit", P::AuditRead),
    may_anywhere("GET", "/api/v1/audit/export", P::AuditRead),
    may_anywhere("GET", "/api/v1/security-alerts", P::AuditRead),
    may_anywhere("GET", "/api/v1/system-health", P::SystemRead),
    signed_in("GET", "/api/v1/audit/me", Scope::Any),
    may_anywhere("GET", "/api/v1/audit/user/{id}", P::AuditRead),
    may_anywhere("GET", "/api/v1/tenants", P::TenantsRead),
    may_anywhere("POST", "/api/v1/tenants", P::TenantsCreate),
    may_anywhere("GET", "/api/v1/tenants/{id}", P::TenantsRead),
    may_anywhere("PATCH", "/api/v1/tenants/{id}", P::TenantsEdit),
    may_anywhere("POST", "/api/v1/tenants/{id}/suspend", P::TenantsSuspend),
    may_anywhere("POST", "/api/v1/tenants/{id}/resume", P::TenantsSuspend),
    // Everybody manages their own; whose they are is checked row by row.
    signed_in("GET", "/api/v1/api-tokens", Scope::Any),
    signed_in("POST", "/api/v1/api-tokens", Scope::Any),
    signed_in("GET", "/api/v1/api-tokens/{id}", Scope::Any),
    signed_in("DELETE", "/api/v1/api-tokens/{id}", Scope::Any),
    signed_in("POST", "/api/v1/ws-tickets", Scope::Tenant),
    may("GET", "/api/v1/connections", P::ConnectionsRead),
    may("POST", "/api/v1/connections", P::ConnectionsCreate),
    may("GET", "/api/v1/connections/{id}", P::ConnectionsRead),
    may("PATCH", "/api/v1/connections/{id}", P::ConnectionsEdit),
    may("DELETE", "/api/v1/connections/{id}", P::ConnectionsDelete),
    may("GET", "/api/v1/webhook-endpoints", P::WebhooksRead),
    may("POST", "/api/v1/webhook-endpoints", P::WebhooksManage),
    may("GET", "/api/v1/webhook-endpoints/{id}", P::WebhooksRead),
    may("PATCH", "/api/v1/webhook-endpoints/{id}", P::WebhooksManage),
    may("DELETE", "/api/v1/webhook-endpoints/{id}", P::WebhooksManage),
    may("POST", "/api/v1/webhook-endpoints/{id}/rotate-secret", P::WebhooksManage),
    may("POST", "/api/v1/webhook-endpoints/{id}/replay", P::WebhooksManage),
    may("GET", "/api/v1/webhook-endpoints/{id}/deliveries", P::WebhooksRead),
    may("GET", "/api/v1/webhook-endpoints/{id}/dead-letters", P::WebhooksRead),
    may("POST", "/api/v1/webhook-endpoints/{id}/dead-letters/replay", P::WebhooksManage),
    may("GET", "/api/v1/calls", P::CallsRead),
    may("GET", "/api/v1/calls/{id}", P::CallsRead),
    may("GET", "/api/v1/calls/{id}/events", P::CallsRead),
    may("GET", "/api/v1/calls/{id}/tickets", P::CallsRead),
    may("GET", "/api/v1/events", P::EventsRead),
    may("GET", "/api/v1/agents", P::AgentsRead),
    may("POST", "/api/v1/agents/{id}/presence", P::PresenceSet),
    may("GET", "/api/v1/agents/performance", P::WallboardRead),
    // One's own; somebody else's needs what everybody's does.
    may("GET", "/api/v1/agents/{id}/performance", P::AgentsRead),
    may("GET", "/api/v1/queues", P::QueuesRead),
    may("GET", "/api/v1/wallboard", P::WallboardRead),
    may("GET", "/api/v1/caller-context", P::ContactsLookup),
    may("POST", "/api/v1/caller-context", P::ContactsLookup),
    may("GET", "/api/v1/individuals", P::IndividualsRead),
    may("POST", "/api/v1/individuals", P::IndividualsCreate),
    may("GET", "/api/v1/individuals/{id}", P::IndividualsRead),
    may("PATCH", "/api/v1/individuals/{id}", P::IndividualsEdit),
    may("DELETE", "/api/v1/individuals/{id}", P::IndividualsDelete),
    may("GET", "/api/v1/organizations", P::OrganizationsRead),
    may("POST", "/api/v1/organizations", P::OrganizationsCreate),
    may("GET", "/api/v1/organizations/{id}", P::OrganizationsRead),
    may("PATCH", "/api/v1/organizations/{id}", P::OrganizationsEdit),
    may("DELETE", "/api/v1/organizations/{id}", P::OrganizationsDelete),
    may("GET", "/api/v1/organizations/{id}/contacts", P::OrganizationsRead),
    may("POST", "/api/v1/organizations/{id}/contacts", P::OrganizationsEdit),
    may("GET", "/api/v1/organizations/{id}/contacts/{contact_id}", P::OrganizationsRead),
    may("PATCH", "/api/v1/organizations/{id}/contacts/{contact_id}", P::OrganizationsEdit),
    may("DELETE", "/api/v1/organizations/{id}/contacts/{contact_id}", P::OrganizationsDelete),
    may("GET", "/api/v1/email-contacts", P::EmailContactsRead),
    may("POST", "/api/v1/email-contacts", P::EmailContactsCreate),
    may("GET", "/api/v1/email-contacts/{id}", P::EmailContactsRead),
    may("PATCH", "/api/v1/email-contacts/{id}", P::EmailContactsEdit),
    may("DELETE", "/api/v1/email-contacts/{id}", P::EmailContactsDelete),
    may("POST", "/api/v1/individuals/{id}/status", P::IndividualsEdit),
    may("POST", "/api/v1/organizations/{id}/status", P::OrganizationsEdit),
    may("GET", "/api/v1/contact-fields", P::ContactFieldsRead),
    may("POST", "/api/v1/contact-fields", P::ContactFieldsEdit),
    may("GET", "/api/v1/contact-fields/{id}", P::ContactFieldsRead),
    may("PATCH", "/api/v1/contact-fields/{id}", P::ContactFieldsEdit),
    may("DELETE", "/api/v1/contact-fields/{id}", P::ContactFieldsEdit),
    may("GET", "/api/v1/settings/directory", P::ContactFieldsRead),
    may("PATCH", "/api/v1/settings/directory", P::ContactFieldsEdit),
    may("GET", "/api/v1/contact-duplicates", P::ContactsMerge),
    may("GET", "/api/v1/contact-duplicates/candidates", P::ContactsMerge),
    may("GET", "/api/v1/contact-merges", P::ContactsMerge),
    may("POST", "/api/v1/contact-merges", P::ContactsMerge),
    may("POST", "/api/v1/contact-merges/{id}/undo", P::ContactsMerge),
    may("GET", "/api/v1/contact-erasures", P::ContactsErase),
    may("POST", "/api/v1/contact-erasures", P::ContactsErase),
    may("GET", "/api/v1/contacts", P::ContactsLookup),
    // Of the kinds that one may read.
    may("GET", "/api/v1/contact-summary", P::ContactsLookup),
    may("GET", "/api/v1/contact-imports", P::ContactsImport),
    may("POST", "/api/v1/contact-imports", P::ContactsImport),
    may("GET", "/api/v1/contact-imports/{id}", P::ContactsImport),
    may("DELETE", "/api/v1/contact-imports/{id}", P::ContactsImport),
    may("POST", "/api/v1/contact-imports/{id}/preview", P::ContactsImport),
    may("POST", "/api/v1/contact-imports/{id}/run", P::ContactsImport),
    may("GET", "/api/v1/contact-imports/{id}/rejects", P::ContactsImport),
    may("GET", "/api/v1/contact-exports", P::ContactsExport),
    // Whose contact's they are limits notes: what somebody may not read has none for them.
    may("GET", "/api/v1/contact-notes", P::ContactNotesRead),
    may("POST", "/api/v1/contact-notes", P::ContactNotesWrite),
    may("GET", "/api/v1/contact-notes/{id}", P::ContactNotesRead),
    may("PATCH", "/api/v1/contact-notes/{id}", P::ContactNotesWrite),
    may("DELETE", "/api/v1/contact-notes/{id}", P::ContactNotesWrite),
    may("GET", "/api/v1/tickets", P::TicketsRead),
    may("POST", "/api/v1/tickets", P::TicketsCreate),
    may("GET", "/api/v1/tickets/{id}", P::TicketsRead),
    may("PATCH", "/api/v1/tickets/{id}", P::TicketsEdit),
    may("DELETE", "/api/v1/tickets/{id}", P::TicketsDelete),
    may("POST", "/api/v1/tickets/{id}/status", P::TicketsMove),
    may("POST", "/api/v1/tickets/{id}/assign", P::TicketsAssign),
    may("POST", "/api/v1/tickets/{id}/take", P::TicketsTake),
    // Handing on what one has; whose tickets one sees limits it.
    may("POST", "/api/v1/tickets/{id}/transfer", P::TicketsTake),
    may("POST", "/api/v1/tickets/{id}/close", P::TicketsClose),
    may("GET", "/api/v1/tickets/{id}/replies", P::TicketsRead),
    may("POST", "/api/v1/tickets/{id}/replies", P::TicketsReply),
    may("GET", "/api/v1/tickets/{id}/activities", P::TicketsRead),
    may_anywhere("GET", "/api/v1/phone-numbers", P::NumbersRead),
    may_anywhere("POST", "/api/v1/phone-numbers", P::NumbersCreate),
    may_anywhere("GET", "/api/v1/phone-numbers/{id}", P::NumbersRead),
    may_anywhere("PATCH", "/api/v1/phone-numbers/{id}", P::NumbersCreate),
    may_anywhere("DELETE", "/api/v1/phone-numbers/{id}", P::NumbersDelete),
    may_anywhere("GET", "/api/v1/phone-numbers/{id}/assignments", P::NumbersRead),
    may_anywhere("GET", "/api/v1/phone-numbers/{id}/connections", P::NumbersRead),
    may_anywhere("GET", "/api/v1/phone-number-summary", P::NumbersRead),
    may_anywhere("GET", "/api/v1/phone-number-imports", P::NumbersCreate),
    may_anywhere("POST", "/api/v1/phone-number-imports", P::NumbersCreate),
    may_anywhere("GET", "/api/v1/phone-number-imports/{id}", P::NumbersCreate),
    may_anywhere("DELETE", "/api/v1/phone-number-imports/{id}", P::NumbersCreate),
    may_anywhere("POST", "/api/v1/phone-number-imports/{id}/run", P::NumbersCreate),
    may_anywhere("GET", "/api/v1/phone-number-imports/{id}/rejects", P::NumbersCreate),
    may("POST", "/api/v1/phone-numbers/{id}/reserve", P::NumbersReserve),
    may_anywhere("POST", "/api/v1/phone-numbers/{id}/unreserve", P::NumbersReserve),
    may("POST", "/api/v1/phone-numbers/{id}/assign", P::NumbersAssign),
    // The platform admin frees a held or quarantined line, whose it is no tenant's.
    may_anywhere("POST", "/api/v1/phone-numbers/{id}/release", P::NumbersRelease),
    may("POST", "/api/v1/phone-numbers/{id}/connect", P::NumbersConnect),
    may("POST", "/api/v1/phone-numbers/{id}/disconnect", P::NumbersConnect),
    may("GET", "/api/v1/bots", P::BotsRead),
    may("POST", "/api/v1/bots", P::BotsManage),
    may("GET", "/api/v1/bots/{id}", P::BotsRead),
    may("PATCH", "/api/v1/bots/{id}", P::BotsManage),
    may("DELETE", "/api/v1/bots/{id}", P::BotsManage),
    may("POST", "/api/v1/bots/{id}/activate", P::BotsManage),
    may("POST", "/api/v1/bots/{id}/deactivate", P::BotsManage),
];

/// The doors beside the API. Each is judged by the room it leads to, and held against this list from outside
/// (`tests/house/permissions.rs`).
pub const BESIDE: &[Endpoint] = &[
    // What may be said over it is in MESSAGES.
    signed_in("GET", "/ws", Scope::Tenant),
    // The token of the link is the sign-in here.
    public("GET", "/welcome/{token}"),
    public("POST", "/welcome/{token}"),
    // The console: the same files for everybody; what it shows comes through the API.
    public("GET", "/{page}"),
];

/// One message a client may send over its socket. For `subscribe` and `unsubscribe` the row is per topic; a topic
/// with a subject (`tickets:ID`) is named by the part before the colon.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    pub kind: &'static str,
    pub topic: Option<&'static str>,
    pub access: Access,
}

/// Every message of the socket protocol that a client may send. Opening the socket needs a sign-in of itself.
pub const MESSAGES: &[Message] = &[
    Message { kind: "resume", topic: None, access: Access::SignedIn },
    Message { kind: "ack", topic: None, access: Access::SignedIn },
    Message { kind: "pong", topic: None, access: Access::SignedIn },
    Message { kind: "presence", topic: None, access: Access::Permission(P::PresenceSet) },
    Message { kind: "unsubscribe", topic: None, access: Access::SignedIn },
    Message { kind: "subscribe", topic: Some("wallboard"), access: Access::Permission(P::WallboardRead) },
    Message { kind: "subscribe", topic: Some("calls"), access: Access::Permission(P::CallsRead) },
    Message { kind: "subscribe", topic: Some("tickets"), access: Access::Permission(P::TicketsRead) },
];

/// The row of an HTTP operation; `None` = refused. HEAD is judged as GET.
pub fn endpoint(method: &str, path: &str) -> Option<&'static Endpoint> {
    let method = if method == "HEAD" { "GET" } else { method };
    ENDPOINTS.iter().find(|row| row.method == method && row.path == path)
}

/// What a socket message needs; `None` = no such message or topic, refused.
pub fn message(kind: &str, topic: Option<&str>) -> Option<Access> {
    MESSAGES.iter().find(|row| row.kind == kind && row.topic == topic).map(|row| row.access)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_noun_dot_verb_and_unique() {
        let mut seen = BTreeSet::new();
        for permission in Permission::ALL {
            let name = permission.name();
            let (noun, verb) = name.split_once('.').unwrap();
            for part in [noun, verb] {
                assert!(
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                    "{name}"
                );
            }
            assert!(seen.insert(name), "{name} twice");
        }
    }

    #[test]
    fn rows_are_unique_and_every_permission_is_asked_for_somewhere() {
        let mut rows = BTreeSet::new();
        for row in ENDPOINTS.iter().chain(BESIDE) {
            assert!(rows.insert((row.path, row.method)), "{} {} twice", row.method, row.path);
        }
        let asked = |permission: Permission| {
            ENDPOINTS
                .iter()
                .map(|row| row.access)
                .chain(MESSAGES.iter().map(|row| row.access))
                .any(|access| access == Access::Permission(permission))
        };
        // Asked for by the noun itself, row by row, or reserved for endpoints of a later issue.
        let inside =
            [P::TokensManage, P::PresenceSetOthers, P::TicketsViewAll, P::TicketsNote, P::ContactNotesDelete];
        for permission in Permission::ALL {
            assert_ne!(asked(*permission), inside.contains(permission), "{permission}");
        }
    }

    /// Contract §5, "Fixed rows".
    #[test]
    fn fixed_rows() {
        let who = |permission: Permission| {
            Role::ALL.into_iter().filter(|r| r.grants(permission)).collect::<Vec<_>>()
        };
        let not_client = vec![OrgOwner, OrgAdmin, Supervisor, Agent, Corporate, Member];
        assert_eq!(who(P::ContactsLookup), not_client);
        assert_eq!(who(P::NumbersRead), not_client);
        for admin_only in [
            P::NumbersAssign,
            P::NumbersRelease,
            P::NumbersConnect,
            P::ConnectionsRead,
            P::ConnectionsCreate,
            P::ConnectionsEdit,
            P::ConnectionsDelete,
            P::AuditRead,
        ] {
            assert_eq!(who(admin_only), vec![OrgOwner, OrgAdmin], "{admin_only}");
        }
        assert_eq!(who(P::NumbersCreate), vec![]);
        for board in [P::WallboardRead, P::EventsRead] {
            assert_eq!(who(board), vec![OrgOwner, OrgAdmin, Supervisor], "{board}");
        }
    }

    #[test]
    fn a_client_reaches_own_tickets_and_nothing_else() {
        assert_eq!(
            Client.permissions().collect::<Vec<_>>(),
            vec![P::TicketsRead, P::TicketsCreate, P::TicketsReply]
        );
    }

    #[test]
    fn a_member_only_reads() {
        assert!(Member.permissions().all(|p| p.name().ends_with(".read") || p == P::ContactsLookup));
    }

    #[test]
    fn module_flags_take_away_what_the_role_grants() {
        let none = Modules { individuals: false, organizations: false, tickets: false, numbers: false };
        for permission in Permission::ALL {
            for role in Role::ALL {
                assert_eq!(role.may(*permission, Modules::ALL), role.grants(*permission));
                assert_eq!(
                    role.may(*permission, none),
                    role.grants(*permission) && permission.module().is_none()
                );
            }
        }
        assert!(!OrgOwner.may(P::TicketsRead, Modules { tickets: false, ..Modules::ALL }));
        assert!(OrgOwner.may(P::IndividualsRead, Modules { tickets: false, ..Modules::ALL }));
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        assert!(endpoint("GET", "/api/v1/nothing").is_none());
        assert!(endpoint("DELETE", "/api/v1/calls/{id}").is_none());
        assert!(endpoint("HEAD", "/api/v1/calls/{id}").is_some());
        assert_eq!(message("subscribe", Some("secrets")), None);
        assert_eq!(message("subscribe", None), None);
        assert_eq!(message("subscribe", Some("wallboard")), Some(Access::Permission(P::WallboardRead)));
    }
}

//! Every endpoint whose path names a row: which noun it is, and a body with which the request would do something.

use serde_json::{Value, json};
use switchroom_core::Role;

use crate::{Asker, World, makers::Noun};

pub struct Line {
    pub method: &'static str,
    pub path: &'static str,
    pub noun: Noun,
    pub body: fn(&World) -> Value,
    /// Whom the room itself refuses with 403 beyond what the gate does.
    pub room_refuses: &'static [Asker],
    /// About the pool, which is above the tenants: to the platform admin no line is another's.
    pub of_the_pool: bool,
}

const fn line(method: &'static str, path: &'static str, noun: Noun) -> Line {
    with(method, path, noun, |_| json!({}))
}

const fn with(method: &'static str, path: &'static str, noun: Noun, body: fn(&World) -> Value) -> Line {
    Line { method, path, noun, body, room_refuses: &[], of_the_pool: false }
}

const fn of_the_pool(method: &'static str, path: &'static str) -> Line {
    Line { of_the_pool: true, ..line(method, path, Noun::PhoneNumber) }
}

/// What stands in a path and is no row of a tenant.
pub const NO_ROW: &[(&str, &str, &str)] = &[
    ("GET", "/docs/{file}", "a file of the program"),
    ("POST", "/hooks/{key}", "the key is the address of a door; what lies behind asks for a signature"),
    (
        "GET",
        "/api/v1/auth/oidc/{provider}/start",
        "who signs in is nobody's yet; the page of the tenant gives the id out",
    ),
];

pub const LINES: &[Line] = &[
    line("DELETE", "/api/v1/auth/devices/{id}", Noun::Device),
    line("DELETE", "/api/v1/auth/sessions/{id}", Noun::Session),
    line("GET", "/api/v1/users/{id}", Noun::User),
    with("PATCH", "/api/v1/users/{id}", Noun::User, |_| json!({"role": "member"})),
    line("POST", "/api/v1/users/{id}/deactivate", Noun::User),
    line("POST", "/api/v1/users/{id}/activate", Noun::User),
    line("GET", "/api/v1/users/{id}/history", Noun::User),
    line("DELETE", "/api/v1/users/{id}/sessions", Noun::User),
    line("POST", "/api/v1/users/{id}/password-link", Noun::User),
    line("GET", "/api/v1/users/{id}/second-factor", Noun::User),
    line("DELETE", "/api/v1/users/{id}/second-factor", Noun::User),
    line("GET", "/api/v1/invitations/{id}", Noun::Invitation),
    line("DELETE", "/api/v1/invitations/{id}", Noun::Invitation),
    line("POST", "/api/v1/invitations/{id}/resend", Noun::Invitation),
    line("GET", "/api/v1/roles/{id}", Noun::Role),
    with("PATCH", "/api/v1/roles/{id}", Noun::Role, |_| json!({"description": "Changed."})),
    line("DELETE", "/api/v1/roles/{id}", Noun::Role),
    line("GET", "/api/v1/teams/{id}", Noun::Team),
    with("PATCH", "/api/v1/teams/{id}", Noun::Team, |_| json!({"description": "Changed."})),
    line("DELETE", "/api/v1/teams/{id}", Noun::Team),
    with("PUT", "/api/v1/teams/{id}/members/{user_id}", Noun::TeamMember, |_| json!({"is_lead": true})),
    line("DELETE", "/api/v1/teams/{id}/members/{user_id}", Noun::TeamMember),
    line("POST", "/api/v1/registrations/{id}/approve", Noun::Registration),
    line("POST", "/api/v1/registrations/{id}/reject", Noun::Registration),
    line("GET", "/api/v1/identity-providers/{id}", Noun::IdentityProvider),
    with("PATCH", "/api/v1/identity-providers/{id}", Noun::IdentityProvider, |_| json!({"is_active": false})),
    line("DELETE", "/api/v1/identity-providers/{id}", Noun::IdentityProvider),
    line("GET", "/api/v1/audit/user/{id}", Noun::User),
    line("GET", "/api/v1/tenants/{id}", Noun::Tenant),
    with("PATCH", "/api/v1/tenants/{id}", Noun::Tenant, |_| json!({"region": "DE"})),
    with("POST", "/api/v1/tenants/{id}/suspend", Noun::Tenant, |_| json!({"reason": "Unpaid."})),
    line("POST", "/api/v1/tenants/{id}/resume", Noun::Tenant),
    line("GET", "/api/v1/api-tokens/{id}", Noun::ApiToken),
    line("DELETE", "/api/v1/api-tokens/{id}", Noun::ApiToken),
    line("GET", "/api/v1/connections/{id}", Noun::Connection),
    with("PATCH", "/api/v1/connections/{id}", Noun::Connection, |_| json!({"name": "Changed"})),
    line("DELETE", "/api/v1/connections/{id}", Noun::Connection),
    line("GET", "/api/v1/webhook-endpoints/{id}", Noun::WebhookEndpoint),
    with("PATCH", "/api/v1/webhook-endpoints/{id}", Noun::WebhookEndpoint, |_| json!({"is_active": false})),
    line("DELETE", "/api/v1/webhook-endpoints/{id}", Noun::WebhookEndpoint),
    line("POST", "/api/v1/webhook-endpoints/{id}/rotate-secret", Noun::WebhookEndpoint),
    with("POST", "/api/v1/webhook-endpoints/{id}/replay", Noun::WebhookEndpoint, |_| json!({"after": "0"})),
    line("GET", "/api/v1/webhook-endpoints/{id}/deliveries", Noun::WebhookEndpoint),
    line("GET", "/api/v1/webhook-endpoints/{id}/dead-letters", Noun::DeadLetter),
    line("POST", "/api/v1/webhook-endpoints/{id}/dead-letters/replay", Noun::DeadLetter),
    line("GET", "/api/v1/calls/{id}", Noun::Call),
    line("GET", "/api/v1/calls/{id}/events", Noun::Call),
    line("GET", "/api/v1/calls/{id}/tickets", Noun::Call),
    Line {
        method: "POST",
        path: "/api/v1/agents/{id}/presence",
        noun: Noun::Agent,
        body: |_| json!({"state": "break", "reason": "lunch"}),
        // An agent sets nobody's presence but their own, whoever the other is.
        room_refuses: &[Asker::Role(Role::Agent)],
        of_the_pool: false,
    },
    Line {
        // Nor does an agent see how anybody else did.
        room_refuses: &[Asker::Role(Role::Agent)],
        ..line("GET", "/api/v1/agents/{id}/performance", Noun::Agent)
    },
    line("GET", "/api/v1/individuals/{id}", Noun::Individual),
    with("PATCH", "/api/v1/individuals/{id}", Noun::Individual, |_| json!({"full_name": "Changed"})),
    line("DELETE", "/api/v1/individuals/{id}", Noun::Individual),
    with("POST", "/api/v1/individuals/{id}/status", Noun::Individual, |_| json!({"status": "suspended"})),
    line("GET", "/api/v1/organizations/{id}", Noun::Organization),
    with("PATCH", "/api/v1/organizations/{id}", Noun::Organization, |_| json!({"name": "Changed"})),
    line("DELETE", "/api/v1/organizations/{id}", Noun::Organization),
    with("POST", "/api/v1/organizations/{id}/status", Noun::Organization, |_| json!({"status": "suspended"})),
    line("GET", "/api/v1/organizations/{id}/contacts", Noun::Organization),
    with(
        "POST",
        "/api/v1/organizations/{id}/contacts",
        Noun::Organization,
        |_| json!({"full_name": "New", "phones": []}),
    ),
    line("GET", "/api/v1/organizations/{id}/contacts/{contact_id}", Noun::OrganizationContact),
    with(
        "PATCH",
        "/api/v1/organizations/{id}/contacts/{contact_id}",
        Noun::OrganizationContact,
        |_| json!({"full_name": "Changed"}),
    ),
    line("DELETE", "/api/v1/organizations/{id}/contacts/{contact_id}", Noun::OrganizationContact),
    line("GET", "/api/v1/email-contacts/{id}", Noun::EmailContact),
    with("PATCH", "/api/v1/email-contacts/{id}", Noun::EmailContact, |_| json!({"name": "Changed"})),
    line("DELETE", "/api/v1/email-contacts/{id}", Noun::EmailContact),
    line("GET", "/api/v1/contact-fields/{id}", Noun::ContactField),
    with("PATCH", "/api/v1/contact-fields/{id}", Noun::ContactField, |_| json!({"label": "Changed"})),
    line("DELETE", "/api/v1/contact-fields/{id}", Noun::ContactField),
    line("POST", "/api/v1/contact-merges/{id}/undo", Noun::ContactMerge),
    line("GET", "/api/v1/contact-imports/{id}", Noun::ContactImport),
    line("DELETE", "/api/v1/contact-imports/{id}", Noun::ContactImport),
    line("POST", "/api/v1/contact-imports/{id}/preview", Noun::ContactImport),
    line("POST", "/api/v1/contact-imports/{id}/run", Noun::ContactImport),
    line("GET", "/api/v1/contact-imports/{id}/rejects", Noun::ContactImport),
    line("GET", "/api/v1/contact-notes/{id}", Noun::ContactNote),
    Line {
        method: "PATCH",
        path: "/api/v1/contact-notes/{id}",
        noun: Noun::ContactNote,
        body: |_| json!({"body": "Changed."}),
        // Only its author changes a note.
        room_refuses: &[Asker::Platform],
        of_the_pool: false,
    },
    line("DELETE", "/api/v1/contact-notes/{id}", Noun::ContactNote),
    line("GET", "/api/v1/tickets/{id}", Noun::Ticket),
    with("PATCH", "/api/v1/tickets/{id}", Noun::Ticket, |_| json!({"title": "Changed"})),
    line("DELETE", "/api/v1/tickets/{id}", Noun::Ticket),
    with("POST", "/api/v1/tickets/{id}/status", Noun::Ticket, |_| json!({"status": "answered"})),
    with("POST", "/api/v1/tickets/{id}/assign", Noun::Ticket, a_colleague),
    line("POST", "/api/v1/tickets/{id}/take", Noun::Ticket),
    with("POST", "/api/v1/tickets/{id}/transfer", Noun::AssignedTicket, a_colleague),
    line("POST", "/api/v1/tickets/{id}/close", Noun::Ticket),
    line("GET", "/api/v1/tickets/{id}/replies", Noun::Ticket),
    with("POST", "/api/v1/tickets/{id}/replies", Noun::Ticket, |_| json!({"body": "Hello."})),
    line("GET", "/api/v1/tickets/{id}/activities", Noun::Ticket),
    line("GET", "/api/v1/phone-numbers/{id}", Noun::PhoneNumber),
    with("PATCH", "/api/v1/phone-numbers/{id}", Noun::PhoneNumber, |_| json!({"provider": "changed"})),
    line("DELETE", "/api/v1/phone-numbers/{id}", Noun::PhoneNumber),
    line("GET", "/api/v1/phone-numbers/{id}/assignments", Noun::PhoneNumber),
    line("GET", "/api/v1/phone-numbers/{id}/connections", Noun::PhoneNumber),
    of_the_pool("POST", "/api/v1/phone-numbers/{id}/reserve"),
    of_the_pool("POST", "/api/v1/phone-numbers/{id}/unreserve"),
    line("POST", "/api/v1/phone-numbers/{id}/assign", Noun::PhoneNumber),
    line("POST", "/api/v1/phone-numbers/{id}/release", Noun::PhoneNumber),
    with("POST", "/api/v1/phone-numbers/{id}/connect", Noun::PhoneNumber, a_colleague),
    line("POST", "/api/v1/phone-numbers/{id}/disconnect", Noun::PhoneNumber),
    line("GET", "/api/v1/phone-number-imports/{id}", Noun::NumberImport),
    line("DELETE", "/api/v1/phone-number-imports/{id}", Noun::NumberImport),
    line("POST", "/api/v1/phone-number-imports/{id}/run", Noun::NumberImport),
    line("GET", "/api/v1/phone-number-imports/{id}/rejects", Noun::NumberImport),
    line("GET", "/api/v1/bots/{id}", Noun::Bot),
    with("PATCH", "/api/v1/bots/{id}", Noun::Bot, |_| json!({"prompt": "Changed."})),
    line("DELETE", "/api/v1/bots/{id}", Noun::Bot),
    line("POST", "/api/v1/bots/{id}/activate", Noun::Bot),
    line("POST", "/api/v1/bots/{id}/deactivate", Noun::Bot),
];

fn a_colleague(world: &World) -> Value {
    json!({"user_id": world.app.demo.agent2.id})
}

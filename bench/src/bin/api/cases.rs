//! What is asked of the API, and the same as a transaction for pgbench: the same rows and columns, found in the same
//! way, written as somebody would who had only this one thing to do.

use crate::client::Asked;

/// A million contacts in all.
pub const INDIVIDUALS: u64 = 700_000;
pub const ORGANIZATIONS: u64 = 100_000;
/// Two of each organization.
pub const ORGANIZATION_CONTACTS: u64 = 200_000;
/// Every other one the tenant's, the rest in the pool.
pub const NUMBERS: u64 = 100_000;
pub const CALLS: u64 = 100_000;
pub const TICKETS: u64 = 50_000;

/// Where the rows are, and who asks.
pub struct Place {
    pub tenant: String,
    pub user: String,
    pub token: String,
}

pub struct Case {
    pub name: &'static str,
    /// The `n`th request.
    pub request: fn(u64) -> Asked,
    pub transaction: String,
}

/// What a list says that goes on.
fn more() -> String {
    "\"next_cursor\":\"".to_owned()
}

fn get(path: String, expect: String) -> Asked {
    Asked { method: "GET", path, body: String::new(), expect }
}

/// Spreads consecutive numbers over all rows.
pub fn spread(n: u64, rows: u64) -> u64 {
    n.wrapping_mul(7_919) % rows
}

fn individual(n: u64) -> String {
    format!("c0000000-0000-7000-8000-{:012x}", spread(n, INDIVIDUALS))
}

fn organization(n: u64) -> String {
    format!("0c000000-0000-7000-8000-{:012x}", spread(n, ORGANIZATIONS))
}

fn number(n: u64) -> String {
    format!("70000000-0000-7000-8000-{:012x}", spread(n, NUMBERS))
}

fn call(n: u64) -> String {
    format!("ca000000-0000-5000-8000-{:012x}", spread(n, CALLS))
}

fn ticket(n: u64) -> String {
    format!("7c000000-0000-7000-8000-{:012x}", spread(n, TICKETS))
}

/// Addresses and numbers of a contact, as every record of one carries them; `{owner}` is the column that names it.
const LISTS: &str = "status, custom, coalesce((SELECT json_agg(json_build_object('email', e.email, 'label', e.label, 'primary', \
    e.is_primary) ORDER BY e.position, e.folded) FROM contact_emails e WHERE e.{owner} = t.id), '[]'), \
    coalesce((SELECT json_agg(json_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label, 'primary', p.is_primary) \
    ORDER BY p.position, p.e164) FROM contact_phones p WHERE p.{owner} = t.id), '[]')";
const INDIVIDUAL: &str = "SELECT t.id, full_name, gender, dob, address, city, state, country, email, social_media, is_active, provenance, \
    created_by, updated_by, created_at, updated_at, version, {lists} FROM individuals t";
const ORGANIZATION: &str = "SELECT t.id, name, email, tax_id, address, city, state, country, is_active, provenance, created_by, updated_by, \
    created_at, updated_at, version, {lists} FROM organizations t";
const ORGANIZATION_CONTACT: &str = "SELECT t.id, organization_id, full_name, gender, email, address, city, state, country, is_active, \
    provenance, created_by, updated_by, created_at, updated_at, version, {lists} FROM organization_contacts t";
const NUMBER: &str = "SELECT t.id, t.number, t.country, t.region, t.tenant_id, t.status, t.user_id, t.bot_id, t.monthly_cost, \
    t.currency, t.provider, t.capabilities, t.quarantined_until, t.created_at, t.updated_at, t.version FROM phone_numbers t";
const CALL: &str = "t.id, t.connection_id, t.provider_call_id, t.direction, t.state, t.end_reason, t.from_number, \
    t.to_number, t.number_id, t.queue, t.agent_id, t.contact_kind, t.contact_id, t.started_at, t.answered_at, t.ended_at, \
    t.bot_id, t.version, ARRAY(SELECT l.ticket_id FROM call_tickets l WHERE l.tenant_id = t.tenant_id AND l.call_id = t.id \
    ORDER BY l.linked_at, l.ticket_id), CASE t.contact_kind \
    WHEN 'individual' THEN (SELECT c.full_name FROM individuals c WHERE c.id = t.contact_id AND c.deleted_at IS NULL) \
    WHEN 'organization' THEN (SELECT c.name FROM organizations c WHERE c.id = t.contact_id AND c.deleted_at IS NULL) \
    WHEN 'organization_contact' THEN (SELECT c.full_name FROM organization_contacts c WHERE c.id = t.contact_id AND c.deleted_at IS NULL) \
    WHEN 'email_contact' THEN (SELECT c.name FROM email_contacts c WHERE c.id = t.contact_id AND c.deleted_at IS NULL) END, \
    CASE t.contact_kind WHEN 'organization_contact' THEN (SELECT c.organization_id FROM organization_contacts c \
    WHERE c.id = t.contact_id AND c.deleted_at IS NULL) END";
/// Who held the line of a single call when it came, which its record tells.
const HELD: &str = "LEFT JOIN LATERAL (SELECT a.assigned_at, a.released_at, c.user_id, coalesce(u.name, b.name), c.bot_id \
    FROM number_assignments a LEFT JOIN number_connections c ON c.tenant_id = a.tenant_id AND c.number_id = a.number_id \
    AND c.connected_at <= t.started_at AND (c.disconnected_at IS NULL OR c.disconnected_at > t.started_at) \
    LEFT JOIN users u ON u.id = c.user_id LEFT JOIN bots b ON b.id = c.bot_id \
    WHERE a.tenant_id = t.tenant_id AND a.number_id = t.number_id AND a.assigned_at <= t.started_at \
    AND (a.released_at IS NULL OR a.released_at > t.started_at) ORDER BY a.assigned_at DESC, c.connected_at DESC LIMIT 1) h ON true";
const TICKET: &str = "SELECT t.id, number, title, description, status, status_reason, priority, organization_id, \
    organization_contact_id, individual_id, email_contact_id, phone_number_id, requester_user_id, assigned_to, \
    caller_phone_number, customer_type, customer_name, customer_gender, contact_person, customer_email, contact_created, \
    first_response_at, resolved_at, closed_at, reopen_count, created_by, created_at, updated_at, version, \
    ARRAY(SELECT l.call_id FROM call_tickets l WHERE l.tenant_id = t.tenant_id AND l.ticket_id = t.id \
    ORDER BY l.linked_at, l.call_id) FROM tickets t";

pub fn all(place: &Place) -> Vec<Case> {
    let Place { tenant, user, .. } = place;
    let id = |prefix: &str| format!("('{prefix}-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid");
    let transaction = |rows: u64, statements: &str| {
        format!(
            "\\set n random(0, {})\nBEGIN;\nSELECT set_config('app.tenant_id', '{tenant}', true);\n\
             {statements}COMMIT;\n",
            rows - 1
        )
    };
    let individual_id = id("c0000000-0000-7000");
    let organization_id = id("0c000000-0000-7000");
    let organization_contact_id = id("cc000000-0000-7000");
    let number_id = id("70000000-0000-7000");
    let call_id = id("ca000000-0000-5000");
    let ticket_id = id("7c000000-0000-7000");
    let contact = |record: &str, owner: &str| record.replace("{lists}", &LISTS.replace("{owner}", owner));
    let individual_record = contact(INDIVIDUAL, "individual_id");
    let organization_record = contact(ORGANIZATION, "organization_id");
    let organization_contact_record = contact(ORGANIZATION_CONTACT, "organization_contact_id");
    let mine = format!("t.tenant_id = '{tenant}' AND t.deleted_at IS NULL");
    let newest = "ORDER BY t.created_at DESC, t.id DESC LIMIT 51";
    vec![
        Case {
            name: "individual by id",
            request: |n| get(format!("/api/v1/individuals/{}", individual(n)), individual(n)),
            transaction: transaction(
                INDIVIDUALS,
                &format!("{individual_record} WHERE t.id = {individual_id} AND t.deleted_at IS NULL;\n"),
            ),
        },
        Case {
            name: "organization by id",
            request: |n| get(format!("/api/v1/organizations/{}", organization(n)), organization(n)),
            transaction: transaction(
                ORGANIZATIONS,
                &format!("{organization_record} WHERE t.id = {organization_id} AND t.deleted_at IS NULL;\n"),
            ),
        },
        Case {
            name: "organization's contact by id",
            request: |n| {
                let at = spread(n, ORGANIZATION_CONTACTS);
                let id = format!("cc000000-0000-7000-8000-{at:012x}");
                let of = format!("0c000000-0000-7000-8000-{:012x}", at / 2);
                get(format!("/api/v1/organizations/{of}/contacts/{id}"), id)
            },
            transaction: transaction(
                ORGANIZATION_CONTACTS,
                &format!(
                    "{organization_contact_record} WHERE t.id = {organization_contact_id} AND t.deleted_at IS NULL;\n"
                ),
            ),
        },
        Case {
            name: "line by id",
            request: |n| get(format!("/api/v1/phone-numbers/{}", number(n)), number(n)),
            transaction: transaction(
                NUMBERS,
                &format!(
                    "{NUMBER} WHERE t.deleted_at IS NULL AND (t.tenant_id = '{tenant}' OR t.status = 'available') \
                     AND t.id = {number_id};\n"
                ),
            ),
        },
        Case {
            name: "call by id",
            request: |n| get(format!("/api/v1/calls/{}", call(n)), call(n)),
            transaction: transaction(
                CALLS,
                &format!(
                    "SELECT h.*, {CALL} FROM calls t {HELD} WHERE t.tenant_id = '{tenant}' AND t.id = {call_id};\n"
                ),
            ),
        },
        Case {
            name: "ticket by id",
            request: |n| get(format!("/api/v1/tickets/{}", ticket(n)), ticket(n)),
            transaction: transaction(
                TICKETS,
                &format!("{TICKET} WHERE t.id = {ticket_id} AND t.deleted_at IS NULL;\n"),
            ),
        },
        Case {
            name: "list of 50 individuals, active ones",
            request: |_| get("/api/v1/individuals?is_active=true".to_owned(), more()),
            transaction: transaction(
                INDIVIDUALS,
                &format!("{individual_record} WHERE {mine} AND t.is_active {newest};\n"),
            ),
        },
        Case {
            name: "list of 50 organizations by name",
            request: |_| get("/api/v1/organizations?sort=name".to_owned(), more()),
            transaction: transaction(
                ORGANIZATIONS,
                &format!("{organization_record} WHERE {mine} ORDER BY t.sort_name, t.id LIMIT 51;\n"),
            ),
        },
        Case {
            name: "contacts of an organization",
            request: |n| {
                let id = organization(n);
                get(format!("/api/v1/organizations/{id}/contacts"), id)
            },
            transaction: transaction(
                ORGANIZATIONS,
                &format!(
                    "{organization_contact_record} WHERE {mine} AND t.organization_id = {organization_id} {newest};\n"
                ),
            ),
        },
        Case {
            name: "individual with a number",
            request: |n| {
                let n = spread(n, INDIVIDUALS);
                get(format!("/api/v1/individuals?phone=%2B336{n:08}"), format!("+336{n:08}"))
            },
            transaction: transaction(
                INDIVIDUALS,
                &format!(
                    "{individual_record} WHERE {mine} AND t.id IN (SELECT p.individual_id FROM contact_phones p \
                     WHERE p.tenant_id = '{tenant}' AND p.e164 = '+336' || lpad((:n::bigint)::text, 8, '0')) {newest};\n"
                ),
            ),
        },
        Case {
            name: "list of 50 lines",
            request: |_| get("/api/v1/phone-numbers?status=assigned".to_owned(), more()),
            transaction: transaction(
                NUMBERS,
                &format!(
                    "{NUMBER} WHERE t.deleted_at IS NULL AND (t.tenant_id = '{tenant}' OR t.status = 'available') \
                     AND t.status = 'assigned' {newest};\n"
                ),
            ),
        },
        Case {
            name: "list of 50 calls from a number",
            request: |n| {
                let from = format!("+336{:08}", spread(n, 1000));
                get(format!("/api/v1/calls?from=%2B{}", &from[1..]), more())
            },
            transaction: transaction(
                1000,
                &format!(
                    "SELECT {CALL} FROM calls t WHERE t.tenant_id = '{tenant}' AND t.from_number = '+336' || lpad((:n::bigint)::text, 8, '0') \
                     ORDER BY t.started_at DESC, t.id DESC LIMIT 51;\n"
                ),
            ),
        },
        Case {
            name: "list of 50 tickets, two states, one priority",
            request: |_| {
                get(
                    "/api/v1/tickets?status=open,in_progress&priority=high".to_owned(),
                    "\"next_cursor\":\"".to_owned(),
                )
            },
            transaction: transaction(
                TICKETS,
                &format!(
                    "{TICKET} WHERE t.deleted_at IS NULL AND t.tenant_id = '{tenant}' AND t.status = ANY('{{open,in_progress}}') \
                     AND t.priority = ANY('{{high}}') ORDER BY t.created_at DESC, t.id DESC LIMIT 51;\n"
                ),
            ),
        },
        Case {
            name: "ticket's title changed, with its activity",
            request: |n| Asked {
                method: "PATCH",
                path: format!("/api/v1/tickets/{}", ticket(n)),
                body: format!("{{\"title\":\"Printer on fire, {n}\"}}"),
                expect: format!("Printer on fire, {n}\""),
            },
            transaction: transaction(
                TICKETS,
                &format!(
                    "SELECT status, priority, assigned_to, first_response_at IS NOT NULL, version FROM tickets \
                     WHERE id = {ticket_id} AND deleted_at IS NULL FOR UPDATE;\n\
                     UPDATE tickets SET title = 'Printer on fire, ' || :n::text, updated_by = '{user}', \
                     version = version + 1 WHERE id = {ticket_id};\n\
                     INSERT INTO ticket_activities (id, tenant_id, ticket_id, actor_id, type, data) VALUES \
                     (gen_random_uuid(), '{tenant}', {ticket_id}, '{user}', 'edited', \
                     json_build_object('fields', json_build_array('title')));\n\
                     {TICKET} WHERE t.id = {ticket_id} AND t.deleted_at IS NULL;\n"
                ),
            ),
        },
    ]
}

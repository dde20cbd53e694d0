//! The rows both sides work on: a million contacts with a number and an address each, 100,000 lines, 100,000 calls,
//! 50,000 tickets, each from a call.

use crate::cases::{CALLS, INDIVIDUALS, NUMBERS, ORGANIZATION_CONTACTS, ORGANIZATIONS, Place, TICKETS};

/// The statements that make them, as the superuser. Triggers rest: the running program need not know these contacts.
pub fn sql(place: &Place) -> String {
    let Place { tenant, user, .. } = place;
    format!(
        r"
SET session_replication_role = replica;
INSERT INTO individuals (id, tenant_id, full_name, email, address, created_at)
SELECT ('c0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{tenant}', 'Caller ' || n,
       'caller' || n || '@customer.example', n || ' Example Street', now() - n * interval '1 second'
  FROM generate_series(0, {INDIVIDUALS} - 1) n;
INSERT INTO organizations (id, tenant_id, name, email, created_at)
SELECT ('0c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{tenant}', 'Company ' || n,
       'office' || n || '@company.example', now() - n * interval '1 second'
  FROM generate_series(0, {ORGANIZATIONS} - 1) n;
INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, email, created_at)
SELECT ('cc000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{tenant}',
       ('0c000000-0000-7000-8000-' || lpad(to_hex(n / 2), 12, '0'))::uuid, 'Clerk ' || n,
       'clerk' || n || '@company.example', now() - n * interval '1 second'
  FROM generate_series(0, {ORGANIZATION_CONTACTS} - 1) n;
INSERT INTO contact_phones (tenant_id, e164, raw, is_primary, individual_id)
SELECT '{tenant}', '+336' || lpad(n::text, 8, '0'), '06' || lpad(n::text, 8, '0'), true,
       ('c0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  FROM generate_series(0, {INDIVIDUALS} - 1) n;
INSERT INTO contact_phones (tenant_id, e164, raw, is_primary, organization_id)
SELECT '{tenant}', '+337' || lpad(n::text, 8, '0'), '07' || lpad(n::text, 8, '0'), true,
       ('0c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  FROM generate_series(0, {ORGANIZATIONS} - 1) n;
INSERT INTO contact_phones (tenant_id, e164, raw, is_primary, organization_contact_id)
SELECT '{tenant}', '+338' || lpad(n::text, 8, '0'), '08' || lpad(n::text, 8, '0'), true,
       ('cc000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  FROM generate_series(0, {ORGANIZATION_CONTACTS} - 1) n;
INSERT INTO contact_emails (tenant_id, email, is_primary, individual_id)
SELECT tenant_id, email, true, id FROM individuals WHERE id::text LIKE 'c0000000%';
INSERT INTO contact_emails (tenant_id, email, is_primary, organization_id)
SELECT tenant_id, email, true, id FROM organizations WHERE id::text LIKE '0c000000%';
INSERT INTO contact_emails (tenant_id, email, is_primary, organization_contact_id)
SELECT tenant_id, email, true, id FROM organization_contacts WHERE id::text LIKE 'cc000000%';
INSERT INTO phone_numbers (id, number, country, tenant_id, status, created_at)
SELECT ('70000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '+3397' || lpad(n::text, 7, '0'), 'FR',
       CASE WHEN n % 2 = 0 THEN '{tenant}'::uuid END, CASE WHEN n % 2 = 0 THEN 'assigned' ELSE 'available' END,
       now() - n * interval '1 second'
  FROM generate_series(0, {NUMBERS} - 1) n;
INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, from_number, to_number,
                   agent_id, contact_kind, contact_id, started_at, answered_at, ended_at, fold)
SELECT ('ca000000-0000-5000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{tenant}', '{tenant}', 'pbx-' || n, 'inbound',
       'ended', 'completed', '+336' || lpad((n % 1000)::text, 8, '0'), '+33199000001', '{user}', 'individual',
       ('c0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now() - n * interval '1 second',
       now() - n * interval '1 second', now() - n * interval '1 second', '{{}}'
  FROM generate_series(0, {CALLS} - 1) n;
INSERT INTO tickets (id, tenant_id, number, title, description, status, priority, individual_id, caller_phone_number,
                     customer_type, customer_name, created_by, created_at)
SELECT ('7c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{tenant}', 100000 + n, 'Printer ' || n || ' on fire',
       'It smokes, and it says so on every page.', (ARRAY['open', 'in_progress', 'answered', 'on_hold'])[1 + n % 4],
       (ARRAY['low', 'medium', 'high', 'urgent'])[1 + n / 4 % 4],
       ('c0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '+336' || lpad(n::text, 8, '0'), 'individual',
       'Caller ' || n, '{user}', now() - n * interval '1 second'
  FROM generate_series(0, {TICKETS} - 1) n;
INSERT INTO call_tickets (tenant_id, call_id, ticket_id)
SELECT '{tenant}', ('ca000000-0000-5000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       ('7c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
  FROM generate_series(0, {TICKETS} - 1) n;
VACUUM ANALYZE individuals, organizations, organization_contacts, contact_phones, contact_emails, phone_numbers, calls, tickets, call_tickets, ticket_activities;
CHECKPOINT;
"
    )
}

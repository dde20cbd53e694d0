-- Tickets, what was said in them, and the calls they came from.

CREATE TABLE tickets (
    id                      uuid NOT NULL PRIMARY KEY,
    tenant_id               uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    -- For people: #1001 and up, per tenant.
    number                  bigint NOT NULL CHECK (number >= 1001),
    title                   text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    description             text CHECK (length(description) <= 20000),
    status                  text NOT NULL CHECK (status IN ('new', 'open', 'answered', 'in_progress', 'waiting_for_response',
                                                            'on_hold', 'resolved', 'closed')),
    status_reason           text CHECK (length(status_reason) <= 500),
    priority                text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    -- Whom it is about, once known. Exactly one of them leads; an organization's contact also names the organization.
    organization_id         uuid,
    organization_contact_id uuid,
    individual_id           uuid,
    email_contact_id        uuid,
    -- The line that was dialled. No foreign key across tenants' lines: the history table tells who held it.
    phone_number_id         uuid,
    requester_user_id       uuid,
    assigned_to             uuid,
    -- The caller as filed: a snapshot, not changed when the contact is.
    caller_phone_number     text CHECK (length(caller_phone_number) <= 100),
    customer_type           text CHECK (customer_type IN ('individual', 'organization')),
    customer_name           text CHECK (length(customer_name) <= 200),
    customer_gender         text CHECK (customer_gender IN ('Male', 'Female', 'Other')),
    contact_person          text CHECK (length(contact_person) <= 200),
    customer_email          text CHECK (length(customer_email) <= 320),
    contact_created         boolean NOT NULL DEFAULT false,
    first_response_at       timestamptz,
    resolved_at             timestamptz,
    closed_at               timestamptz,
    reopen_count            int NOT NULL DEFAULT 0 CHECK (reopen_count >= 0),
    created_by              uuid,
    updated_by              uuid,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    deleted_at              timestamptz,
    deleted_by              uuid,
    version                 bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id),
    FOREIGN KEY (tenant_id, organization_contact_id) REFERENCES organization_contacts (tenant_id, id),
    FOREIGN KEY (tenant_id, individual_id) REFERENCES individuals (tenant_id, id),
    FOREIGN KEY (tenant_id, email_contact_id) REFERENCES email_contacts (tenant_id, id),
    FOREIGN KEY (tenant_id, requester_user_id) REFERENCES memberships (tenant_id, user_id),
    FOREIGN KEY (tenant_id, assigned_to) REFERENCES memberships (tenant_id, user_id),
    CHECK (organization_contact_id IS NULL OR organization_id IS NOT NULL),
    CHECK (individual_id IS NULL OR organization_id IS NULL),
    CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CHECK (status <> 'resolved' OR resolved_at IS NOT NULL)
);
CREATE INDEX tickets_created ON tickets (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX tickets_status ON tickets (tenant_id, status, assigned_to) WHERE deleted_at IS NULL;
CREATE INDEX tickets_assigned ON tickets (tenant_id, assigned_to, created_at DESC) WHERE deleted_at IS NULL;
CREATE INDEX tickets_requester ON tickets (tenant_id, requester_user_id, created_at DESC) WHERE deleted_at IS NULL;
CREATE INDEX tickets_organization ON tickets (tenant_id, organization_id, status) WHERE organization_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX tickets_organization_contact ON tickets (tenant_id, organization_contact_id, status) WHERE organization_contact_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX tickets_individual ON tickets (tenant_id, individual_id, status) WHERE individual_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX tickets_email_contact ON tickets (tenant_id, email_contact_id, status) WHERE email_contact_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX tickets_search ON tickets USING gin (to_tsvector('simple', title || ' ' || coalesce(description, '')));

-- A call may have several tickets and a ticket several calls; each pair once.
CREATE TABLE call_tickets (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    call_id   uuid NOT NULL,
    ticket_id uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    linked_by uuid,
    PRIMARY KEY (tenant_id, call_id, ticket_id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id)
);
CREATE INDEX call_tickets_ticket ON call_tickets (tenant_id, ticket_id);

CREATE TABLE ticket_replies (
    id          uuid NOT NULL PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    ticket_id   uuid NOT NULL,
    author_id   uuid NOT NULL,
    body        text NOT NULL CHECK (length(body) BETWEEN 1 AND 50000),
    format      text NOT NULL DEFAULT 'text' CHECK (format IN ('text', 'html')),
    visibility  text NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'internal')),
    is_solution boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id),
    CHECK (NOT (is_solution AND visibility = 'internal'))
);
CREATE INDEX ticket_replies_ticket ON ticket_replies (tenant_id, ticket_id, created_at, id);
CREATE UNIQUE INDEX ticket_replies_solution ON ticket_replies (ticket_id) WHERE is_solution;

-- The ticket's timeline: append-only, written in the transaction of the change it tells.
CREATE TABLE ticket_activities (
    id         uuid NOT NULL PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    ticket_id  uuid NOT NULL,
    actor_id   uuid,
    type       text NOT NULL CHECK (type IN ('created', 'comment', 'status_change', 'priority_change', 'agent_assignment',
                                                      'attachment_added', 'edited', 'call_linked', 'deleted')),
    data       jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id)
);
CREATE INDEX ticket_activities_ticket ON ticket_activities (tenant_id, ticket_id, created_at, id);

CREATE TRIGGER touch BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tickets', 'call_tickets', 'ticket_replies', 'ticket_activities'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO switchroom_app', t);
    END LOOP;
END
$$;
GRANT UPDATE ON tickets TO switchroom_app;
GRANT UPDATE (is_solution) ON ticket_replies TO switchroom_app;
CREATE POLICY load ON tickets FOR SELECT TO switchroom_directory USING (true);
GRANT SELECT ON tickets TO switchroom_directory;

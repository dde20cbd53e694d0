-- The change feed. Whoever changes a contact, a line, a person, a connection or a ticket, in whatever program,
-- leaves a row here in the same transaction, and the running server applies it to its memory.
--
-- Rows carry the transaction id: the reader takes every row at or above the xmin of its previous snapshot and
-- applies those it has not seen, so a transaction that commits late is not missed, whatever its row ids.
-- The rows say only *what* changed; the reader loads the present state of it, so order and repetition do not matter.

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id  uuid,
    -- organization | organization_contact | individual | email_contact | number | connection | member | tenant | ticket
    kind       text NOT NULL,
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_xid ON outbox (xid);
CREATE INDEX outbox_age ON outbox (created_at);

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY read_all ON outbox FOR SELECT TO switchroom_directory USING (true);
CREATE POLICY prune ON outbox FOR DELETE TO switchroom_directory USING (true);
CREATE POLICY write ON outbox FOR INSERT WITH CHECK (true);
GRANT SELECT, DELETE ON outbox TO switchroom_directory;
GRANT INSERT ON outbox TO switchroom_app, switchroom_auth, switchroom_platform;

-- TG_ARGV: kind, the column of the changed table that names the subject, and its tenant column.
-- NOTIFY is an empty wake-up; losing it loses nothing.
CREATE FUNCTION feed_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        EXECUTE format('INSERT INTO outbox (tenant_id, kind, subject_id) SELECT DISTINCT %2$I, %3$L, %1$I FROM old_rows WHERE %1$I IS NOT NULL',
                       TG_ARGV[1], TG_ARGV[2], TG_ARGV[0]);
    ELSE
        EXECUTE format('INSERT INTO outbox (tenant_id, kind, subject_id) SELECT DISTINCT %2$I, %3$L, %1$I FROM new_rows WHERE %1$I IS NOT NULL',
                       TG_ARGV[1], TG_ARGV[2], TG_ARGV[0]);
    END IF;
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END
$$;

DO $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT * FROM (VALUES
        ('organizations',         'organization',         'id',                      'tenant_id'),
        ('organization_contacts', 'organization_contact', 'id',                      'tenant_id'),
        ('individuals',           'individual',           'id',                      'tenant_id'),
        ('email_contacts',        'email_contact',        'id',                      'tenant_id'),
        ('contact_phones',        'organization',         'organization_id',         'tenant_id'),
        ('contact_phones',        'organization_contact', 'organization_contact_id', 'tenant_id'),
        ('contact_phones',        'individual',           'individual_id',           'tenant_id'),
        ('contact_phones',        'email_contact',        'email_contact_id',        'tenant_id'),
        ('phone_numbers',         'number',               'id',                      'tenant_id'),
        ('connections',           'connection',           'id',                      'tenant_id'),
        ('memberships',           'member',               'user_id',                 'tenant_id'),
        ('tenants',               'tenant',               'id',                      'id'),
        ('tickets',               'ticket',               'id',                      'tenant_id')
    ) AS feeds(tab, kind, subject, tenant) LOOP
        EXECUTE format('CREATE TRIGGER feed_%s_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox(%L, %L, %L)', f.kind, f.tab, f.kind, f.subject, f.tenant);
        EXECUTE format('CREATE TRIGGER feed_%s_update AFTER UPDATE ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox(%L, %L, %L)', f.kind, f.tab, f.kind, f.subject, f.tenant);
        EXECUTE format('CREATE TRIGGER feed_%s_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox(%L, %L, %L)', f.kind, f.tab, f.kind, f.subject, f.tenant);
    END LOOP;
END
$$;

-- A person's name or e-mail is kept apart from the membership; both name the agent to the providers.
CREATE FUNCTION feed_outbox_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (tenant_id, kind, subject_id) SELECT NULL, 'member', id FROM new_rows;
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER feed_member_update AFTER UPDATE ON users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox_user();

-- Who entered, changed and took away a row stands on it (000's audit fields), beside the audit log, which has every change.
-- Triggers copy it from whom the transaction acts for (migration 0030), so that no statement can forget to.

-- What the program does by itself leaves the last person there. TG_ARGV[0] = 'deletes' where the table has deleted_at.
CREATE FUNCTION touch_by() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor uuid := (current_origin() ->> 'actor')::uuid;
BEGIN
    NEW.updated_by := coalesce(actor, NEW.updated_by);
    IF TG_ARGV[0] = 'deletes' THEN
        IF NEW.deleted_at IS NULL THEN
            NEW.deleted_by := NULL;
        ELSIF OLD.deleted_at IS NULL THEN
            NEW.deleted_by := coalesce(NEW.deleted_by, actor);
        END IF;
    END IF;
    RETURN NEW;
END
$$;

DO $$
DECLARE
    t record;
    made text;
BEGIN
    -- Of endpoints only what people set: the courier writes down what it delivered. Tickets have the three columns from the
    -- first, and their statements fill them; of notes the author is who made them.
    FOR t IN SELECT * FROM (VALUES ('organizations', true, ''), ('organization_contacts', true, ''), ('individuals', true, ''),
                                   ('email_contacts', true, ''), ('contact_fields', true, ''), ('contact_notes', true, ''),
                                   ('connections', true, ''), ('phone_numbers', true, ''), ('teams', true, ''),
                                   ('webhook_endpoints', true, 'OF name, url, events, is_active, secret, deleted_at'),
                                   ('roles', false, ''), ('memberships', false, ''), ('identity_providers', false, ''),
                                   ('tenants', false, '')) AS tables(name, deletes, columns) LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS updated_by uuid', t.name);
        IF t.deletes THEN
            EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS deleted_by uuid', t.name);
        END IF;
        EXECUTE format('CREATE TRIGGER touch_by BEFORE UPDATE %s ON %I FOR EACH ROW EXECUTE FUNCTION touch_by(%L)',
                       t.columns, t.name, CASE WHEN t.deletes THEN 'deletes' ELSE '' END);
    END LOOP;
    FOREACH made IN ARRAY ARRAY['phone_numbers', 'memberships', 'tenants'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS created_by uuid DEFAULT (current_origin() ->> ''actor'')::uuid', made);
    END LOOP;
END
$$;

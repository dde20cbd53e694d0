-- A tenant may be suspended: nobody signs in to it, no call is taken in for it, and all that is its own is kept.
ALTER TABLE tenants
    ADD COLUMN suspended_at timestamptz,
    -- Why, in the words of the platform admin, who alone reads them.
    ADD COLUMN suspended_for text CHECK (length(suspended_for) BETWEEN 1 AND 500),
    ADD CHECK (suspended_for IS NULL OR suspended_at IS NOT NULL);

-- Requests of a tenant change their own row (its settings); whether it is suspended is not theirs to say.
CREATE FUNCTION keep_suspension() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'switchroom_app'
       AND (NEW.suspended_at, NEW.suspended_for) IS DISTINCT FROM (OLD.suspended_at, OLD.suspended_for) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a tenant neither suspends nor resumes itself';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_suspension BEFORE UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION keep_suspension();

-- Its line in the audit log says which of the changes it was.
CREATE OR REPLACE FUNCTION audit_tenant_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := current_origin();
BEGIN
    INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, address, request_id, via)
    SELECT uuid_by_time(), n.id, (origin ->> 'actor')::uuid,
           CASE WHEN o.suspended_at IS NULL AND n.suspended_at IS NOT NULL THEN 'tenant.suspended'
                WHEN o.suspended_at IS NOT NULL AND n.suspended_at IS NULL THEN 'tenant.resumed'
                ELSE 'tenant.changed' END,
           n.id::text, 'tenant', n.id, d.before, d.after, origin ->> 'address', origin ->> 'request', origin ->> 'via'
      FROM old_rows o JOIN new_rows n ON n.id = o.id
     CROSS JOIN LATERAL (
           SELECT jsonb_object_agg(key, value) AS before, jsonb_object_agg(key, to_jsonb(n) -> key) AS after
             FROM jsonb_each(to_jsonb(o) - ARRAY['updated_at', 'version', 'suspended_for']) WHERE to_jsonb(n) -> key IS DISTINCT FROM value) AS d
     WHERE d.before IS NOT NULL;
    RETURN NULL;
END
$$;

-- The platform admin makes tenants, invites their first owner, sees how much they do, and ends their sessions.
GRANT INSERT ON invitations TO switchroom_platform;
GRANT UPDATE (ended_at) ON sessions TO switchroom_platform;
CREATE POLICY platform ON calls FOR SELECT TO switchroom_platform USING (true);
GRANT SELECT (id, tenant_id, started_at) ON calls TO switchroom_platform;

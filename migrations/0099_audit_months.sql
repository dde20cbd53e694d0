-- The audit log's months go after so many; what platform admins and security alerts look at is found at once.

-- Lines that belong to no tenant, and what platform admins did about tenants and in them.
CREATE INDEX audit_log_platform ON audit_log (created_at DESC, id DESC)
    WHERE tenant_id IS NULL OR object_kind IN ('tenant', 'platform');

-- What security alerts are derived from, of all tenants and of one.
CREATE INDEX audit_log_security ON audit_log (created_at DESC, tenant_id)
    WHERE action IN ('account.locked', 'session.refresh_reused', 'second_factor.disabled', 'second_factor.reset', 'platform_admin.created',
                     'user.changed', 'invitation.accepted', 'user.joined', 'session.refused', 'password.refused', 'second_factor.refused');

-- Drops what is older than `keep` whole months before this one, month by month; how many months went. Nothing else ever takes
-- lines away, and a line says that it was done. Run by the owner, like the making of months.
CREATE FUNCTION audit_drop_before(keep int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    oldest  date := (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep))::date;
    part    text;
    dropped text[] := '{}';
    strays  bigint;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'audit_log'::regclass AND c.relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$'
           AND to_date(right(c.relname, 7), 'YYYY_MM') < oldest
         ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped || right(part, 7);
    END LOOP;
    -- In the default partition: what no month covered when it was written.
    DELETE FROM audit_log WHERE created_at < oldest::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS strays = ROW_COUNT;
    IF cardinality(dropped) > 0 OR strays > 0 THEN
        INSERT INTO audit_log (id, action, object_kind, detail)
        VALUES (uuid_by_time(), 'audit.dropped', 'audit', jsonb_build_object('before', oldest, 'months', dropped, 'strays', strays));
    END IF;
    RETURN cardinality(dropped);
END
$$;
REVOKE ALL ON FUNCTION audit_drop_before(int) FROM PUBLIC;

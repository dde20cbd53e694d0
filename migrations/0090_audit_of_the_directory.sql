-- The audit log and what came to the directory since: columns that are worked out from others are no change of their own,
-- fields and notes are noted, and erasing a person reaches the log.

-- As in migration 0030, without the columns that lists are searched and sorted by.
CREATE OR REPLACE FUNCTION audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noun   text := TG_ARGV[0];
    hidden constant text[] := ARRAY['id', 'tenant_id', 'created_at', 'updated_at', 'deleted_at', 'created_by', 'updated_by', 'deleted_by', 'version',
                                    'search', 'sort_name'];
    secret constant text[] := string_to_array(coalesce(TG_ARGV[1], ''), ',');
    origin jsonb := current_origin();
    most   constant int := 200;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (SELECT count(*) > most FROM (SELECT FROM new_rows LIMIT most + 1) AS few) THEN
            INSERT INTO audit_log (id, tenant_id, actor_id, action, object_kind, detail, address, request_id, via)
            SELECT uuid_by_time(), coalesce(current_tenant(), (r ->> 'tenant_id')::uuid), (origin ->> 'actor')::uuid, noun || '.created', noun,
                   jsonb_build_object('count', count(*)), origin ->> 'address', origin ->> 'request', origin ->> 'via'
              FROM (SELECT to_jsonb(n) AS r FROM new_rows n) AS rows GROUP BY 2;
        ELSE
            INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, after, address, request_id, via)
            SELECT uuid_by_time(), coalesce(current_tenant(), (r ->> 'tenant_id')::uuid), (origin ->> 'actor')::uuid, noun || '.created', r ->> 'id',
                   noun, (r ->> 'id')::uuid, audit_covered(jsonb_strip_nulls(r - hidden), secret), origin ->> 'address', origin ->> 'request', origin ->> 'via'
              FROM (SELECT to_jsonb(n) AS r FROM new_rows n) AS rows;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, address, request_id, via)
        SELECT uuid_by_time(), coalesce(current_tenant(), (r ->> 'tenant_id')::uuid), (origin ->> 'actor')::uuid, noun || '.deleted', r ->> 'id',
               noun, (r ->> 'id')::uuid, audit_covered(jsonb_strip_nulls(r - hidden), secret), origin ->> 'address', origin ->> 'request', origin ->> 'via'
          FROM (SELECT to_jsonb(o) AS r FROM old_rows o) AS rows;
    ELSE
        INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, address, request_id, via)
        SELECT uuid_by_time(), coalesce(current_tenant(), (n ->> 'tenant_id')::uuid, (o ->> 'tenant_id')::uuid), (origin ->> 'actor')::uuid,
               noun || CASE WHEN gone AND NOT was_gone THEN '.deleted' WHEN was_gone AND NOT gone THEN '.restored' ELSE '.changed' END,
               n ->> 'id', noun, (n ->> 'id')::uuid, audit_covered(d.before, secret), audit_covered(d.after, secret), origin ->> 'address', origin ->> 'request', origin ->> 'via'
          FROM (SELECT to_jsonb(o) AS o, to_jsonb(n) AS n,
                       to_jsonb(o) ->> 'deleted_at' IS NOT NULL AS was_gone, to_jsonb(n) ->> 'deleted_at' IS NOT NULL AS gone
                  FROM old_rows o JOIN new_rows n ON n.id = o.id) AS rows
         CROSS JOIN LATERAL (
               SELECT jsonb_object_agg(key, value) AS before, jsonb_object_agg(key, n -> key) AS after
                 FROM jsonb_each(o - hidden) WHERE n -> key IS DISTINCT FROM value) AS d
         WHERE d.before IS NOT NULL OR gone <> was_gone;
    END IF;
    RETURN NULL;
END
$$;

-- What colleagues wrote stays with the contact; the log tells that they did.
SELECT audit_table('contact_fields', 'contact_field'), audit_table('contact_notes', 'contact_note', 'body');

-- Erasing changes tickets and replies, and what changes is noted by the role that does it.
CREATE POLICY erase ON audit_log FOR INSERT TO switchroom_erasure WITH CHECK (tenant_id = current_tenant());
GRANT INSERT ON audit_log TO switchroom_erasure;

-- Takes the values out of all lines about these objects (a person's records and tickets), those of the erasure itself
-- included; who did what and when stays. Only in the tenant of the transaction.
CREATE FUNCTION audit_forget_all(objects uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    touched bigint;
BEGIN
    UPDATE audit_log SET before = NULL, after = NULL, detail = '{"erased": true}'
     WHERE tenant_id = current_tenant() AND object_id = ANY (objects);
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END
$$;
REVOKE ALL ON FUNCTION audit_forget_all(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_forget_all(uuid[]) TO switchroom_app;

-- The audit log learns what a line is about, what changed, and by which request.
--
-- Changes are noted by the database itself, in the statement that makes them, so that no handler can forget to and no
-- line is without its change. Whoever opens a transaction says who acts (`app.origin`: actor, address, request, via);
-- the trigger only copies. It decides nothing: what may be changed by whom is not its business.
ALTER TABLE audit_log
    ADD COLUMN object_kind text CHECK (length(object_kind) <= 60),
    ADD COLUMN object_id   uuid,
    -- The changed fields only; a new record has no `before`, a deleted one no `after`. Secrets are left out.
    ADD COLUMN before      jsonb CHECK (jsonb_typeof(before) = 'object'),
    ADD COLUMN after       jsonb CHECK (jsonb_typeof(after) = 'object'),
    ADD COLUMN request_id  text CHECK (length(request_id) <= 64),
    -- Method and route of the request: `POST /api/v1/tickets/{id}/status`.
    ADD COLUMN via         text CHECK (length(via) <= 200);
-- Lines of one transaction are read in the order they were written.
ALTER TABLE audit_log ALTER COLUMN created_at SET DEFAULT clock_timestamp();
-- The owner of the tables, who never serves requests, is under row security too; it works here and in audit_forget.
CREATE POLICY owner ON audit_log FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true);
UPDATE audit_log SET object_kind = split_part(action, '.', 1),
       object_id = CASE WHEN subject ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN subject::uuid END;
CREATE INDEX audit_log_object ON audit_log (tenant_id, object_id, created_at DESC, id DESC) WHERE object_id IS NOT NULL;

-- An id that sorts by time (RFC 9562 version 7), as the program makes them.
CREATE FUNCTION uuid_by_time() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Who acts in this transaction, as whoever opened it said; empty where nobody did.
CREATE FUNCTION current_origin() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('app.origin', true), '')::jsonb, '{}') $$;

-- A row with its secrets covered: that one is there, or was replaced, may be known.
CREATE FUNCTION audit_covered(r jsonb, secret text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN r ?| secret THEN (
        SELECT jsonb_object_agg(key, CASE WHEN key = ANY (secret) AND value <> 'null' THEN '"…"' ELSE value END) FROM jsonb_each(r))
    ELSE r END
$$;

-- TG_ARGV: the noun, and the columns whose values are never shown, with commas between. The table has an `id`.
-- More rows in one statement than anybody reads one by one (an import) leave one line that counts them.
CREATE FUNCTION audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noun   text := TG_ARGV[0];
    hidden constant text[] := ARRAY['id', 'tenant_id', 'created_at', 'updated_at', 'deleted_at', 'created_by', 'updated_by', 'deleted_by', 'version'];
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

-- From now on changes of `tab` are noted under `noun`; values of the columns `secret` never are. Every new table of kept nouns calls it.
CREATE FUNCTION audit_table(tab regclass, noun text, secret text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_changes(%L, %L)', tab, noun, secret);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_changes(%L, %L)', tab, noun, secret);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_changes(%L, %L)', tab, noun, secret);
END
$$;

-- A contact's numbers are part of the contact: one line per contact and statement, named after it.
CREATE FUNCTION audit_phone_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := current_origin();
BEGIN
    IF (SELECT count(*) > 200 FROM (SELECT FROM changed_rows LIMIT 201) AS few) THEN
        RETURN NULL; -- an import: the contacts' own line counts them
    END IF;
    INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, address, request_id, via)
    SELECT uuid_by_time(), coalesce(current_tenant(), tenant_id), (origin ->> 'actor')::uuid,
           kind || CASE TG_OP WHEN 'DELETE' THEN '.phones_removed' ELSE '.phones_set' END, owner::text, kind, owner,
           CASE TG_OP WHEN 'DELETE' THEN phones END, CASE TG_OP WHEN 'DELETE' THEN NULL ELSE phones END,
           origin ->> 'address', origin ->> 'request', origin ->> 'via'
      FROM (SELECT tenant_id, kind, owner, jsonb_build_object('phones', jsonb_agg(e164 ORDER BY e164)) AS phones
              FROM (SELECT tenant_id, e164, coalesce(individual_id, organization_contact_id, organization_id, email_contact_id) AS owner,
                           CASE WHEN individual_id IS NOT NULL THEN 'individual' WHEN organization_contact_id IS NOT NULL THEN 'organization_contact'
                                WHEN organization_id IS NOT NULL THEN 'organization' ELSE 'email_contact' END AS kind
                      FROM changed_rows) AS owned
             GROUP BY 1, 2, 3) AS contacts;
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_insert AFTER INSERT ON contact_phones REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_phone_changes();
CREATE TRIGGER audit_delete AFTER DELETE ON contact_phones REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_phone_changes();

SELECT audit_table('individuals', 'individual'), audit_table('organizations', 'organization'),
       audit_table('organization_contacts', 'organization_contact'), audit_table('email_contacts', 'email_contact'),
       -- What was written stays with the ticket; the log tells that it was, and by whom.
       audit_table('tickets', 'ticket', 'description'), audit_table('ticket_replies', 'ticket_reply', 'body'),
       audit_table('phone_numbers', 'number'),
       audit_table('connections', 'connection', 'hook_key,hook_key_hash,credentials,key_id');

-- A tenant's own row has no tenant column, so its lines are written by hand.
CREATE FUNCTION audit_tenant_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := current_origin();
BEGIN
    INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, address, request_id, via)
    SELECT uuid_by_time(), n.id, (origin ->> 'actor')::uuid, 'tenant.changed', n.id::text, 'tenant', n.id, d.before, d.after,
           origin ->> 'address', origin ->> 'request', origin ->> 'via'
      FROM old_rows o JOIN new_rows n ON n.id = o.id
     CROSS JOIN LATERAL (
           SELECT jsonb_object_agg(key, value) AS before, jsonb_object_agg(key, to_jsonb(n) -> key) AS after
             FROM jsonb_each(to_jsonb(o) - ARRAY['updated_at', 'version']) WHERE to_jsonb(n) -> key IS DISTINCT FROM value) AS d
     WHERE d.before IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_update AFTER UPDATE ON tenants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_tenant_changes();

-- Erasing a person (GDPR art. 17) must reach what the log says of them: who did what and when stays, the values go. The
-- only way to touch a line that was written, for one object of one's own tenant, and it leaves a line itself.
CREATE FUNCTION audit_forget(kind text, object uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    touched bigint;
BEGIN
    UPDATE audit_log SET before = NULL, after = NULL, detail = '{"erased": true}'
     WHERE tenant_id = current_tenant() AND object_kind = kind AND object_id = object;
    GET DIAGNOSTICS touched = ROW_COUNT;
    INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, address, request_id, via)
    SELECT uuid_by_time(), current_tenant(), (o ->> 'actor')::uuid, kind || '.erased', object::text, kind, object, o ->> 'address', o ->> 'request', o ->> 'via'
      FROM current_origin() AS o WHERE current_tenant() IS NOT NULL;
    RETURN touched;
END
$$;
REVOKE ALL ON FUNCTION audit_forget(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_forget(text, uuid) TO switchroom_app;

-- The sign-in role reads what belongs to accounts; second factors and devices came with them.
DROP POLICY own_account ON audit_log;
CREATE POLICY own_account ON audit_log FOR SELECT TO switchroom_auth
    USING (action LIKE 'session.%' OR action LIKE 'password.%' OR action LIKE 'second_factor.%' OR action LIKE 'device.%');

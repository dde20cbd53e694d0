-- Finding contacts by words, finding and merging duplicates, erasing a person.

-- Row security keeps an index from serving a condition that could leak (migration 0052), and LIKE over trigrams is one. So
-- the two searches by words run as the loader's role, whose policy is "all rows", name the tenant of the transaction
-- themselves, and give out ids and no more: the rows are then read under the tenant's own policy as ever.
CREATE FUNCTION find_contacts(tab text, patterns text[], wanted jsonb, most int) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    query text;
    pattern text;
BEGIN
    IF tab NOT IN ('organizations', 'organization_contacts', 'individuals', 'email_contacts') THEN
        RAISE EXCEPTION 'no such kind of contact';
    END IF;
    query := format('SELECT id FROM %I WHERE tenant_id = %L AND deleted_at IS NULL', tab, current_tenant());
    -- Written out, because of conditions joined by ALL an index serves none.
    FOREACH pattern IN ARRAY patterns LOOP
        query := query || format(' AND search LIKE %L', pattern);
    END LOOP;
    IF wanted <> '{}' THEN
        query := query || format(' AND custom <> ''{}'' AND custom @> %L::jsonb', wanted);
    END IF;
    RETURN QUERY EXECUTE query || format(' LIMIT %s', most);
END
$$;

-- Names that are written alike, the likest first.
CREATE FUNCTION similar_contacts(tab text, title text, most int) RETURNS TABLE (id uuid, likeness real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF tab NOT IN ('organizations', 'organization_contacts', 'individuals', 'email_contacts') THEN
        RAISE EXCEPTION 'no such kind of contact';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT c.id, similarity(c.sort_name, $1) FROM %I c
          WHERE c.tenant_id = %L AND c.deleted_at IS NULL AND $1 <%% c.search AND similarity(c.sort_name, $1) >= 0.5
          ORDER BY 2 DESC, 1 LIMIT %s', tab, current_tenant(), most) USING lower(title);
END
$$;

-- Two records of one person or company made one. The snapshots are what an undo restores; what was moved is told apart
-- from what came later by the lists of ids. Calls are not moved, they are read through this table.
CREATE TABLE contact_merges (
    id             uuid NOT NULL PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind           text NOT NULL CHECK (kind IN ('individual', 'organization')),
    kept_id        uuid NOT NULL,
    merged_id      uuid NOT NULL CHECK (merged_id <> kept_id),
    -- The kept record before and after, with its numbers and addresses.
    before         jsonb NOT NULL,
    after          jsonb NOT NULL,
    moved_tickets  uuid[] NOT NULL DEFAULT '{}',
    moved_notes    uuid[] NOT NULL DEFAULT '{}',
    moved_contacts uuid[] NOT NULL DEFAULT '{}',
    merged_at      timestamptz NOT NULL DEFAULT now(),
    merged_by      uuid,
    -- Until then it can be undone; an erasure brings it forward.
    undo_until     timestamptz NOT NULL DEFAULT now() + interval '30 days',
    undone_at      timestamptz,
    undone_by      uuid
);
-- A record is merged away once at a time.
CREATE UNIQUE INDEX contact_merges_merged ON contact_merges (merged_id) WHERE undone_at IS NULL;
CREATE INDEX contact_merges_kept ON contact_merges (kept_id) WHERE undone_at IS NULL;
CREATE INDEX contact_merges_list ON contact_merges (tenant_id, merged_at DESC, id DESC);

-- A contact and all that were merged into it, however often.
CREATE FUNCTION contact_and_merged(contact uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE one (id) AS (
        SELECT contact
        UNION
        SELECT m.merged_id FROM one JOIN contact_merges m ON m.kept_id = one.id AND m.undone_at IS NULL
    ) SELECT id FROM one
$$;

-- Whom a contact has become part of in the end; itself, where it was merged into none.
CREATE FUNCTION surviving_contact(contact uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id, depth) AS (
        SELECT contact, 0
        UNION ALL
        SELECT m.kept_id, up.depth + 1 FROM up JOIN contact_merges m ON m.merged_id = up.id AND m.undone_at IS NULL WHERE up.depth < 100
    ) SELECT id FROM up ORDER BY depth DESC LIMIT 1
$$;

-- That somebody was erased stays; who they were does not.
CREATE TABLE contact_erasures (
    id         uuid NOT NULL PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('organization_contact', 'individual', 'email_contact')),
    contact_id uuid NOT NULL,
    -- "request of …", the number of a letter: no name.
    reason     text CHECK (length(reason) <= 500),
    erased_at  timestamptz NOT NULL DEFAULT now(),
    erased_by  uuid,
    tickets    int NOT NULL DEFAULT 0,
    calls      int NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, contact_id)
);
CREATE INDEX contact_erasures_list ON contact_erasures (tenant_id, erased_at DESC, id DESC);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['contact_merges', 'contact_erasures'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO switchroom_app', t);
    END LOOP;
END
$$;
GRANT DELETE ON contact_notes TO switchroom_app;

-- The log is append-only for every role that signs in. Erasing is the one exception, and it can only take away: a role
-- that nobody signs in as owns the one function that may, and the function sees the tenant of the transaction only (ADR 0018).
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'switchroom_erasure') THEN
        CREATE ROLE switchroom_erasure NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server is being migrated at the same moment
END
$$;
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT switchroom_erasure TO %I', current_user);
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO switchroom_erasure;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['calls', 'call_events', 'tickets', 'ticket_replies', 'ticket_activities', 'call_tickets'] LOOP
        EXECUTE format('CREATE POLICY erase ON %I TO switchroom_erasure USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
        EXECUTE format('GRANT SELECT ON %I TO switchroom_erasure', t);
    END LOOP;
END
$$;
GRANT UPDATE (from_number, to_number, fold) ON calls TO switchroom_erasure;
GRANT UPDATE (data) ON call_events, ticket_activities TO switchroom_erasure;
GRANT UPDATE (caller_phone_number, customer_name, customer_gender, contact_person, customer_email, title, description, version, updated_at) ON tickets TO switchroom_erasure;
GRANT UPDATE (body) ON ticket_replies TO switchroom_erasure;
-- The ticket's triggers leave rows in the outbox, whoever writes.
GRANT INSERT ON outbox TO switchroom_erasure;

-- A value in which every text that is one of `texts` was replaced by the one at the same place of `instead`. Keys stay.
CREATE FUNCTION replace_texts(value jsonb, texts text[], instead text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place int;
BEGIN
    CASE jsonb_typeof(value)
    WHEN 'string' THEN
        place := array_position(texts, value #>> '{}');
        RETURN CASE WHEN place IS NULL THEN value ELSE to_jsonb(instead[place]) END;
    WHEN 'array' THEN
        RETURN coalesce((SELECT jsonb_agg(replace_texts(e.value, texts, instead) ORDER BY e.ordinality)
                           FROM jsonb_array_elements(value) WITH ORDINALITY e), '[]');
    WHEN 'object' THEN
        RETURN coalesce((SELECT jsonb_object_agg(e.key, replace_texts(e.value, texts, instead)) FROM jsonb_each(value) e), '{}');
    ELSE
        RETURN value;
    END CASE;
END
$$;

-- The same within a text.
CREATE FUNCTION replace_within(value text, texts text[], instead text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    FOR place IN 1..coalesce(array_length(texts, 1), 0) LOOP
        -- Of very short texts nothing is left but syllables of others.
        IF length(texts[place]) >= 3 THEN
            value := replace(value, texts[place], instead[place]);
        END IF;
    END LOOP;
    RETURN value;
END
$$;

-- Takes a person out of the log, of calls and of tickets: `contacts` are the records of the person, `texts` what names
-- them (numbers, names, addresses), `instead` what stands there from now on. Answers how many tickets and calls.
CREATE FUNCTION erase_person(contacts uuid[], texts text[], instead text[]) RETURNS TABLE (tickets int, calls int)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    tenant uuid := current_tenant();
    their_tickets uuid[];
    their_calls uuid[];
BEGIN
    SELECT coalesce(array_agg(k.id), '{}') INTO their_tickets FROM tickets k
     WHERE k.tenant_id = tenant AND (k.individual_id = ANY (contacts) OR k.organization_contact_id = ANY (contacts)
                                     OR k.email_contact_id = ANY (contacts));
    -- Their calls: those that were found to be theirs, those their tickets came from, and those from or to a number of
    -- theirs that were found to be nobody's. What was found to be somebody else's is theirs, on a shared line.
    SELECT coalesce(array_agg(c.id), '{}') INTO their_calls FROM calls c
     WHERE c.tenant_id = tenant AND c.state = 'ended'
       AND (c.contact_id = ANY (contacts)
            OR (c.contact_id IS NULL AND (c.from_number = ANY (texts) OR c.to_number = ANY (texts)
                OR c.id IN (SELECT l.call_id FROM call_tickets l WHERE l.tenant_id = tenant AND l.ticket_id = ANY (their_tickets)))));
    UPDATE calls c SET from_number = coalesce(instead[array_position(texts, c.from_number)], c.from_number),
                       to_number = coalesce(instead[array_position(texts, c.to_number)], c.to_number),
                       fold = replace_texts(c.fold::jsonb, texts, instead)::json
     WHERE c.tenant_id = tenant AND c.id = ANY (their_calls);
    UPDATE call_events e SET data = replace_texts(e.data::jsonb, texts, instead)::json
     WHERE e.tenant_id = tenant AND e.call_id = ANY (their_calls);
    UPDATE tickets k SET caller_phone_number = NULL, customer_name = NULL, customer_gender = NULL, contact_person = NULL,
                         customer_email = NULL, title = left(replace_within(k.title, texts, instead), 300),
                         description = left(replace_within(k.description, texts, instead), 20000), version = k.version + 1
     WHERE k.tenant_id = tenant AND k.id = ANY (their_tickets);
    UPDATE ticket_replies r SET body = left(replace_within(r.body, texts, instead), 50000)
     WHERE r.tenant_id = tenant AND r.ticket_id = ANY (their_tickets) AND replace_within(r.body, texts, instead) <> r.body;
    UPDATE ticket_activities a SET data = replace_texts(a.data, texts, instead)
     WHERE a.tenant_id = tenant AND a.ticket_id = ANY (their_tickets);
    RETURN QUERY SELECT cardinality(their_tickets), cardinality(their_calls);
END
$$;

-- Who gives a function away must find its new owner able to have it there.
GRANT CREATE ON SCHEMA public TO switchroom_directory, switchroom_erasure;
ALTER FUNCTION find_contacts(text, text[], jsonb, int) OWNER TO switchroom_directory;
ALTER FUNCTION similar_contacts(text, text, int) OWNER TO switchroom_directory;
ALTER FUNCTION erase_person(uuid[], text[], text[]) OWNER TO switchroom_erasure;
REVOKE CREATE ON SCHEMA public FROM switchroom_directory, switchroom_erasure;
REVOKE ALL ON FUNCTION find_contacts(text, text[], jsonb, int) FROM PUBLIC;
REVOKE ALL ON FUNCTION similar_contacts(text, text, int) FROM PUBLIC;
REVOKE ALL ON FUNCTION erase_person(uuid[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_contacts(text, text[], jsonb, int) TO switchroom_app;
GRANT EXECUTE ON FUNCTION similar_contacts(text, text, int) TO switchroom_app;
GRANT EXECUTE ON FUNCTION erase_person(uuid[], text[], text[]) TO switchroom_app;

-- Where contacts are, and by which number the tax office knows an organization (002's customer fields). Individuals have had an
-- address from the first.
--
-- Lists are narrowed to a city in any letter case. Behind row security an index serves only plain columns (ADR 0019), so the
-- city is folded when it is written, as names are. The column makes Postgres write the tables once more, which takes as long as
-- a restore of them; what is empty takes no room.
ALTER TABLE organizations
    -- As they write it: each country has forms of its own.
    ADD COLUMN tax_id      text CHECK (length(tax_id) BETWEEN 1 AND 64),
    ADD COLUMN address     text CHECK (length(address) <= 1000),
    ADD COLUMN city        text CHECK (length(city) <= 200),
    ADD COLUMN state       text CHECK (length(state) <= 200),
    -- ISO 3166-1 alpha-2.
    ADD COLUMN country     text CHECK (country ~ '^[A-Z]{2}$'),
    ADD COLUMN folded_city text GENERATED ALWAYS AS (lower(regexp_replace(btrim(city), '\s+', ' ', 'g'))) STORED;
ALTER TABLE organization_contacts
    ADD COLUMN address     text CHECK (length(address) <= 1000),
    ADD COLUMN city        text CHECK (length(city) <= 200),
    ADD COLUMN state       text CHECK (length(state) <= 200),
    ADD COLUMN country     text CHECK (country ~ '^[A-Z]{2}$'),
    ADD COLUMN folded_city text GENERATED ALWAYS AS (lower(regexp_replace(btrim(city), '\s+', ' ', 'g'))) STORED;
ALTER TABLE individuals
    ADD COLUMN city        text CHECK (length(city) <= 200),
    ADD COLUMN state       text CHECK (length(state) <= 200),
    ADD COLUMN country     text CHECK (country ~ '^[A-Z]{2}$'),
    ADD COLUMN folded_city text GENERATED ALWAYS AS (lower(regexp_replace(btrim(city), '\s+', ' ', 'g'))) STORED;

-- With the order of the list behind what it is narrowed to, so that a page of a big country is its first rows and a page of a small
-- one is not sought among all others. Who has none is in neither index: imports without places write nothing there.
CREATE INDEX organizations_country ON organizations (tenant_id, country, created_at, id) WHERE deleted_at IS NULL AND country IS NOT NULL;
CREATE INDEX organizations_city ON organizations (tenant_id, folded_city, created_at, id) WHERE deleted_at IS NULL AND folded_city IS NOT NULL;
CREATE INDEX organizations_tax_id ON organizations (tenant_id, tax_id, created_at, id) WHERE deleted_at IS NULL AND tax_id IS NOT NULL;
CREATE INDEX organization_contacts_country ON organization_contacts (tenant_id, country, created_at, id) WHERE deleted_at IS NULL AND country IS NOT NULL;
CREATE INDEX organization_contacts_city ON organization_contacts (tenant_id, folded_city, created_at, id) WHERE deleted_at IS NULL AND folded_city IS NOT NULL;
CREATE INDEX individuals_country ON individuals (tenant_id, country, created_at, id) WHERE deleted_at IS NULL AND country IS NOT NULL;
CREATE INDEX individuals_city ON individuals (tenant_id, folded_city, created_at, id) WHERE deleted_at IS NULL AND folded_city IS NOT NULL;

-- A tenant may want organizations with a tax id only. Off, because a company calls before anybody knows its number.
ALTER TABLE tenants ADD COLUMN tax_id_required boolean NOT NULL DEFAULT false;

-- As in migration 0090, without the folded city, which is the city once more.
CREATE OR REPLACE FUNCTION audit_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noun   text := TG_ARGV[0];
    hidden constant text[] := ARRAY['id', 'tenant_id', 'created_at', 'updated_at', 'deleted_at', 'created_by', 'updated_by', 'deleted_by', 'version',
                                    'search', 'sort_name', 'folded_city'];
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

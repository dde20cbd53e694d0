-- Files of many rows, read beside the requests: contacts into a tenant, lines into the pool (then no tenant's, and the
-- platform admin's). The file waits here in pieces until it was read, so that any node can read it, and again after a
-- crash; what was refused stays to be looked at.
CREATE TABLE imports (
    id          uuid NOT NULL PRIMARY KEY,
    tenant_id   uuid REFERENCES tenants ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('contacts', 'numbers')),
    -- Of the file, as the sender calls it.
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    state       text NOT NULL DEFAULT 'uploaded' CHECK (state IN ('uploaded', 'running', 'done', 'failed')),
    size        bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    -- Country in which numbers without a country code are read.
    region      text CHECK (region ~ '^[A-Z]{2}$'),
    -- {"column of the file": "what it holds"}; what is not in it is read by its own name.
    mapping     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(mapping) = 'object'),
    bytes_done  bigint NOT NULL DEFAULT 0,
    inserted    bigint NOT NULL DEFAULT 0,
    present     bigint NOT NULL DEFAULT 0,
    rejected    bigint NOT NULL DEFAULT 0,
    -- Why it failed, in words for who sent the file.
    fault       text CHECK (length(fault) <= 1000),
    created_by  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    version     bigint NOT NULL DEFAULT 1,
    CHECK ((kind = 'numbers') = (tenant_id IS NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX imports_list ON imports (tenant_id, created_at DESC, id DESC);
CREATE INDEX imports_running ON imports (id) WHERE state = 'running';

CREATE TABLE import_pieces (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    tenant_id uuid REFERENCES tenants ON DELETE CASCADE,
    position  int NOT NULL,
    data      bytea NOT NULL CHECK (length(data) <= 1048576),
    PRIMARY KEY (import_id, position)
);

CREATE TABLE import_rejects (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    tenant_id uuid REFERENCES tenants ON DELETE CASCADE,
    line      bigint NOT NULL,
    reason    text NOT NULL CHECK (length(reason) <= 1000),
    -- The row as it was sent, or the beginning of it.
    row       text NOT NULL CHECK (length(row) <= 65536),
    PRIMARY KEY (import_id, line)
);

CREATE TRIGGER touch BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['imports', 'import_pieces', 'import_rejects'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        -- The platform admin's are those of no tenant.
        EXECUTE format('CREATE POLICY platform ON %I TO switchroom_platform USING (tenant_id IS NULL)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO switchroom_app, switchroom_platform', t);
    END LOOP;
END
$$;
-- What a stopped process left is given up, and what is old goes, whose ever it is.
CREATE POLICY tidy ON imports FOR UPDATE TO switchroom_platform USING (state = 'running') WITH CHECK (true);
CREATE POLICY tidy_old ON imports FOR DELETE TO switchroom_platform USING (created_at < now() - interval '30 days');
CREATE POLICY tidy_seen ON imports FOR SELECT TO switchroom_platform
    USING (state IN ('running', 'failed') OR created_at < now() - interval '30 days');

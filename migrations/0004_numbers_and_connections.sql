-- Our own lines (the inventory) and the doors through which providers report calls.

CREATE TABLE phone_numbers (
    id                uuid NOT NULL PRIMARY KEY,
    number            text NOT NULL UNIQUE CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    country           text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    region            text CHECK (length(region) <= 100),
    -- Null = in the pool, or in quarantine.
    tenant_id         uuid REFERENCES tenants,
    status            text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'assigned', 'reserved')),
    -- The endpoint the line rings: a person of the tenant, or a bot (bots come with a later migration).
    user_id           uuid,
    bot_id            uuid,
    monthly_cost      numeric(12, 2) NOT NULL DEFAULT 0 CHECK (monthly_cost >= 0),
    currency          text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    provider          text NOT NULL DEFAULT 'twilio' CHECK (length(provider) BETWEEN 1 AND 60),
    capabilities      jsonb NOT NULL DEFAULT '{"voice": true, "sms": false}' CHECK (jsonb_typeof(capabilities) = 'object'),
    -- Until then a released line is given to nobody, so that a stranger does not inherit its callers.
    quarantined_until timestamptz,
    -- The tenant that released it. Row security needs it: the row an UPDATE leaves behind must still be visible
    -- to the role that updates.
    quarantined_from  uuid REFERENCES tenants ON DELETE SET NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    version           bigint NOT NULL DEFAULT 1,
    CHECK (quarantined_from IS NULL OR quarantined_until IS NOT NULL),
    CHECK (quarantined_until IS NULL OR status = 'reserved'),
    CHECK (num_nonnulls(user_id, bot_id) <= 1),
    -- Status, owner and endpoint are one fact (K-19): the pool owns nothing, an endpoint needs an owner.
    CHECK (CASE status
        WHEN 'available' THEN tenant_id IS NULL AND user_id IS NULL AND bot_id IS NULL
        WHEN 'reserved'  THEN user_id IS NULL AND bot_id IS NULL
        ELSE tenant_id IS NOT NULL END),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
);
-- One line per endpoint and one endpoint per line (NUM-05).
CREATE UNIQUE INDEX phone_numbers_user ON phone_numbers (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX phone_numbers_bot ON phone_numbers (bot_id) WHERE bot_id IS NOT NULL;
CREATE INDEX phone_numbers_tenant ON phone_numbers (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX phone_numbers_pool ON phone_numbers (country, region, id) WHERE status = 'available' AND deleted_at IS NULL;
CREATE INDEX phone_numbers_quarantine ON phone_numbers (quarantined_until) WHERE quarantined_until IS NOT NULL;

-- Who held a line, and when: a call of last month stays tied to the owner of then.
CREATE TABLE number_assignments (
    id            uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id     uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    number_id     uuid NOT NULL REFERENCES phone_numbers ON DELETE CASCADE,
    assigned_at   timestamptz NOT NULL DEFAULT now(),
    assigned_by   uuid,
    released_at   timestamptz,
    released_by   uuid,
    CHECK (released_at >= assigned_at)
);
CREATE UNIQUE INDEX number_assignments_current ON number_assignments (number_id) WHERE released_at IS NULL;
CREATE INDEX number_assignments_tenant ON number_assignments (tenant_id, number_id);

-- One way in for call events: a provider's webhook, or the built-in SIP door.
CREATE TABLE connections (
    id             uuid NOT NULL PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind           text NOT NULL CHECK (kind IN ('generic', 'twilio', 'telnyx', 'vonage', 'plivo', 'sipgate', 'zammad', 'sip')),
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    default_region text CHECK (default_region ~ '^[A-Z]{2}$'),
    -- {"name the provider uses": "user id"}
    user_map       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(user_map) = 'object'),
    -- The path key is looked up by its hash and kept sealed, so that its URL can be shown again.
    hook_key_hash  bytea UNIQUE CHECK (length(hook_key_hash) = 32),
    hook_key       bytea,
    -- Sealed JSON of the credentials (AES-256-GCM under the key that key_id names).
    credentials    bytea,
    key_id         text,
    is_active      boolean NOT NULL DEFAULT true,
    created_by     uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz,
    version        bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id),
    CHECK ((kind = 'sip') = (hook_key_hash IS NULL))
);
-- The SIP door of a tenant is one.
CREATE UNIQUE INDEX connections_sip ON connections (tenant_id) WHERE kind = 'sip' AND deleted_at IS NULL;
CREATE INDEX connections_tenant ON connections (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TRIGGER touch BEFORE UPDATE ON phone_numbers FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE phone_numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE phone_numbers FORCE ROW LEVEL SECURITY;
ALTER TABLE number_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE number_assignments FORCE ROW LEVEL SECURITY;
ALTER TABLE connections ENABLE ROW LEVEL SECURITY;
ALTER TABLE connections FORCE ROW LEVEL SECURITY;

-- A tenant sees its own lines and the pool. (A line in quarantine stays visible to the tenant that released it as
-- far as the database goes; the API shows it to the platform admin only.)
CREATE POLICY own_and_pool ON phone_numbers FOR SELECT TO switchroom_app
    USING (tenant_id = current_tenant() OR quarantined_from = current_tenant() OR (status = 'available' AND current_tenant() IS NOT NULL));
-- It may change its own lines and take from the pool; what results is its own, the pool, or quarantine.
CREATE POLICY change_own ON phone_numbers FOR UPDATE TO switchroom_app
    USING (tenant_id = current_tenant() OR (status = 'available' AND current_tenant() IS NOT NULL))
    WITH CHECK (tenant_id = current_tenant() OR (tenant_id IS NULL AND quarantined_from = current_tenant()));
CREATE POLICY load ON phone_numbers FOR SELECT TO switchroom_directory USING (true);
CREATE POLICY platform ON phone_numbers TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON number_assignments TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY platform ON number_assignments TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON connections TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY load ON connections FOR SELECT TO switchroom_directory USING (true);
CREATE POLICY platform ON connections TO switchroom_platform USING (true) WITH CHECK (true);

-- A tenant changes who holds a line and what it rings, never its price or provider (W-22).
GRANT SELECT ON phone_numbers TO switchroom_app, switchroom_directory;
GRANT UPDATE (tenant_id, status, user_id, bot_id, quarantined_until, quarantined_from, updated_at, version) ON phone_numbers TO switchroom_app;
GRANT SELECT, INSERT, UPDATE ON phone_numbers TO switchroom_platform;
GRANT SELECT, INSERT, UPDATE ON number_assignments TO switchroom_app, switchroom_platform;
GRANT SELECT, INSERT, UPDATE ON connections TO switchroom_app, switchroom_platform;
GRANT SELECT ON connections TO switchroom_directory;

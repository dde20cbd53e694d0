-- Tenants, the people who sign in, and how they prove who they are.

CREATE TABLE tenants (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- ISO 3166-1 alpha-2: numbers written without a country code are read in this region.
    region     text NOT NULL CHECK (region ~ '^[A-Z]{2}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    bigint NOT NULL DEFAULT 1
);

-- Per-tenant counters, so that no tenant can read another's volume from a serial number.
CREATE TABLE tenant_counters (
    tenant_id          uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    next_ticket_number bigint NOT NULL DEFAULT 1001
);

-- A person who signs in. Not tied to one tenant: memberships say where, and as what.
CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash     text,
    is_platform_admin boolean NOT NULL DEFAULT false,
    is_active         boolean NOT NULL DEFAULT true,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    version           bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX users_email ON users (email) WHERE deleted_at IS NULL;

CREATE TABLE memberships (
    id                   uuid PRIMARY KEY,
    tenant_id            uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id              uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role                 text NOT NULL CHECK (role IN ('org_owner', 'org_admin', 'supervisor', 'agent', 'corporate', 'member', 'client')),
    -- Internal address, 2 to 6 digits.
    extension            text CHECK (extension ~ '^[0-9]{2,6}$'),
    -- Where this person's phone is reached, e.g. sip:201@pbx.example. A call for them is redirected there.
    sip_uri              text CHECK (sip_uri ~* '^sips?:' AND length(sip_uri) <= 512),
    module_individuals   boolean NOT NULL DEFAULT true,
    module_organizations boolean NOT NULL DEFAULT true,
    module_tickets       boolean NOT NULL DEFAULT true,
    module_numbers       boolean NOT NULL DEFAULT true,
    is_active            boolean NOT NULL DEFAULT true,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, user_id),
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX memberships_extension ON memberships (tenant_id, extension) WHERE is_active AND extension IS NOT NULL;
CREATE INDEX memberships_user ON memberships (user_id);

-- A signed-in browser or client. Only SHA-256 of the tokens is kept: a stolen backup signs nobody in.
-- tenant_id is null for the platform admin, who names a tenant per request.
CREATE TABLE sessions (
    id                 uuid PRIMARY KEY,
    tenant_id          uuid REFERENCES tenants ON DELETE CASCADE,
    user_id            uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    access_hash        bytea NOT NULL UNIQUE CHECK (length(access_hash) = 32),
    refresh_hash       bytea NOT NULL UNIQUE CHECK (length(refresh_hash) = 32),
    -- A browser's cookie is a token of its own: it lives as long as the session is in use, and no script ever sees
    -- it, whereas the access token is short-lived because its holder keeps it somewhere of their own.
    cookie_hash        bytea NOT NULL UNIQUE CHECK (length(cookie_hash) = 32),
    access_expires_at  timestamptz NOT NULL,
    refresh_expires_at timestamptz NOT NULL,
    user_agent         text,
    address            text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    last_seen_at       timestamptz NOT NULL DEFAULT now(),
    ended_at           timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    tenant_id    uuid REFERENCES tenants ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_tokens_user ON api_tokens (user_id) WHERE revoked_at IS NULL;

-- The first answer to a POST that carried an Idempotency-Key, given again to its repetitions for 24 hours.
-- The tenant is null where the platform admin acts for none.
CREATE TABLE idempotency_keys (
    tenant_id   uuid REFERENCES tenants ON DELETE CASCADE,
    user_id     uuid NOT NULL,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 over method, path and body: the same key with another request is refused.
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    -- Null while the first request still runs.
    status      smallint,
    headers     jsonb,
    -- Sealed under key_id, because some answers hold a secret that is shown once.
    body        bytea,
    key_id      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (tenant_id, user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TRIGGER touch BEFORE UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON memberships FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE tenant_counters ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_counters FORCE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_tokens FORCE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY own_tenant ON tenants TO switchroom_app USING (id = current_tenant());
CREATE POLICY sign_in ON tenants FOR SELECT TO switchroom_auth USING (true);
CREATE POLICY load ON tenants FOR SELECT TO switchroom_directory, switchroom_log USING (true);
CREATE POLICY platform ON tenants TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON tenant_counters TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY platform ON tenant_counters TO switchroom_platform USING (true) WITH CHECK (true);

-- A tenant sees the people who are its members, and nobody else.
CREATE POLICY members ON users TO switchroom_app
    USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND m.tenant_id = current_tenant()));
CREATE POLICY sign_in ON users TO switchroom_auth USING (true);
CREATE POLICY load ON users FOR SELECT TO switchroom_directory USING (true);
CREATE POLICY platform ON users TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON memberships TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY sign_in ON memberships FOR SELECT TO switchroom_auth USING (true);
CREATE POLICY load ON memberships FOR SELECT TO switchroom_directory USING (true);
CREATE POLICY platform ON memberships TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON sessions TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY sign_in ON sessions TO switchroom_auth USING (true) WITH CHECK (true);
CREATE POLICY platform ON sessions TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON api_tokens TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY sign_in ON api_tokens TO switchroom_auth USING (true) WITH CHECK (true);
CREATE POLICY platform ON api_tokens TO switchroom_platform USING (true) WITH CHECK (true);

CREATE POLICY own_tenant ON idempotency_keys TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY platform ON idempotency_keys TO switchroom_platform USING (true) WITH CHECK (true);

GRANT SELECT, UPDATE ON tenants TO switchroom_app;
GRANT SELECT ON tenants TO switchroom_auth, switchroom_directory, switchroom_log;
GRANT SELECT, INSERT, UPDATE ON tenants TO switchroom_platform;
GRANT SELECT, UPDATE ON tenant_counters TO switchroom_app;
GRANT SELECT, INSERT, UPDATE ON tenant_counters TO switchroom_platform;
GRANT SELECT ON users TO switchroom_app, switchroom_directory;
GRANT SELECT, UPDATE ON users TO switchroom_auth;
GRANT SELECT, INSERT, UPDATE ON users TO switchroom_platform;
GRANT SELECT, INSERT, UPDATE ON memberships TO switchroom_app;
GRANT SELECT ON memberships TO switchroom_auth, switchroom_directory;
GRANT SELECT, INSERT, UPDATE ON memberships TO switchroom_platform;
GRANT SELECT, UPDATE ON sessions TO switchroom_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO switchroom_auth;
GRANT SELECT, DELETE ON sessions TO switchroom_platform;
GRANT SELECT, INSERT, UPDATE ON api_tokens TO switchroom_app;
GRANT SELECT, UPDATE ON api_tokens TO switchroom_auth;
GRANT SELECT, INSERT, UPDATE ON api_tokens TO switchroom_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO switchroom_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO switchroom_platform;

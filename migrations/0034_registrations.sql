-- Clients register themselves where a tenant lets them: the address is proved by a link, and an admin may have to agree.
ALTER TABLE tenants ADD COLUMN registration text NOT NULL DEFAULT 'off' CHECK (registration IN ('off', 'open', 'approval'));

CREATE TABLE registrations (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email         text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    token_hash    bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    -- Of the link; a proved address waits for an admin as long as it takes.
    expires_at    timestamptz NOT NULL,
    verified_at   timestamptz,
    decided_at    timestamptz,
    decided_by    uuid,
    -- Null while nobody decided; where no approval is asked for, proving the address decides.
    approved      boolean,
    user_id       uuid REFERENCES users ON DELETE CASCADE,
    UNIQUE (tenant_id, id),
    CHECK ((decided_at IS NULL) = (approved IS NULL)),
    CHECK (decided_at IS NULL OR verified_at IS NOT NULL)
);
CREATE INDEX registrations_list ON registrations (tenant_id, created_at DESC, id DESC) WHERE verified_at IS NOT NULL;
-- A proved address waits once.
CREATE UNIQUE INDEX registrations_waiting ON registrations (tenant_id, email) WHERE verified_at IS NOT NULL AND decided_at IS NULL;
CREATE INDEX registrations_age ON registrations (expires_at) WHERE verified_at IS NULL;

ALTER TABLE registrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE registrations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON registrations TO switchroom_app USING (tenant_id = current_tenant());
-- Registering makes people, who belong to no tenant, and so spans tenants by nature.
CREATE POLICY platform ON registrations TO switchroom_platform USING (true) WITH CHECK (true);
-- An admin decides; the rest is not the tenant's to change, nor its links to see.
GRANT SELECT (id, tenant_id, email, name, created_at, verified_at, decided_at, decided_by, approved, user_id) ON registrations TO switchroom_app;
GRANT UPDATE (decided_at, decided_by, approved) ON registrations TO switchroom_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON registrations TO switchroom_platform;

-- Invitations: how staff come in. Nobody registers themselves; somebody who may asks them by a link.
CREATE TABLE invitations (
    id                   uuid PRIMARY KEY,
    tenant_id            uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email                text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    -- What the inviter calls them; a new person may write it otherwise.
    name                 text CHECK (length(name) BETWEEN 1 AND 200),
    role                 text NOT NULL CHECK (role IN ('org_owner', 'org_admin', 'supervisor', 'agent', 'corporate', 'member', 'client')),
    extension            text CHECK (extension ~ '^[0-9]{2,6}$'),
    module_individuals   boolean NOT NULL DEFAULT true,
    module_organizations boolean NOT NULL DEFAULT true,
    module_tickets       boolean NOT NULL DEFAULT true,
    module_numbers       boolean NOT NULL DEFAULT true,
    -- SHA-256 of the link's secret part. Sending again replaces it: an older link is good no more.
    token_hash           bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    invited_by           uuid NOT NULL REFERENCES users,
    created_at           timestamptz NOT NULL DEFAULT now(),
    expires_at           timestamptz NOT NULL,
    accepted_at          timestamptz,
    accepted_by          uuid REFERENCES users,
    revoked_at           timestamptz,
    UNIQUE (tenant_id, id)
);
-- One open invitation per person; an expired one is withdrawn when the next is made.
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_list ON invitations (tenant_id, created_at DESC, id DESC);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON invitations TO switchroom_app USING (tenant_id = current_tenant());
-- Accepting makes people, who belong to no tenant, and so spans tenants by nature.
CREATE POLICY platform ON invitations TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON invitations TO switchroom_app;
GRANT SELECT, UPDATE ON invitations TO switchroom_platform;

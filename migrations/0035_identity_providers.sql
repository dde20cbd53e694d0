-- Sign-in at somebody else's door (OpenID Connect): whose word a tenant takes, who was who there, and journeys under way.
CREATE TABLE identity_providers (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    -- As the issuer writes itself; its metadata is found beneath it.
    issuer        text NOT NULL CHECK (issuer ~ '^https?://' AND length(issuer) <= 500),
    client_id     text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 300),
    -- Sealed; null for a public client, which PKCE alone protects.
    client_secret bytea,
    key_id        text,
    scopes        text NOT NULL DEFAULT 'openid email profile' CHECK (length(scopes) <= 300),
    -- What somebody becomes who has a verified address there and is no member here; null = nobody joins so.
    joins_as      text CHECK (joins_as IN ('agent', 'corporate', 'member', 'client')),
    is_active     boolean NOT NULL DEFAULT true,
    created_by    uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id),
    CHECK ((client_secret IS NULL) = (key_id IS NULL))
);
CREATE UNIQUE INDEX identity_providers_name ON identity_providers (tenant_id, lower(name));

-- Somebody's name at a provider. Known by provider, not by issuer: another tenant's settings prove nothing here.
CREATE TABLE federated_identities (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    provider_id uuid NOT NULL,
    subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id     uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider_id, subject),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
);

-- A browser that was sent to a provider and is expected back, once, within minutes.
CREATE TABLE federated_journeys (
    state_hash    bytea PRIMARY KEY CHECK (length(state_hash) = 32),
    tenant_id     uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    provider_id   uuid NOT NULL,
    -- Of the cookie that the browser got: nobody can finish a journey that another browser began.
    browser_hash  bytea NOT NULL CHECK (length(browser_hash) = 32),
    nonce         text NOT NULL,
    -- Sealed: with it a stolen code could be redeemed.
    verifier      bytea NOT NULL,
    key_id        text NOT NULL,
    -- A path of our own to go to in the end.
    goes_to       text NOT NULL CHECK (goes_to ~ '^/' AND length(goes_to) <= 500),
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX federated_journeys_age ON federated_journeys (expires_at);

-- A session that a tenant's provider vouched for is good in that tenant only, and so is a token made in it. No key: both
-- outlive the provider, and stay what they were.
ALTER TABLE sessions ADD COLUMN provider_id uuid;
ALTER TABLE api_tokens ADD COLUMN provider_id uuid;

CREATE TRIGGER touch BEFORE UPDATE ON identity_providers FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['identity_providers', 'federated_identities', 'federated_journeys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY sign_in ON %I TO switchroom_auth USING (true) WITH CHECK (true)', t);
    END LOOP;
END
$$;
CREATE POLICY own_tenant ON identity_providers TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY own_tenant ON federated_identities TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY platform ON federated_identities TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_providers TO switchroom_app;
GRANT SELECT, DELETE ON federated_identities TO switchroom_app;
GRANT SELECT ON identity_providers, federated_identities TO switchroom_auth;
GRANT INSERT ON federated_identities TO switchroom_auth, switchroom_platform;
GRANT SELECT ON federated_identities TO switchroom_platform;
GRANT SELECT, INSERT, DELETE ON federated_journeys TO switchroom_auth;
SELECT audit_table('identity_providers', 'identity_provider', 'client_secret,key_id');

-- One-time links by which a new person chooses a password. Only SHA-256 of the secret part is kept, as with tokens.
-- A link belongs to a person, who may be in several tenants, so it has no tenant of its own.
CREATE TABLE password_links (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX password_links_user ON password_links (user_id);

ALTER TABLE password_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_links FORCE ROW LEVEL SECURITY;
CREATE POLICY sign_in ON password_links TO switchroom_auth USING (true);
CREATE POLICY platform ON password_links FOR INSERT TO switchroom_platform WITH CHECK (true);
GRANT SELECT, UPDATE ON password_links TO switchroom_auth;
GRANT INSERT ON password_links TO switchroom_platform;

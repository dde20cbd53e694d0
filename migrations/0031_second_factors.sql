-- A second proof at sign-in: codes of an authenticator app, backup codes, and browsers that were told to be trusted.
-- They belong to a person, who may be in several tenants, so no tenant's role sees them: only sign-in does.

CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- The shared secret, sealed under key_id: it must be known to compute codes, so a hash will not do.
    secret       bytea NOT NULL,
    key_id       text NOT NULL,
    -- Null until the first code has shown that the app has the secret; before that nothing is asked for.
    confirmed_at timestamptz,
    -- The newest step that was used: a code is good once (RFC 6238 §5.2).
    last_step    bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- SHA-256 suffices: a code has 80 random bits.
CREATE TABLE backup_codes (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    code_hash  bytea NOT NULL CHECK (length(code_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

-- A browser that need not show the second factor again for a while. Its cookie's hash is kept, as with sessions.
CREATE TABLE remembered_devices (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_agent   text,
    address      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX remembered_devices_user ON remembered_devices (user_id, created_at DESC, id DESC) WHERE revoked_at IS NULL;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['second_factors', 'backup_codes', 'remembered_devices'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY sign_in ON %I TO switchroom_auth USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO switchroom_auth', t);
    END LOOP;
END
$$;

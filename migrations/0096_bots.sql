-- Bots: voice agents that take the calls of a line without a person (K-05, AGT-01).
CREATE TABLE bots (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description text CHECK (length(description) <= 500),
    -- What it is told to say and do; kept for whoever runs it, read by nobody here.
    prompt      text CHECK (length(prompt) <= 20000),
    -- Where it answers, e.g. sip:reception@bots.example. A call for it is redirected there, as a person's is.
    sip_uri     text CHECK (sip_uri ~* '^sips?:' AND length(sip_uri) <= 512),
    is_active   boolean NOT NULL DEFAULT true,
    created_by  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    deleted_by  uuid,
    version     bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX bots_name ON bots (tenant_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX bots_list ON bots (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- The column was there from the first day and empty; from now on it names a bot of the line's own tenant.
ALTER TABLE phone_numbers ADD FOREIGN KEY (tenant_id, bot_id) REFERENCES bots (tenant_id, id);

CREATE TRIGGER touch BEFORE UPDATE ON bots FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER feed_bot_insert AFTER INSERT ON bots REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox('bot', 'id', 'tenant_id');
CREATE TRIGGER feed_bot_update AFTER UPDATE ON bots REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox('bot', 'id', 'tenant_id');
CREATE TRIGGER feed_bot_delete AFTER DELETE ON bots REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox('bot', 'id', 'tenant_id');

ALTER TABLE bots ENABLE ROW LEVEL SECURITY;
ALTER TABLE bots FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON bots TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY load ON bots FOR SELECT TO switchroom_directory USING (true);
-- The history of a line names whom it rang, to the platform admin too.
CREATE POLICY platform ON bots FOR SELECT TO switchroom_platform USING (true);
GRANT SELECT, INSERT, UPDATE ON bots TO switchroom_app;
GRANT SELECT ON bots TO switchroom_directory, switchroom_platform;

SELECT audit_table('bots', 'bot');

-- Who did what, from where. Append-only for every role of the program.

CREATE TABLE audit_log (
    id         uuid NOT NULL,
    tenant_id  uuid REFERENCES tenants ON DELETE CASCADE,
    -- Null where nobody is signed in (a failed sign-in).
    actor_id   uuid,
    action     text NOT NULL CHECK (length(action) BETWEEN 1 AND 100),
    subject    text CHECK (length(subject) <= 300),
    detail     jsonb NOT NULL DEFAULT '{}',
    address    text CHECK (length(address) <= 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, created_at DESC);

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_log_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log_default FORCE ROW LEVEL SECURITY;

CREATE POLICY own_tenant ON audit_log FOR SELECT TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY append ON audit_log FOR INSERT TO switchroom_app WITH CHECK (tenant_id = current_tenant());
CREATE POLICY sign_in ON audit_log FOR INSERT TO switchroom_auth WITH CHECK (true);
CREATE POLICY platform ON audit_log TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON audit_log TO switchroom_app, switchroom_platform;
GRANT INSERT ON audit_log TO switchroom_auth;

SELECT ensure_month_partitions('audit_log', 3);

-- What people see and do about their own account: its history, its sessions, a forgotten password.

-- The history of one person's sign-ins is read newest first, whatever tenants they were in.
CREATE INDEX audit_log_actor ON audit_log (actor_id, created_at DESC, id DESC);

-- The sign-in role reads what belongs to accounts, and nothing else of the log.
CREATE POLICY own_account ON audit_log FOR SELECT TO switchroom_auth
    USING (action LIKE 'session.%' OR action LIKE 'password.%');
GRANT SELECT ON audit_log TO switchroom_auth;

-- When somebody was last seen is the newest of their sessions in the tenant.
CREATE INDEX sessions_seen ON sessions (user_id, tenant_id, last_seen_at DESC);

-- Who forgot a password makes a link by asking for it; links long past go.
GRANT INSERT, DELETE ON password_links TO switchroom_auth;

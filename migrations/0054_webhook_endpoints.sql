-- Events that leave the house: where to, how far each endpoint is, what became of each attempt.
--
-- What is sent is the log itself. An endpoint has a place in it, as a client that resumes has; so nothing is queued twice,
-- nothing is lost between the log and the way out, and the order is the log's.
CREATE TABLE webhook_endpoints (
    id              uuid NOT NULL PRIMARY KEY,
    tenant_id       uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    url             text NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
    -- Which events; empty = all of them.
    events          text[] NOT NULL DEFAULT '{}',
    -- Sealed under key_id. For a day after a change the old one signs beside the new one.
    secret          bytea NOT NULL,
    key_id          text NOT NULL,
    old_secret      bytea,
    old_key_id      text,
    old_until       timestamptz,
    is_active       boolean NOT NULL DEFAULT true,
    -- Everything up to and including this entry of the tenant's log is delivered, not asked for, or a dead letter.
    seq             bigint NOT NULL CHECK (seq >= 0),
    -- Of the entry behind it: how often it failed, and when it is tried again.
    failed          int NOT NULL DEFAULT 0 CHECK (failed >= 0),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- Whoever delivers holds the endpoint so long; one at a time keeps the order.
    held_until      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    version         bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id),
    CHECK ((old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL) = (old_key_id IS NULL))
);
CREATE INDEX webhook_endpoints_list ON webhook_endpoints (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_due ON webhook_endpoints (next_attempt_at) WHERE is_active AND deleted_at IS NULL;

-- Each attempt, for a month. What was sent is in the log, under the event's number.
CREATE TABLE webhook_deliveries (
    id           uuid NOT NULL PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    endpoint_id  uuid NOT NULL,
    seq          bigint NOT NULL,
    event_id     uuid NOT NULL,
    type         text NOT NULL CHECK (length(type) BETWEEN 1 AND 60),
    attempt      int NOT NULL CHECK (attempt > 0),
    outcome      text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'dead')),
    -- Null where there was no answer; `fault` says why.
    status       int,
    fault        text CHECK (length(fault) <= 300),
    duration_ms  int NOT NULL CHECK (duration_ms >= 0),
    attempted_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (endpoint_id, attempted_at DESC, id DESC);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (attempted_at);

-- Events that were given up.
CREATE TABLE webhook_dead_letters (
    id          uuid NOT NULL PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    endpoint_id uuid NOT NULL,
    seq         bigint NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL CHECK (length(type) BETWEEN 1 AND 60),
    fault       text CHECK (length(fault) <= 300),
    died_at     timestamptz NOT NULL DEFAULT now(),
    -- Somebody wants it tried once more.
    replay_at   timestamptz,
    delivered_at timestamptz,
    UNIQUE (endpoint_id, seq),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_dead_letters_list ON webhook_dead_letters (endpoint_id, died_at DESC, id DESC);
CREATE INDEX webhook_dead_letters_replay ON webhook_dead_letters (endpoint_id) WHERE replay_at IS NOT NULL AND delivered_at IS NULL;

CREATE TRIGGER touch BEFORE UPDATE OF name, url, events, is_active, secret, deleted_at ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhook_endpoints', 'webhook_deliveries', 'webhook_dead_letters'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO switchroom_app', t);
    END LOOP;
END
$$;
-- Whoever delivers looks for what is due in all tenants; each delivery is then done in its tenant's transaction.
CREATE POLICY due ON webhook_endpoints TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (held_until) ON webhook_endpoints TO switchroom_platform;
CREATE POLICY prune ON webhook_deliveries TO switchroom_platform USING (attempted_at < now() - interval '30 days');
GRANT SELECT, DELETE ON webhook_deliveries TO switchroom_platform;
CREATE POLICY due ON webhook_dead_letters FOR SELECT TO switchroom_platform USING (true);
GRANT SELECT ON webhook_dead_letters TO switchroom_platform;

-- The numbered log of everything live, and the projections of it that lists and restarts read.
--
-- Only the log appender (switchroom_log) writes here, in one transaction per batch: it claims the event ids,
-- takes the next numbers of the tenant, stores the events, and brings calls and presence up to the same point.
-- So a projection is never ahead of the log or behind it.

-- Numbers are taken nowhere else than by UPDATE … SET last_seq = last_seq + n … WHERE epoch = …, so a rollback
-- leaves no gap, and a process whose epoch was overtaken by another can no longer write.
CREATE TABLE tenant_log (
    tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    last_seq  bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    epoch     bigint NOT NULL DEFAULT 0
);
CREATE SEQUENCE log_epochs;

-- A fold of the call's events. No foreign keys to contacts, people or numbers: a call outlives them.
CREATE TABLE calls (
    id               uuid NOT NULL PRIMARY KEY,
    tenant_id        uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    connection_id    uuid NOT NULL,
    provider_call_id text NOT NULL CHECK (length(provider_call_id) BETWEEN 1 AND 512),
    direction        text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    state            text NOT NULL CHECK (state IN ('ringing', 'answered', 'held', 'transferring', 'ended')),
    end_reason       text CHECK (end_reason IN ('completed', 'missed', 'abandoned', 'busy', 'rejected', 'failed', 'voicemail')),
    -- E.164 where the number is one, else what the provider sent (an extension, a short code); null = withheld.
    from_number      text,
    to_number        text,
    number_id        uuid,
    queue            text CHECK (length(queue) <= 200),
    agent_id         uuid,
    contact_kind     text CHECK (contact_kind IN ('organization_contact', 'organization', 'individual', 'email_contact')),
    contact_id       uuid,
    started_at       timestamptz NOT NULL,
    answered_at      timestamptz,
    ended_at         timestamptz,
    -- The machine's own memory of the call (core::call), to go on after a restart.
    fold             jsonb NOT NULL,
    version          bigint NOT NULL DEFAULT 1,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, connection_id, provider_call_id),
    CHECK ((state = 'ended') = (end_reason IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((contact_kind IS NULL) = (contact_id IS NULL))
);
CREATE INDEX calls_recent ON calls (tenant_id, started_at DESC, id DESC);
CREATE INDEX calls_live ON calls (tenant_id) WHERE state <> 'ended';
-- What a restart remembers of ended calls goes by our clock, not the provider's.
CREATE INDEX calls_ended ON calls (updated_at) WHERE state = 'ended';
CREATE INDEX calls_contact ON calls (tenant_id, contact_id, started_at DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX calls_from ON calls (tenant_id, from_number, started_at DESC);
CREATE INDEX calls_to ON calls (tenant_id, to_number, started_at DESC);
CREATE INDEX calls_agent ON calls (tenant_id, agent_id, started_at DESC) WHERE agent_id IS NOT NULL;
CREATE INDEX calls_number ON calls (tenant_id, number_id, started_at DESC) WHERE number_id IS NOT NULL;
CREATE INDEX calls_provider_call ON calls (tenant_id, provider_call_id);

-- Where each agent stands: a fold of the presence events.
CREATE TABLE agent_presence (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id   uuid NOT NULL,
    -- What the agent chose; what is shown (ringing, on_call, …) follows from the calls.
    chosen    text NOT NULL CHECK (chosen IN ('offline', 'available', 'break')),
    presence  text NOT NULL CHECK (presence IN ('offline', 'available', 'reserved', 'ringing', 'on_call', 'wrap_up', 'break')),
    reason    text CHECK (length(reason) <= 200),
    since     timestamptz NOT NULL,
    -- End of wrap-up where presence is wrap_up.
    until     timestamptz,
    -- What ties the agent to which calls: {"call id": "on_call" | {"ringing": {"until": …}} | …}.
    calls     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(calls) = 'object'),
    PRIMARY KEY (tenant_id, user_id)
);

-- One row per event ever accepted. Not partitioned, because a unique key must span all months.
CREATE TABLE event_claims (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    event_id  uuid NOT NULL,
    call_id   uuid,
    PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX event_claims_call ON event_claims (call_id) WHERE call_id IS NOT NULL;

CREATE TABLE call_events (
    tenant_id         uuid NOT NULL,
    seq               bigint NOT NULL CHECK (seq > 0),
    event_id          uuid NOT NULL,
    call_id           uuid,
    type              text NOT NULL CHECK (length(type) BETWEEN 1 AND 60),
    provider_event_id text,
    -- When it happened, by the provider's clock where it tells, else when it was received.
    at                timestamptz NOT NULL,
    provider_at       timestamptz,
    recorded_at       timestamptz NOT NULL,
    -- False where the event changed nothing any more (late, or a regression).
    effective         boolean NOT NULL,
    -- Users whom a frame about this event is addressed to; resume selects by it.
    addressees        uuid[] NOT NULL DEFAULT '{}',
    data              jsonb NOT NULL,
    PRIMARY KEY (tenant_id, seq, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX call_events_call ON call_events (call_id, seq) WHERE call_id IS NOT NULL;
CREATE INDEX call_events_addressees ON call_events USING gin (addressees);

-- The default partition only catches what no month covers, so that a late job loses nothing.
CREATE TABLE call_events_default PARTITION OF call_events DEFAULT;

ALTER TABLE tenant_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_log FORCE ROW LEVEL SECURITY;
ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_presence ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_presence FORCE ROW LEVEL SECURITY;
ALTER TABLE event_claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_claims FORCE ROW LEVEL SECURITY;
ALTER TABLE call_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_events FORCE ROW LEVEL SECURITY;
ALTER TABLE call_events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_events_default FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tenant_log', 'calls', 'agent_presence', 'event_claims', 'call_events'] LOOP
        EXECUTE format('CREATE POLICY own_tenant ON %I FOR SELECT TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('CREATE POLICY append ON %I TO switchroom_log USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT ON %I TO switchroom_app', t);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO switchroom_log', t);
    END LOOP;
END
$$;
CREATE POLICY load ON calls FOR SELECT TO switchroom_directory USING (true);
GRANT SELECT ON calls TO switchroom_directory;
-- The platform makes the row when it makes the tenant.
CREATE POLICY platform ON tenant_log TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON tenant_log TO switchroom_platform;
-- Events are append-only for everybody; projections move with them.
GRANT UPDATE ON tenant_log, calls, agent_presence TO switchroom_log;
GRANT USAGE ON SEQUENCE log_epochs TO switchroom_log;

-- Makes the partitions of this month and of the next `months`, each with forced row security of its own (a
-- partition read directly does not inherit its parent's). Run by the owner at start and by the monthly job.
CREATE FUNCTION ensure_month_partitions(parent regclass, months int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    first_day date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    from_day  date;
    part      text;
    made      int := 0;
BEGIN
    FOR i IN 0..months LOOP
        from_day := (first_day + make_interval(months => i))::date;
        part := format('%s_%s', parent::text, to_char(from_day, 'YYYY_MM'));
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', part, parent,
                           from_day::timestamp AT TIME ZONE 'UTC', (from_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
SELECT ensure_month_partitions('call_events', 3);

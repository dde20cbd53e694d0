-- Which endpoint a line rang, and when: the half of a line's history that `number_assignments` (who held it) leaves out.
-- A call of last month shows whom the line rang then, also when it rings somebody else now or nobody.
CREATE TABLE number_connections (
    id              uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id       uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    number_id       uuid NOT NULL REFERENCES phone_numbers ON DELETE CASCADE,
    user_id         uuid,
    bot_id          uuid,
    connected_at    timestamptz NOT NULL DEFAULT now(),
    connected_by    uuid,
    disconnected_at timestamptz,
    disconnected_by uuid,
    CHECK (num_nonnulls(user_id, bot_id) = 1),
    CHECK (disconnected_at >= connected_at)
);
CREATE UNIQUE INDEX number_connections_current ON number_connections (number_id) WHERE disconnected_at IS NULL;
CREATE INDEX number_connections_line ON number_connections (tenant_id, number_id, connected_at DESC);

ALTER TABLE number_connections ENABLE ROW LEVEL SECURITY;
ALTER TABLE number_connections FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON number_connections TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY platform ON number_connections TO switchroom_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON number_connections TO switchroom_app;
GRANT SELECT, INSERT ON number_connections TO switchroom_platform;

-- Lines that ring somebody already: since when nobody wrote down, so since they were last changed.
INSERT INTO number_connections (tenant_id, number_id, user_id, bot_id, connected_at)
SELECT tenant_id, id, user_id, bot_id, updated_at FROM phone_numbers WHERE num_nonnulls(user_id, bot_id) = 1;
-- The same of lines that were given out before histories were kept.
INSERT INTO number_assignments (tenant_id, number_id, assigned_at)
SELECT n.tenant_id, n.id, n.updated_at FROM phone_numbers n
 WHERE n.status = 'assigned' AND NOT EXISTS (SELECT FROM number_assignments a WHERE a.number_id = n.id AND a.released_at IS NULL);

-- Lists filter by what is equal and search by digits; the pool is shared by all, so its own index has no tenant.
CREATE INDEX phone_numbers_country ON phone_numbers (tenant_id, country, region) WHERE deleted_at IS NULL;
CREATE INDEX phone_numbers_pool_created ON phone_numbers (created_at DESC, id DESC) WHERE status = 'available' AND deleted_at IS NULL;
CREATE INDEX phone_numbers_created ON phone_numbers (created_at DESC, id DESC) WHERE deleted_at IS NULL;

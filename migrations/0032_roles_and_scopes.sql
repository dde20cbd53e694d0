-- Roles of a tenant's own, and API tokens that may less than their owner.

CREATE TABLE roles (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    description text CHECK (length(description) <= 500),
    -- What kind of person it is for: whether calls are offered, whether they are staff, whom they rank below. What they may
    -- is in `permissions` alone. Nobody becomes an owner this way.
    base        text NOT NULL CHECK (base IN ('org_admin', 'supervisor', 'agent', 'corporate', 'member', 'client')),
    permissions text[] NOT NULL CHECK (cardinality(permissions) <= 200 AND array_position(permissions, NULL) IS NULL),
    created_by  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, id),
    -- What a membership refers to, so that its own word for the kind of person cannot differ.
    UNIQUE (tenant_id, id, base)
);
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, lower(name));

-- With a role of the tenant's own, `role` is its base; the key keeps the two together.
ALTER TABLE memberships ADD COLUMN role_id uuid;
ALTER TABLE memberships ADD CONSTRAINT memberships_role FOREIGN KEY (tenant_id, role_id, role) REFERENCES roles (tenant_id, id, base)
    ON UPDATE CASCADE;
CREATE INDEX memberships_role_id ON memberships (tenant_id, role_id) WHERE role_id IS NOT NULL;

ALTER TABLE invitations ADD COLUMN role_id uuid;
ALTER TABLE invitations ADD CONSTRAINT invitations_role FOREIGN KEY (tenant_id, role_id, role) REFERENCES roles (tenant_id, id, base)
    ON UPDATE CASCADE;

-- Null = whatever its owner may. Names of permissions otherwise.
ALTER TABLE api_tokens ADD COLUMN scopes text[] CHECK (cardinality(scopes) <= 200 AND array_position(scopes, NULL) IS NULL);

CREATE TRIGGER touch BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
ALTER TABLE roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON roles TO switchroom_app USING (tenant_id = current_tenant());
CREATE POLICY sign_in ON roles FOR SELECT TO switchroom_auth USING (true);
CREATE POLICY platform ON roles FOR SELECT TO switchroom_platform USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO switchroom_app;
GRANT SELECT ON roles TO switchroom_auth, switchroom_platform;
SELECT audit_table('roles', 'role');

-- Who may be calling: customer organizations and their contacts, individuals, people known from mail,
-- and their telephone numbers, one row each.

CREATE TABLE organizations (
    id         uuid NOT NULL,
    tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email      text CHECK (length(email) <= 320),
    is_active  boolean NOT NULL DEFAULT true,
    -- How the row came to be; rows made from a call are marked for review.
    provenance text NOT NULL DEFAULT 'manual' CHECK (provenance IN ('manual', 'auto_ticket', 'mail', 'import')),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version    bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    UNIQUE (tenant_id, id)
);

CREATE TABLE organization_contacts (
    id              uuid NOT NULL,
    tenant_id       uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    full_name       text NOT NULL CHECK (length(full_name) BETWEEN 1 AND 200),
    gender          text CHECK (gender IN ('Male', 'Female', 'Other')),
    email           text CHECK (length(email) <= 320),
    is_active       boolean NOT NULL DEFAULT true,
    provenance      text NOT NULL DEFAULT 'manual' CHECK (provenance IN ('manual', 'auto_ticket', 'mail', 'import')),
    created_by      uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    deleted_by      uuid,
    version         bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id)
);
CREATE INDEX organization_contacts_organization ON organization_contacts (tenant_id, organization_id);

CREATE TABLE individuals (
    id           uuid NOT NULL,
    tenant_id    uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    full_name    text NOT NULL CHECK (length(full_name) BETWEEN 1 AND 200),
    gender       text CHECK (gender IN ('Male', 'Female', 'Other')),
    -- Not in the future; one day of grace because the client's calendar may be ahead of UTC.
    dob          date CHECK (dob <= (now() AT TIME ZONE 'UTC')::date + 1),
    address      text CHECK (length(address) <= 1000),
    email        text CHECK (length(email) <= 320),
    social_media jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(social_media) = 'array'),
    is_active    boolean NOT NULL DEFAULT true,
    provenance   text NOT NULL DEFAULT 'manual' CHECK (provenance IN ('manual', 'auto_ticket', 'mail', 'import')),
    created_by   uuid,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    deleted_by   uuid,
    version      bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    UNIQUE (tenant_id, id)
);

CREATE TABLE email_contacts (
    id         uuid NOT NULL,
    tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    is_active  boolean NOT NULL DEFAULT true,
    provenance text NOT NULL DEFAULT 'manual' CHECK (provenance IN ('manual', 'auto_ticket', 'mail', 'import')),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version    bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    UNIQUE (tenant_id, id)
);

-- A number of a caller, owned by exactly one party. The same number may have several owners (a shared line);
-- the same owner has it once.
CREATE TABLE contact_phones (
    id                      uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id               uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    e164                    text NOT NULL CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    raw                     text NOT NULL CHECK (length(raw) <= 100),
    label                   text CHECK (length(label) <= 60),
    is_primary              boolean NOT NULL DEFAULT false,
    position                smallint NOT NULL DEFAULT 0,
    organization_contact_id uuid,
    organization_id         uuid,
    individual_id           uuid,
    email_contact_id        uuid,
    CHECK (num_nonnulls(organization_contact_id, organization_id, individual_id, email_contact_id) = 1),
    FOREIGN KEY (tenant_id, organization_contact_id) REFERENCES organization_contacts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, individual_id) REFERENCES individuals (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, email_contact_id) REFERENCES email_contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_phones_e164 ON contact_phones (tenant_id, e164 text_pattern_ops);
CREATE UNIQUE INDEX contact_phones_organization_contact ON contact_phones (organization_contact_id, e164) WHERE organization_contact_id IS NOT NULL;
CREATE UNIQUE INDEX contact_phones_organization ON contact_phones (organization_id, e164) WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX contact_phones_individual ON contact_phones (individual_id, e164) WHERE individual_id IS NOT NULL;
CREATE UNIQUE INDEX contact_phones_email_contact ON contact_phones (email_contact_id, e164) WHERE email_contact_id IS NOT NULL;

-- Lists are ordered newest first and by name; search is by trigram over name and e-mail.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX organizations_created ON organizations (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX individuals_created ON individuals (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX email_contacts_created ON email_contacts (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX organizations_search ON organizations USING gin ((lower(name) || ' ' || lower(coalesce(email, ''))) gin_trgm_ops);
CREATE INDEX individuals_search ON individuals USING gin ((lower(full_name) || ' ' || lower(coalesce(email, ''))) gin_trgm_ops);
CREATE INDEX organization_contacts_search ON organization_contacts USING gin ((lower(full_name) || ' ' || lower(coalesce(email, ''))) gin_trgm_ops);
CREATE INDEX email_contacts_search ON email_contacts USING gin ((lower(name) || ' ' || lower(email)) gin_trgm_ops);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['organizations', 'organization_contacts', 'individuals', 'email_contacts', 'contact_phones'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('CREATE POLICY load ON %I FOR SELECT TO switchroom_directory USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO switchroom_app', t);
        EXECUTE format('GRANT SELECT ON %I TO switchroom_directory', t);
        IF t <> 'contact_phones' THEN
            EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION touch_updated_at()', t);
        END IF;
    END LOOP;
END
$$;
GRANT DELETE ON contact_phones TO switchroom_app;

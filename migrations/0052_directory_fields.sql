-- What contacts have beyond their first columns: where they stand with us, several addresses, fields of the tenant's own,
-- notes; and columns that lists can be ordered and searched by under row security.
--
-- Row security lets an index serve a condition only where the condition cannot leak what it compares (leakproof
-- operators). LIKE, lower() and the operators of jsonb may; =, < and ~>=~ on plain columns do not. So what is looked up
-- often is folded once, when it is written, into columns of its own.

DROP INDEX organizations_search, individuals_search, organization_contacts_search, email_contacts_search;

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES ('organizations', 'name'), ('organization_contacts', 'full_name'),
                                   ('individuals', 'full_name'), ('email_contacts', 'name')) AS kinds(tab, title) LOOP
        -- Where we stand with them. Pending ones are customers to be; suspended and inactive ones still pop, flagged.
        EXECUTE format('ALTER TABLE %I ADD COLUMN status text NOT NULL DEFAULT ''active'' CHECK (status IN (''pending'', ''active'', ''suspended'', ''inactive''))', t.tab);
        EXECUTE format('UPDATE %I SET status = ''inactive'' WHERE NOT is_active', t.tab);
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (is_active = (status IN (''pending'', ''active'')))', t.tab, t.tab || '_status_active');
        -- Values of the tenant's own fields, checked against their definitions when they are written.
        EXECUTE format('ALTER TABLE %I ADD COLUMN custom jsonb NOT NULL DEFAULT ''{}'' CHECK (jsonb_typeof(custom) = ''object'' AND pg_column_size(custom) <= 65536)', t.tab);
        -- Addresses beside the first, folded and joined by blanks; contact_emails has them one by one.
        EXECUTE format('ALTER TABLE %I ADD COLUMN other_emails text NOT NULL DEFAULT ''''', t.tab);
        EXECUTE format('ALTER TABLE %I ADD COLUMN sort_name text GENERATED ALWAYS AS (lower(regexp_replace(btrim(%I), ''\s+'', '' '', ''g''))) STORED', t.tab, t.title);
        -- The blank in front makes the beginning of the name the beginning of a word.
        EXECUTE format('ALTER TABLE %I ADD COLUMN search text GENERATED ALWAYS AS ('' '' || lower(%I) || '' '' || lower(coalesce(email, '''')) || '' '' || other_emails) STORED', t.tab, t.title);
        EXECUTE format('CREATE INDEX %I ON %I (tenant_id, sort_name, id) WHERE deleted_at IS NULL', t.tab || '_name', t.tab);
        EXECUTE format('CREATE INDEX %I ON %I USING gin (search gin_trgm_ops) WHERE deleted_at IS NULL', t.tab || '_search', t.tab);
        EXECUTE format('CREATE INDEX %I ON %I USING gin (custom jsonb_path_ops) WHERE deleted_at IS NULL AND custom <> ''{}''', t.tab || '_custom', t.tab);
        EXECUTE format('CREATE INDEX %I ON %I (tenant_id, updated_at, id) WHERE deleted_at IS NULL', t.tab || '_updated', t.tab);
    END LOOP;
END
$$;

-- An address of a contact, owned by exactly one party, as numbers are. The contact's own column `email` is the primary one.
CREATE TABLE contact_emails (
    id                      uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id               uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email                   text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    folded                  text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
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
CREATE INDEX contact_emails_folded ON contact_emails (tenant_id, folded);
CREATE UNIQUE INDEX contact_emails_organization_contact ON contact_emails (organization_contact_id, folded) WHERE organization_contact_id IS NOT NULL;
CREATE UNIQUE INDEX contact_emails_organization ON contact_emails (organization_id, folded) WHERE organization_id IS NOT NULL;
CREATE UNIQUE INDEX contact_emails_individual ON contact_emails (individual_id, folded) WHERE individual_id IS NOT NULL;
CREATE UNIQUE INDEX contact_emails_email_contact ON contact_emails (email_contact_id, folded) WHERE email_contact_id IS NOT NULL;

INSERT INTO contact_emails (tenant_id, email, is_primary, organization_id) SELECT tenant_id, email, true, id FROM organizations WHERE length(email) >= 3;
INSERT INTO contact_emails (tenant_id, email, is_primary, organization_contact_id) SELECT tenant_id, email, true, id FROM organization_contacts WHERE length(email) >= 3;
INSERT INTO contact_emails (tenant_id, email, is_primary, individual_id) SELECT tenant_id, email, true, id FROM individuals WHERE length(email) >= 3;
INSERT INTO contact_emails (tenant_id, email, is_primary, email_contact_id) SELECT tenant_id, email, true, id FROM email_contacts;

-- Fields of a tenant's own (000's dynamic fields, W-51). The type of a key never changes, also when the field was
-- removed in between: values of the old type may still be there.
CREATE TABLE contact_fields (
    id         uuid NOT NULL PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('organization_contact', 'organization', 'individual', 'email_contact')),
    key        text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    label      text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    type       text NOT NULL CHECK (type IN ('text', 'number', 'date', 'boolean', 'choice')),
    choices    text[] NOT NULL DEFAULT '{}',
    required   boolean NOT NULL DEFAULT false,
    position   int NOT NULL DEFAULT 0,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version    bigint NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, kind, key),
    CHECK ((type = 'choice') = (cardinality(choices) > 0))
);

-- What colleagues write down about a contact.
CREATE TABLE contact_notes (
    id                      uuid NOT NULL PRIMARY KEY,
    tenant_id               uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    body                    text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
    pinned                  boolean NOT NULL DEFAULT false,
    author_id               uuid NOT NULL,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    deleted_at              timestamptz,
    deleted_by              uuid,
    version                 bigint NOT NULL DEFAULT 1,
    organization_contact_id uuid,
    organization_id         uuid,
    individual_id           uuid,
    email_contact_id        uuid,
    CHECK (num_nonnulls(organization_contact_id, organization_id, individual_id, email_contact_id) = 1),
    FOREIGN KEY (tenant_id, organization_contact_id) REFERENCES organization_contacts (tenant_id, id),
    FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id),
    FOREIGN KEY (tenant_id, individual_id) REFERENCES individuals (tenant_id, id),
    FOREIGN KEY (tenant_id, email_contact_id) REFERENCES email_contacts (tenant_id, id)
);
CREATE INDEX contact_notes_organization_contact ON contact_notes (organization_contact_id, pinned, created_at) WHERE organization_contact_id IS NOT NULL;
CREATE INDEX contact_notes_organization ON contact_notes (organization_id, pinned, created_at) WHERE organization_id IS NOT NULL;
CREATE INDEX contact_notes_individual ON contact_notes (individual_id, pinned, created_at) WHERE individual_id IS NOT NULL;
CREATE INDEX contact_notes_email_contact ON contact_notes (email_contact_id, pinned, created_at) WHERE email_contact_id IS NOT NULL;

CREATE TRIGGER touch BEFORE UPDATE ON contact_fields FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON contact_notes FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['contact_emails', 'contact_fields', 'contact_notes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO switchroom_app USING (tenant_id = current_tenant())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO switchroom_app', t);
    END LOOP;
END
$$;
GRANT DELETE ON contact_emails TO switchroom_app;

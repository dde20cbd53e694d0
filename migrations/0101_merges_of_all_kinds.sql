-- People of organizations and people known from their mail are entered twice as others are: they too can be made one.
ALTER TABLE contact_merges
    DROP CONSTRAINT contact_merges_kind_check,
    ADD CHECK (kind IN ('individual', 'organization', 'organization_contact', 'email_contact'));

-- Which contact a client is: an individual, or a person of an organization. Several accounts may be one contact's (a
-- customer and their assistant, 002's wish); an account is at most one contact in a tenant.
ALTER TABLE memberships
    ADD COLUMN individual_id           uuid,
    ADD COLUMN organization_contact_id uuid,
    ADD CONSTRAINT memberships_one_contact CHECK (num_nonnulls(individual_id, organization_contact_id) <= 1),
    -- Staff are nobody's customers here: what they do is done for the house.
    ADD CONSTRAINT memberships_contact_of_client CHECK (role = 'client' OR num_nonnulls(individual_id, organization_contact_id) = 0),
    ADD CONSTRAINT memberships_individual FOREIGN KEY (tenant_id, individual_id) REFERENCES individuals (tenant_id, id),
    ADD CONSTRAINT memberships_organization_contact FOREIGN KEY (tenant_id, organization_contact_id)
        REFERENCES organization_contacts (tenant_id, id);
-- "Who signs in as them", asked by a contact's page, by merges, deletions and erasures.
CREATE INDEX memberships_of_individual ON memberships (tenant_id, individual_id) WHERE individual_id IS NOT NULL;
CREATE INDEX memberships_of_organization_contact ON memberships (tenant_id, organization_contact_id) WHERE organization_contact_id IS NOT NULL;

-- Whom somebody is invited as.
ALTER TABLE invitations
    ADD COLUMN individual_id           uuid,
    ADD COLUMN organization_contact_id uuid,
    ADD CONSTRAINT invitations_one_contact CHECK (num_nonnulls(individual_id, organization_contact_id) <= 1),
    ADD CONSTRAINT invitations_contact_of_client CHECK (role = 'client' OR num_nonnulls(individual_id, organization_contact_id) = 0),
    ADD CONSTRAINT invitations_individual FOREIGN KEY (tenant_id, individual_id) REFERENCES individuals (tenant_id, id),
    ADD CONSTRAINT invitations_organization_contact FOREIGN KEY (tenant_id, organization_contact_id)
        REFERENCES organization_contacts (tenant_id, id);
CREATE INDEX invitations_of_individual ON invitations (tenant_id, individual_id) WHERE individual_id IS NOT NULL;
CREATE INDEX invitations_of_organization_contact ON invitations (tenant_id, organization_contact_id) WHERE organization_contact_id IS NOT NULL;

-- What went over to the kept record, so that an undo gives back that and nothing that came since: people, by their user's id.
ALTER TABLE contact_merges
    ADD COLUMN moved_members     uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN moved_invitations uuid[] NOT NULL DEFAULT '{}';

-- Changes of members are noted by the requests that make them (user.* lines say what ended with the change). Whose account a
-- contact is changes in other ways too: with a merge and its undo, a deletion, an erasure, a registration, an accepted
-- invitation. So that is noted here, whoever does it. The ids alone: a name would have to be erased with the contact.
CREATE FUNCTION note_member_contact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    origin jsonb := current_origin();
    was    jsonb := '{}';
    now_is jsonb := jsonb_strip_nulls(jsonb_build_object('individual_id', NEW.individual_id, 'organization_contact_id', NEW.organization_contact_id));
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := jsonb_strip_nulls(jsonb_build_object('individual_id', OLD.individual_id, 'organization_contact_id', OLD.organization_contact_id));
    END IF;
    INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, address, request_id, via)
    VALUES (uuid_by_time(), NEW.tenant_id, (origin ->> 'actor')::uuid, 'user.contact_changed', NEW.user_id::text, 'user', NEW.user_id,
            was, now_is, origin ->> 'address', origin ->> 'request', origin ->> 'via');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_contact_insert AFTER INSERT ON memberships FOR EACH ROW
    WHEN (NEW.individual_id IS NOT NULL OR NEW.organization_contact_id IS NOT NULL) EXECUTE FUNCTION note_member_contact();
CREATE TRIGGER note_contact_update AFTER UPDATE ON memberships FOR EACH ROW
    WHEN (OLD.individual_id IS DISTINCT FROM NEW.individual_id OR OLD.organization_contact_id IS DISTINCT FROM NEW.organization_contact_id)
    EXECUTE FUNCTION note_member_contact();

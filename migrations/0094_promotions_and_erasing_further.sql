-- Whom an e-mail contact has become, and erasing that reaches further (ADR 0018).

-- An e-mail contact that was promoted (to an individual, a company or a person of one) is no more. What it left behind, its
-- calls above all, is found through whom it has become; and so is it itself, when that one is erased.
ALTER TABLE email_contacts
    ADD COLUMN became_kind text CHECK (became_kind IN ('individual', 'organization', 'organization_contact')),
    ADD COLUMN became_id   uuid,
    ADD CHECK ((became_kind IS NULL) = (became_id IS NULL)),
    ADD CHECK (became_id IS NULL OR deleted_at IS NOT NULL);
CREATE INDEX email_contacts_became ON email_contacts (became_id) WHERE became_id IS NOT NULL;

-- A contact and all that have become part of it, by merges and by promotion, however often.
CREATE OR REPLACE FUNCTION contact_and_merged(contact uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE one (id) AS (
        SELECT contact
        UNION
        SELECT part.id FROM one CROSS JOIN LATERAL (
            SELECT m.merged_id AS id FROM contact_merges m WHERE m.kept_id = one.id AND m.undone_at IS NULL
            UNION ALL
            SELECT e.id FROM email_contacts e WHERE e.became_id = one.id) part
    ) SELECT id FROM one
$$;

-- Whom a contact has become part of in the end; itself, where it is still its own.
CREATE OR REPLACE FUNCTION surviving_contact(contact uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id, depth) AS (
        SELECT contact, 0
        UNION ALL
        SELECT whole.id, up.depth + 1 FROM up CROSS JOIN LATERAL (
            SELECT m.kept_id AS id FROM contact_merges m WHERE m.merged_id = up.id AND m.undone_at IS NULL
            UNION ALL
            SELECT e.became_id FROM email_contacts e WHERE e.id = up.id AND e.became_id IS NOT NULL) whole
         WHERE up.depth < 100
    ) SELECT id FROM up ORDER BY depth DESC LIMIT 1
$$;

-- Lines about a contact name its kind before its id ("individual 0199…"), which made them lines about nothing: neither was a
-- contact's history whole, nor did an erasure reach them.
UPDATE audit_log SET object_id = split_part(subject, ' ', 2)::uuid
 WHERE object_id IS NULL
   AND subject ~ '^(individual|organization|organization_contact|email_contact) [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

-- Takes out of the lines about searches what was asked for, where it names this person: one of `texts` (names, addresses), or
-- words of which each is in what one of their records is found by (`found_by`, as the column `search` has it). That somebody
-- searched, and when, stays. Only in the tenant of the transaction.
CREATE FUNCTION audit_forget_searches(found_by text[], texts text[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    folded  text[] := ARRAY(SELECT lower(t) FROM unnest(texts) AS t);
    touched bigint;
BEGIN
    UPDATE audit_log a SET detail = '{"erased": true}'
     WHERE a.tenant_id = current_tenant() AND jsonb_typeof(a.detail -> 'filter') = 'object'
       AND EXISTS (
           SELECT FROM jsonb_each_text(a.detail -> 'filter') AS asked
            -- Two letters name nobody.
            WHERE length(btrim(asked.value)) > 2
              AND (lower(btrim(asked.value)) = ANY (folded)
                   OR (asked.key = 'q' AND EXISTS (
                       SELECT FROM unnest(found_by) AS record
                        WHERE NOT EXISTS (SELECT FROM regexp_split_to_table(lower(btrim(asked.value)), '\s+') AS word
                                           WHERE strpos(record, word) = 0)))));
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END
$$;
REVOKE ALL ON FUNCTION audit_forget_searches(text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_forget_searches(text[], text[]) TO switchroom_app;

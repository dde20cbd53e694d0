-- The pop's own summaries follow merges and promotions, as the contact's page does; and how many contacts stand where.

-- The loader reads who has become whom. What the records held, and who merged them, is not its business.
CREATE POLICY load ON contact_merges FOR SELECT TO switchroom_directory USING (true);
GRANT SELECT (id, tenant_id, kind, kept_id, merged_id, undone_at) ON contact_merges TO switchroom_directory;

-- As `surviving_contact`, with the kind: an e-mail contact becomes one of another.
CREATE FUNCTION surviving_contact_of(word text, contact uuid) RETURNS TABLE (kind text, id uuid) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (kind, id, depth) AS (
        SELECT word, contact, 0
        UNION ALL
        SELECT whole.kind, whole.id, up.depth + 1 FROM up CROSS JOIN LATERAL (
            SELECT m.kind, m.kept_id AS id FROM contact_merges m WHERE m.merged_id = up.id AND m.undone_at IS NULL
            UNION ALL
            SELECT e.became_kind, e.became_id FROM email_contacts e WHERE e.id = up.id AND e.became_id IS NOT NULL) whole
         WHERE up.depth < 100
    ) SELECT up.kind, up.id FROM up ORDER BY up.depth DESC LIMIT 1
$$;

-- Calls are not touched by a merge, so nothing else tells the running server whose recent calls are another's now.
CREATE TRIGGER feed_merge_insert AFTER INSERT ON contact_merges REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox('merge', 'id', 'tenant_id');
CREATE TRIGGER feed_merge_update AFTER UPDATE ON contact_merges REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox('merge', 'id', 'tenant_id');

-- Where contacts stand is counted over their lists, and lists are narrowed to it. Nearly all are active; the others are few,
-- and an index of those alone costs imports nothing.
CREATE INDEX individuals_not_active ON individuals (tenant_id, status, created_at, id) WHERE deleted_at IS NULL AND status <> 'active';
CREATE INDEX organizations_not_active ON organizations (tenant_id, status, created_at, id) WHERE deleted_at IS NULL AND status <> 'active';
CREATE INDEX organization_contacts_not_active ON organization_contacts (tenant_id, status, created_at, id) WHERE deleted_at IS NULL AND status <> 'active';
CREATE INDEX email_contacts_not_active ON email_contacts (tenant_id, status, created_at, id) WHERE deleted_at IS NULL AND status <> 'active';

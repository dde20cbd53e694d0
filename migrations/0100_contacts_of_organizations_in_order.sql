-- The list of all organizations' contacts, newest first, is walked by the search over all kinds; the other kinds have had
-- this index from the first (migration 0003). Without it every search sorted all of the tenant's.
CREATE INDEX organization_contacts_created ON organization_contacts (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

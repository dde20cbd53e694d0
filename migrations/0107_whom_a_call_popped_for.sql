-- What an agent's performance is counted from.

-- Whom a call popped for. The fold knows it too, but as text that would be taken apart for every call of a period; the log
-- knows it by entry. It moves with the call, in the statement that writes it anyway, and has no index: it is read by the
-- period, for all agents at once. No foreign key: a call outlives its people.
ALTER TABLE calls ADD COLUMN popped uuid[] NOT NULL DEFAULT '{}';
-- Without forced row security the owner sees the rows of all tenants, whether or not it is a superuser.
ALTER TABLE calls NO FORCE ROW LEVEL SECURITY;
UPDATE calls SET popped = ARRAY(SELECT json_object_keys(fold -> 'popped')::uuid) WHERE json_typeof(fold -> 'popped') = 'object';
ALTER TABLE calls FORCE ROW LEVEL SECURITY;

-- Who took, and who resolved, within a period. Replies and edits, most of a timeline, are not in it.
CREATE INDEX ticket_activities_work ON ticket_activities (tenant_id, created_at)
    WHERE type IN ('agent_assignment', 'status_change');
CREATE INDEX tickets_first_response ON tickets (tenant_id, first_response_at) WHERE first_response_at IS NOT NULL;

-- Every event pays for every index, so those go that nothing needs.

-- What was seen of a call is read from its entries: each claimed event of a call is one.
DROP INDEX event_claims_call;
-- A call's id is derived from its connection and the provider's id of it, so its own key says the same.
ALTER TABLE calls DROP CONSTRAINT calls_tenant_id_connection_id_provider_call_id_key;

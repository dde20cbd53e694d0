-- What only this program reads back whole is kept as it was written: taking JSON apart into jsonb was a sixth of what
-- an event cost the database, and nothing asks for parts of it but a restart. `json` is still checked to be JSON.
ALTER TABLE call_events ALTER COLUMN data TYPE json USING data::text::json;
ALTER TABLE calls ALTER COLUMN fold TYPE json USING fold::text::json;

-- Entries with a caller's history are long enough to be compressed, and pglz takes several times as long as lz4. A
-- server may be built without it; then it stays as it is. Partitions made later take it over from their parent.
DO $$
DECLARE
    part regclass;
BEGIN
    ALTER TABLE calls ALTER COLUMN fold SET COMPRESSION lz4;
    ALTER TABLE call_events ALTER COLUMN data SET COMPRESSION lz4;
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'call_events'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN data SET COMPRESSION lz4', part);
    END LOOP;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

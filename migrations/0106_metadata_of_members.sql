-- What a tenant notes down about a member for its own programs, such as the number of their payroll (003's profile metadata). It
-- belongs to the membership: another tenant's notes about the same person are another tenant's. The program allows 16 KiB of JSON;
-- stored as jsonb many small values take several times as much.
ALTER TABLE memberships ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(metadata) = 'object' AND pg_column_size(metadata) <= 262144);

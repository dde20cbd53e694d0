-- What a request with an Idempotency-Key made, written by the very transaction that made it. The stored answer comes
-- after that transaction; where the process dies between the two, or the commit's own answer is lost, this is what keeps
-- the repetition from making it a second time.
ALTER TABLE idempotency_keys ADD COLUMN made uuid;

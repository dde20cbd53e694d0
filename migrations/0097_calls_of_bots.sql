-- The bot that a call's line rang when the call came, as the log has it (ADR 0026). No foreign key: a call outlives it.
ALTER TABLE calls ADD COLUMN bot_id uuid;
CREATE INDEX calls_bot ON calls (tenant_id, bot_id, started_at DESC) WHERE bot_id IS NOT NULL;

-- How far somebody's word reaches: an identity provider's, a refresh token's; and what of an account its owner reads.

-- A provider vouches for whom the person who set it up could have made what they are, and for nobody else: whoever runs
-- it can sign in as everybody it vouches for. What is here already was set by an admin at most, as far as is known; an
-- owner who saves it again takes it on.
ALTER TABLE identity_providers
    ADD COLUMN set_by_role text NOT NULL DEFAULT 'org_admin'
        CHECK (set_by_role IN ('org_owner', 'org_admin', 'supervisor', 'agent', 'corporate', 'member', 'client')),
    -- Null = what that role has; names of permissions where theirs were others.
    ADD COLUMN set_by_grants text[] CHECK (cardinality(set_by_grants) <= 200 AND array_position(set_by_grants, NULL) IS NULL);
ALTER TABLE identity_providers ALTER COLUMN set_by_role DROP DEFAULT;

-- SHA-256 of what all refresh tokens of a session share and nobody else knows: a token that has it was issued for the
-- session, so that one which is not the newest was used before. Null: of an older version, refreshed no more.
ALTER TABLE sessions ADD COLUMN refresh_family bytea CHECK (length(refresh_family) = 32);

-- An account that rests is part of its history.
DROP POLICY own_account ON audit_log;
CREATE POLICY own_account ON audit_log FOR SELECT TO switchroom_auth
    USING (action LIKE 'session.%' OR action LIKE 'password.%' OR action LIKE 'second_factor.%' OR action LIKE 'device.%'
           OR action LIKE 'account.%');

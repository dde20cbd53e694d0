-- Database roles and the helpers every later migration uses.
--
-- The owner of the tables (whoever runs the migrations) never serves requests. Each room of the program that
-- speaks to the database has a role of its own, none of them with BYPASSRLS:
--   switchroom_app        requests of one tenant at a time; sees what `app.tenant_id` names
--   switchroom_auth       sign-in: finds users, sessions and tokens before a tenant is known
--   switchroom_log        the log appender: writes events and the projections of them, of all tenants
--   switchroom_directory  the directory loader: reads contacts, numbers, people, connections of all tenants
--   switchroom_platform   acts of the platform admin and of the job runner, which span tenants by nature
-- Roles belong to the whole server, so a second database (tests, a restore) finds them there already.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['switchroom_app', 'switchroom_auth', 'switchroom_log',
                                     'switchroom_directory', 'switchroom_platform'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role_name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server is being migrated at the same moment
        END;
    END LOOP;
END
$$;

-- With an external server the program signs in as the owner and takes the role at session start, which needs
-- membership. A superuser has it anyway.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT switchroom_app, switchroom_auth, switchroom_log, switchroom_directory, switchroom_platform TO %I', current_user);
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO switchroom_app, switchroom_auth, switchroom_log, switchroom_directory, switchroom_platform;

-- The tenant this transaction acts for; null (and so no row at all) when none was set.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

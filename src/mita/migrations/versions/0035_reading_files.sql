-- Files of head-ends that come over the API: kept until they are charged, and then what became of them. Names of bridges.

CREATE TABLE reading_file (
    estate_id bigint NOT NULL REFERENCES estate,
    reading_file_id uuid NOT NULL,
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
    layout text NOT NULL CHECK (layout IN ('nem12', 'nem13', 'greenbutton', 'p1', 'csv')),
    terms jsonb NOT NULL CHECK (jsonb_typeof(terms) = 'object'),
    mode text NOT NULL CHECK (mode IN ('all_or_nothing', 'valid_rows')),
    is_dry_run boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'refused', 'stopped')),
    -- only as long as it is needed
    content bytea CHECK (length(content) > 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    total integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    known integer NOT NULL DEFAULT 0,
    classes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(classes) = 'object'),
    net_micro bigint NOT NULL DEFAULT 0,
    tax_micro bigint NOT NULL DEFAULT 0,
    found jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(found) = 'object'),
    faults jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(faults) = 'array'),
    fault_count integer NOT NULL DEFAULT 0 CHECK (fault_count >= jsonb_array_length(faults)),
    -- how often something inside Mita went wrong
    tries smallint NOT NULL DEFAULT 0,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    actor text NOT NULL,
    correlation_id text NOT NULL,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (estate_id, reading_file_id),
    UNIQUE (estate_id, key),
    CHECK (known >= 0 AND known <= total AND done >= 0 AND done <= total),
    CHECK ((state IN ('waiting', 'running')) = (finished_at IS NULL)),
    CHECK ((content IS NULL) = (finished_at IS NOT NULL))
);
CREATE INDEX reading_file_unfinished ON reading_file (touched_at) WHERE finished_at IS NULL;

ALTER TABLE reading_file ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_estates ON reading_file
    USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
    WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]));
GRANT SELECT, INSERT ON reading_file TO mita_app;
GRANT UPDATE (state, content, total, done, known, classes, net_micro, tax_micro, found, faults, fault_count, tries, touched_at,
    finished_at) ON reading_file TO mita_app;

-- ids only: which files of head-ends nobody has touched for a while though they are not finished
CREATE FUNCTION unfinished_reading_files(touched_before timestamptz) RETURNS TABLE (estate_id bigint, reading_file_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT f.estate_id, f.reading_file_id FROM reading_file AS f
   WHERE f.finished_at IS NULL AND f.touched_at < touched_before ORDER BY f.touched_at LIMIT 100 $$;
REVOKE EXECUTE ON FUNCTION unfinished_reading_files(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unfinished_reading_files(timestamptz) TO mita_app;

-- ── devices under the names that their bridge gives them ──────────────────────────────────────

-- names only: whose topics bear these names, in any estate; ingest asks before it knows an estate
CREATE INDEX device_state_by_alias ON device_state (alias) WHERE alias IS NOT NULL;
CREATE FUNCTION devices_of_aliases(of_driver text, aliases text[]) RETURNS TABLE (alias text, estate_id bigint, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT s.alias, d.estate_id, d.name FROM device_state AS s
   JOIN device AS d ON d.estate_id = s.estate_id AND d.device_id = s.device_id
   WHERE s.alias = ANY (aliases) AND d.driver = of_driver AND d.removed_at IS NULL $$;
REVOKE EXECUTE ON FUNCTION devices_of_aliases(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION devices_of_aliases(text, text[]) TO mita_app;

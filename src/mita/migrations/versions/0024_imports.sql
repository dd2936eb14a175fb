-- Imports: files of rows that are carried into an estate, and what became of each row.

CREATE TABLE import_file (
    estate_id bigint NOT NULL REFERENCES estate,
    import_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('units', 'people', 'meters', 'occupancies', 'ownerships', 'top_ups')),
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
    mode text NOT NULL CHECK (mode IN ('all_or_nothing', 'valid_rows')),
    is_dry_run boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'refused', 'stopped')),
    encoding text NOT NULL CHECK (encoding IN ('utf-8', 'windows-1252')),
    separator text NOT NULL CHECK (separator IN ('comma', 'semicolon', 'tab')),
    columns text[] NOT NULL,
    notes text[] NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    total integer NOT NULL CHECK (total BETWEEN 1 AND 20000),
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    failed integer NOT NULL,
    withheld integer NOT NULL,
    -- how often something inside Mita went wrong
    tries smallint NOT NULL DEFAULT 0,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    actor text NOT NULL,
    correlation_id text NOT NULL,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- since when the rows are gone
    forgotten_at timestamptz,
    PRIMARY KEY (estate_id, import_id),
    UNIQUE (estate_id, key),
    CHECK (created >= 0 AND updated >= 0 AND unchanged >= 0 AND failed >= 0 AND withheld >= 0),
    CHECK (created + updated + unchanged + failed + withheld <= total),
    CHECK ((state IN ('waiting', 'running')) = (finished_at IS NULL))
);
CREATE INDEX import_file_by_hash ON import_file (estate_id, sha256);
CREATE INDEX import_file_unfinished ON import_file (touched_at) WHERE finished_at IS NULL;

CREATE TABLE import_row (
    estate_id bigint NOT NULL,
    import_id uuid NOT NULL,
    row_number integer NOT NULL CHECK (row_number > 1),
    cells jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'created', 'updated', 'unchanged', 'failed', 'withheld')),
    faults jsonb NOT NULL,
    PRIMARY KEY (estate_id, import_id, row_number),
    FOREIGN KEY (estate_id, import_id) REFERENCES import_file,
    CHECK ((state = 'failed') = (faults <> '[]'))
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['import_file', 'import_row'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$CREATE POLICY seen_estates ON %I
            USING (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            WITH CHECK (estate_id + 0 = ANY ((SELECT string_to_array(current_setting('mita.estates', true), ','))::bigint[]))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO mita_app', name);
    END LOOP;
END $$;
GRANT UPDATE (state, created, updated, unchanged, failed, withheld, tries, touched_at, finished_at, forgotten_at)
    ON import_file TO mita_app;
GRANT UPDATE (state, faults), DELETE ON import_row TO mita_app;

-- ids only: which imports nobody has touched for a while though they are not finished
CREATE FUNCTION unfinished_imports(touched_before timestamptz) RETURNS TABLE (estate_id bigint, import_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT f.estate_id, f.import_id FROM import_file AS f
   WHERE f.finished_at IS NULL AND f.touched_at < touched_before ORDER BY f.touched_at LIMIT 100 $$;
REVOKE EXECUTE ON FUNCTION unfinished_imports(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unfinished_imports(timestamptz) TO mita_app;

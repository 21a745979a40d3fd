-- What pg_dump has to see in its own way: routines, indexes over expressions, hidden columns, numbers without a column.
CREATE TABLE indexed (id INT8 PRIMARY KEY, gone TEXT, k INT4, s TEXT, j JSONB, a INT[]);
ALTER TABLE indexed DROP COLUMN gone;
CREATE INDEX by_expression ON indexed (lower(s), (k + 1) DESC) WHERE k > 3;
CREATE UNIQUE INDEX unique_expression ON indexed (upper(s));
CREATE INVERTED INDEX in_json ON indexed (j);
CREATE INDEX in_array ON indexed USING GIN (a);
CREATE INDEX hashed ON indexed (k) USING HASH;
CREATE TABLE hashed_key (id INT8 PRIMARY KEY USING HASH, v INT8);
CREATE TABLE computed (x INT8 PRIMARY KEY, y INT8 AS (x * 2) STORED, z INT8 AS (x + 1) VIRTUAL);
CREATE SEQUENCE small AS INT2 INCREMENT 2 CYCLE;
CREATE FUNCTION add_to(a INT, b INT DEFAULT 2) RETURNS INT IMMUTABLE LANGUAGE SQL AS $$ SELECT a + b $$;
CREATE FUNCTION below(n INT) RETURNS TABLE (id INT8, s TEXT) LANGUAGE SQL AS $$ SELECT id, s FROM indexed WHERE id < n $$;
CREATE PROCEDURE purge(x INT) LANGUAGE SQL AS $$ DELETE FROM hashed_key WHERE v = x; DELETE FROM indexed WHERE id = x $$;
CREATE VIEW summed AS SELECT add_to(k::INT8) AS more, lower(s) AS small_letters FROM indexed;
INSERT INTO indexed (id, k, s, j, a) VALUES (1, 5, 'One', '{"a": 1}', ARRAY[1, 2]), (2, NULL, NULL, NULL, NULL);
INSERT INTO hashed_key VALUES (1, 10);
INSERT INTO computed VALUES (3), (4);

-- Triggers: made after the rows, so that these come back as they are.
CREATE TABLE watched (id INT8 PRIMARY KEY, name TEXT, changes INT8);
CREATE FUNCTION count_changes() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  NEW.changes := COALESCE(NEW.changes, 0) + 1;
  RETURN NEW;
END $$;
CREATE FUNCTION look() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.changes > 1000 THEN
    RAISE EXCEPTION '% of %: %', TG_NAME, TG_TABLE_NAME, TG_ARGV[0];
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER counted BEFORE INSERT OR UPDATE OF name ON watched FOR EACH ROW WHEN (NEW.name <> 'still') EXECUTE FUNCTION count_changes();
CREATE CONSTRAINT TRIGGER looked AFTER UPDATE ON watched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look('it''s', '');
CREATE TRIGGER off AFTER TRUNCATE OR DELETE ON watched EXECUTE FUNCTION look();
ALTER TABLE watched DISABLE TRIGGER off;
COMMENT ON TRIGGER counted ON watched IS 'counts';
COPY watched (id, name) FROM STDIN;
1	one
2	still
3	\N
\.

-- Beside schema.sql: columns of every type, arrays of most, keys and indexes of every kind, rows at the edges.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE kinds (
  id INT8 PRIMARY KEY, i2 INT2, i4 INT4, f4 FLOAT4, dec DECIMAL(20,4), big DECIMAL, name NAME, ci CITEXT, coll STRING COLLATE de, b BYTES, u UUID,
  d DATE, t TIME, tz TIMETZ, ts TIMESTAMP, tstz TIMESTAMPTZ(3), iv INTERVAL, j JSONB, ip INET, bits BIT(4), vbits VARBIT(16), o OID, cls REGCLASS, typ REGTYPE, proc REGPROC,
  ns REGNAMESPACE, lsn PG_LSN, vec TSVECTOR, query TSQUERY, path LTREE, jp JSONPATH, v VECTOR(3), m mood, p shop.price, ok BOOL
);
CREATE TABLE arrays (
  id INT8 PRIMARY KEY REFERENCES kinds (id) ON DELETE CASCADE, ints INT8[], i2s INT2[], decs DECIMAL[], floats FLOAT8[], texts STRING[], bytes BYTES[], uuids UUID[], dates DATE[], times TIME[],
  tss TIMESTAMP[], tstzs TIMESTAMPTZ[], ivs INTERVAL[], ips INET[], bitss VARBIT[], bools BOOL[], moods mood[], oids OID[], js JSONB[],
  n INT8 AS (coalesce(array_length(ints, 1), 0)) STORED, INVERTED INDEX (ints), INVERTED INDEX (texts)
);
CREATE INDEX ON kinds (i4, dec DESC) STORING (ts);
CREATE INDEX ON kinds (lower(name)) WHERE i4 > 0;
CREATE INDEX ON kinds (tstz, iv) USING HASH;
CREATE INVERTED INDEX ON kinds (j);
CREATE INVERTED INDEX ON people (email gin_trgm_ops);
CREATE UNIQUE INDEX ON kinds (u, d) WHERE ok;
CREATE SEQUENCE counting;
CREATE VIEW joined AS SELECT k.id, k.i4, k.j, a.ints, a.texts, k.m, k.tstz, k.iv FROM kinds AS k LEFT JOIN arrays AS a ON k.id = a.id;
INSERT INTO kinds VALUES
 (1, 1, 1, 1.5, 1.25, 1e20, 'one', 'One', 'eins' COLLATE de, '\x0102', 'b1a5f3b0-8a9c-4a39-8a3c-1f2e3d4c5b6a', '2024-02-29', '12:34:56.789', '12:00:00+02', '2024-02-29 12:00', '2024-03-31 01:30:00+01',
  '1 mon 2 days 03:04:05.000006', '{"a": [1, {"b": "c"}], "d": null}', '10.0.0.1/8', B'1010', B'101', 16, 'kinds', 'int8', 'now', 'public', '1/A', 'a:1 fat:2 cat:3A', 'fat & !rat', 'a.b.c', '$.a[*]', '[1,2,3]', 'happy', (1.5, 'EUR'), true),
 (2, -32768, -2147483648, '-Infinity', -9999999999999999.9999, 'NaN', '', '', '' COLLATE de, '', '00000000-0000-0000-0000-000000000000', '-infinity', '00:00', '00:00:00-15:59', '4714-11-24 BC', '4714-11-24 00:00:00+00 BC',
  '-178000000 years', 'null', '::1', B'0000', B'', 0, NULL, NULL, NULL, NULL, '0/0', '', '', '', '$', '[0,0,0]', 'sad', NULL, false),
 (3, 32767, 2147483647, 'NaN', 9999999999999999.9999, '-Infinity', 'ÄÖÜ', 'äöü', 'ß' COLLATE de, '\xff', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'infinity', '24:00', '24:00:00+15:59', '294246-12-31 23:59:59.999999', 'infinity',
  '178000000 years', '[]', 'ffff::/16', B'1111', B'1111111111111111', 4294967295, '0', '0', '0', '0', 'FFFFFFFF/FFFFFFFF', 'x', 'a | b', 'z', 'strict $.x ? (@ > 1)', '[-1e30,1e-30,3]', 'ok', (NULL, NULL), NULL),
 (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO arrays (id, ints, i2s, decs, floats, texts, bytes, uuids, dates, times, tss, tstzs, ivs, ips, bitss, bools, moods, oids, js) VALUES
 (1, '{1,2,NULL}', '{1}', '{1.5,NaN}', '{Infinity}', '{a,"b c",NULL}', ARRAY[b'\x00'], ARRAY[gen_random_uuid()], '{2024-01-01}', '{12:00}', '{2024-01-01 00:00}', '{2024-01-01 00:00+01}', ARRAY['1 day'::INTERVAL], '{::1}', ARRAY[B'1']::VARBIT[],
  '{true,NULL}', '{sad,happy}', '{1,2}', ARRAY['{}'::JSONB]),
 (2, '{}', '{}', '{}', '{}', '{}', ARRAY[]::BYTES[], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
 (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- Computed and indexed in the newest ways; what views and functions can say.
CREATE TABLE derived (
  id INT8 PRIMARY KEY, kind INT8 REFERENCES kinds (id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, a INT8, s STRING, j JSONB, tags STRING[], at TIMESTAMPTZ, price shop.price,
  twice INT8 AS (a * 2) VIRTUAL, low STRING AS (lower(s)) VIRTUAL, inner_a STRING AS (j ->> 'a') STORED, changed TIMESTAMPTZ ON UPDATE now(), serial INT8 GENERATED ALWAYS AS IDENTITY,
  INDEX derived_twice (twice), INDEX derived_low (low, a) STORING (at) WHERE a IS NOT NULL, INDEX derived_expr ((a % 10), (s || 'x')), INVERTED INDEX derived_tags (tags), INVERTED INDEX derived_j (kind, j),
  UNIQUE INDEX derived_some (s) WHERE a > 5, INDEX derived_seen (a) NOT VISIBLE
);
INSERT INTO derived (id, kind, a, s, j, tags, at, price) SELECT g, g % 4 + 1, g % 7, 'S' || g::STRING, json_build_object('a', g % 3, 'b', ARRAY[g, g + 1]), ARRAY['t' || (g % 5)::STRING, 'x'], '2024-01-01'::TIMESTAMPTZ + g * '1 hour'::INTERVAL,
 (g, CASE WHEN g % 2 = 0 THEN 'EUR' END) FROM generate_series(1, 200) AS g;
INSERT INTO derived (id) VALUES (201);
CREATE FUNCTION plus(x INT8, y INT8 DEFAULT 1) RETURNS INT8 IMMUTABLE LANGUAGE SQL AS 'SELECT x + y';
CREATE FUNCTION of_kind(k INT8) RETURNS SETOF INT8 STABLE LANGUAGE SQL AS 'SELECT id FROM derived WHERE kind = k';
CREATE FUNCTION title(p shop.price) RETURNS STRING LANGUAGE SQL AS $$ SELECT (p).amount::STRING || coalesce((p).currency, '?') $$;
CREATE FUNCTION next_mood(m mood) RETURNS mood CALLED ON NULL INPUT LANGUAGE SQL AS $$ SELECT CASE m WHEN 'sad' THEN 'ok'::mood ELSE 'happy' END $$;
CREATE VIEW rolled AS SELECT kind, a, grouping(kind, a) AS g, count(*) AS n, array_agg(s ORDER BY id) AS names, max(price) AS most FROM derived GROUP BY ROLLUP (kind, a);
CREATE VIEW cubed AS SELECT low, tags, sum(a) AS s, jsonb_agg(j) AS js FROM derived GROUP BY GROUPING SETS ((low, tags), (low), ()) HAVING count(*) > 0;
CREATE VIEW framed AS SELECT id, sum(a) OVER w AS s, lag(s, 2) OVER (PARTITION BY kind ORDER BY id) AS before, string_agg(low, ',') OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) AS near
 FROM derived WINDOW w AS (PARTITION BY kind ORDER BY at RANGE BETWEEN '1 day' PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW);
CREATE VIEW hinted AS SELECT d.id, k.m, k.j FROM derived@derived_twice AS d INNER LOOKUP JOIN kinds AS k ON d.kind = k.id WHERE d.twice > 2;
CREATE VIEW hashed AS SELECT d.id, a.texts FROM derived@{NO_INDEX_JOIN} AS d LEFT HASH JOIN arrays AS a ON a.n = d.a;
CREATE VIEW inverted AS SELECT a.id, d.s, d.tags FROM arrays AS a INNER INVERTED JOIN derived@derived_tags AS d ON d.tags @> a.texts;
CREATE VIEW sideways AS SELECT d.id, l.x, l.o, title(d.price) AS t FROM derived AS d CROSS JOIN LATERAL unnest(d.tags) WITH ORDINALITY AS l (x, o);
CREATE VIEW climbing AS WITH RECURSIVE up (id, depth) AS (SELECT id, 0 FROM derived WHERE id < 3 UNION SELECT d.id, u.depth + 1 FROM up AS u JOIN derived AS d ON d.id = u.id + 2 WHERE u.depth < 5) SELECT id, depth FROM up;
CREATE VIEW over_views AS SELECT r.kind, r.names, f.near, c.depth, next_mood(h.m) AS m FROM rolled AS r JOIN framed AS f ON f.s = r.n LEFT JOIN climbing AS c ON c.id = f.id FULL JOIN hinted AS h ON h.id = c.id;
ANALYZE derived;

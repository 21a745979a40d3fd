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

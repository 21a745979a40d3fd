"""What a statement is put into: other statements around it, transactions, roles, ways to send it.

A context is a function (random, sql) -> list of steps; a step is a text, which goes by the simple protocol, or a Prepared.
"""

import re

QUERY = re.compile(r"^\s*(\(|select\b|values\b|table\b|with\b)", re.I)
WRITE = re.compile(r"^\s*(insert|upsert|update|delete)\b", re.I)
ROWS = re.compile(r"^\s*(\(|select\b|values\b|table\b|with\b|show\b|explain\b|insert\b.*returning|upsert\b.*returning|update\b.*returning|delete\b.*returning)", re.I | re.S)
# Values of parameters in text, and in binary as they come.
TEXTS = [None, "", "0", "1", "-1", "9223372036854775807", "99999999999999999999", "1.5", "NaN", "x", "{}", "{1,2}", "[]", "null", "true", "2024-02-29", "1 day",
         "12:00", "\\x00", "(1,a)", "'", "\u00e4" * 300, "a.b", "::1", "101", "00000000-0000-0000-0000-000000000000"]
BYTES = [None, b"", b"\0", b"\1", b"\0\0\0\1", b"\0" * 8, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\0" * 12, b"\0" * 16, b"\xff" * 16, b"\1{}", b"\0\0\0\0\0\0\0\0\0\0\0\x14",
         b"\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1\0\0\0\x08\0\0\0\0\0\0\0\5", b"\0\1\0\0\0\0\0\0\0\1", b"abc"]


class Prepared:
    """By the extended protocol: parameters of random formats and values, results in text or binary, `limit` rows at a time."""

    def __init__(self, sql, values, formats, result_format, limit, types):
        self.sql, self.values, self.formats, self.result_format, self.limit, self.types = sql, values, formats, result_format, limit, types


def prepared(random, sql):
    """Literals become parameters."""
    count = max([int(n) for n in re.findall(r"\$(\d\d?)\b", sql)], default=0)

    def parameter(match):
        nonlocal count
        if count >= 20 or random.random() < 0.5:
            return match[0]
        count += 1
        given.append(match[0].strip("'").replace("''", "'"))
        return f"${count}"
    given = [None] * count
    sql = re.sub(r"(?<![\w.$\"'])(?:'(?:[^'\\]|'')*'|\d+(?:\.\d+)?)(?![\w.\"'])", parameter, sql)
    values, formats = [], []
    for value in given:
        binary = random.random() < 0.25
        formats.append(int(binary))
        values.append(random.choice(BYTES) if binary else (value if value is not None and random.random() < 0.7 else random.choice(TEXTS)))
    values = [value.encode() if isinstance(value, str) else value for value in values]
    types = [random.choice([0, 0, 0, 0, 20, 25, 16, 1700, 701, 1184, 3802, 1016, 2950, 17]) for _ in range(random.choice([0, 0, count]))]
    return [Prepared(sql, values, formats, random.choice([0, 1]), random.choice([0, 0, 1, 2, 1000]), types)]


def around(random, sql):
    """A query in a query."""
    forms = ["SELECT * FROM ({}) AS q", "SELECT count(*) FROM ({}) AS q, ({}) AS r", "SELECT ({})", "SELECT EXISTS ({})", "SELECT ARRAY({})", "SELECT 1 IN ({})",
             "SELECT NULL <> ALL ({})", "WITH q AS ({}) SELECT * FROM q, q AS r", "WITH q AS MATERIALIZED ({}) TABLE q", "WITH RECURSIVE q AS ({} UNION ALL SELECT * FROM q) SELECT * FROM q LIMIT 5",
             "({}) UNION ALL ({})", "({}) EXCEPT ({})", "({}) INTERSECT ALL ({})", "SELECT * FROM (VALUES (1), (2)) AS v (n) JOIN LATERAL ({}) AS q ON true",
             "SELECT DISTINCT * FROM ({}) AS q ORDER BY 1 DESC LIMIT 3 OFFSET 1", "SELECT q, row_number() OVER (ORDER BY q) FROM ({}) AS q", "SELECT q.*, to_jsonb(q) FROM ({}) AS q",
             "SELECT * FROM ({}) AS q NATURAL FULL JOIN ({}) AS r", "SELECT json_agg(q), count(DISTINCT q) FROM ({}) AS q", "SELECT (q).* FROM ({}) AS q", "COPY ({}) TO STDOUT",
             "COPY ({}) TO STDOUT WITH (FORMAT binary)", "COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER)", "CREATE TABLE made AS {}; SELECT * FROM made; DROP TABLE made",
             "CREATE OR REPLACE VIEW seen AS {}; SELECT * FROM seen; DROP VIEW seen", "CREATE MATERIALIZED VIEW seen AS {}; REFRESH MATERIALIZED VIEW seen; DROP MATERIALIZED VIEW seen",
             "DECLARE c CURSOR FOR {}; FETCH 1 c; MOVE 2 c; FETCH ALL c; CLOSE c", "CREATE OR REPLACE FUNCTION made() RETURNS SETOF RECORD LANGUAGE SQL AS $$ {} $$; SELECT made()",
             "CREATE OR REPLACE FUNCTION made(a INT) RETURNS TEXT LANGUAGE SQL AS $$ {} $$; SELECT made(1), made(NULL)"]
    nested = "{}"
    for _ in range(random.choice([1, 1, 1, 2, 3, 40])):
        form = random.choice(forms[:8]) if nested != "{}" else random.choice(forms)
        if nested.count("{}") > 1 or form.count("{}") > 1 and nested != "{}":
            break
        nested = form.replace("{}", nested) if nested != "{}" else form
    text = nested.replace("{}", sql)
    return ["BEGIN", text, "ROLLBACK"] if "CURSOR" in text else [text]


def written(random, sql):
    """A change as a source of rows."""
    returning = sql if re.search(r"\breturning\b", sql, re.I) else sql + " RETURNING *"
    return [random.choice(["WITH w AS ({}) SELECT * FROM w, w AS v", "SELECT * FROM [{}]", "EXPLAIN ANALYZE {}", "WITH w AS ({}) INSERT INTO made SELECT * FROM w",
                           "CREATE TABLE made AS SELECT * FROM [{}]", "WITH w AS (SELECT 1), v AS ({}) SELECT * FROM v", "EXPLAIN (VERBOSE) {}"]).replace("{}", returning)]


def explained(random, sql):
    return [random.choice(["EXPLAIN {}", "EXPLAIN ANALYZE {}", "EXPLAIN (VERBOSE) {}", "EXPLAIN (TYPES) {}", "EXPLAIN (OPT, VERBOSE) {}", "EXPLAIN (DISTSQL) {}", "EXPLAIN ANALYZE (VERBOSE) {}",
                           "EXPLAIN (VEC) {}", "SELECT * FROM [EXPLAIN {}]", "EXPLAIN EXPLAIN {}", "SELECT * FROM [{}]", "SELECT count(*) FROM [{}] AS q, [{}] AS r"]).replace("{}", sql)]


def stored(random, sql):
    """By PREPARE, with the wrong number of values now and then."""
    values = ", ".join(random.choice(["NULL", "1", "'x'", "''", "-1", "1.5", "ARRAY[1]", "(SELECT 1)", "now()"]) for _ in range(random.randint(0, 3)))
    execute = f"EXECUTE kept{f' ({values})' if values else ''}"
    return ["DEALLOCATE ALL", f"PREPARE kept AS {sql}", execute, random.choice([execute, f"EXPLAIN ANALYZE {execute}", f"SELECT * FROM [{execute}]", f"CREATE TABLE made AS {execute}"])]


def in_transaction(random, sql):
    return ["BEGIN", random.choice(["SAVEPOINT s", "SAVEPOINT cockroach_restart", "SET TRANSACTION READ ONLY", "SELECT 1 / 0", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SELECT 1"]), sql,
            random.choice(["ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s", "ROLLBACK TO SAVEPOINT cockroach_restart", sql, "SELECT 1"]), sql, random.choice(["ROLLBACK", "COMMIT"])]


def as_another(_random, sql):
    return ["CREATE ROLE IF NOT EXISTS mutant", "SET ROLE mutant", sql, "RESET ROLE"]


def with_settings(random, sql):
    name, value = random.choice([("distsql_workmem", "'2KiB'"), ("testing_optimizer_disable_rule_probability", "1"), ("testing_optimizer_disable_rule_probability", "0.5"),
                                 ("testing_optimizer_cost_perturbation", "0.9"), ("intervalstyle", "'sql_standard'"), ("bytea_output", "'escape'"), ("datestyle", "'German, DMY'"),
                                 ("timezone", "'America/New_York'"), ("default_int_size", "4"), ("null_ordered_last", "on"), ("extra_float_digits", "-15"), ("search_path", "''"),
                                 ("autocommit_before_ddl", "on"), ("serial_normalization", "'sql_sequence'"), ("sql_safe_updates", "on"), ("transaction_rows_read_err", "1"),
                                 ("large_full_scan_rows", "1"), ("disallow_full_table_scans", "on"), ("reorder_joins_limit", "0"), ("prefer_lookup_joins_for_fks", "on")])
    return [f"SET {name} = {value}", sql, f"RESET {name}"]


def twice(_random, sql):
    return [f"{sql}; {sql}"]


def context(random, sql):
    """Steps that run `sql` in one random context."""
    forms = [prepared, prepared, prepared, in_transaction, as_another, with_settings, with_settings, explained, stored, twice]
    if QUERY.match(sql):
        forms += [around] * 6
    if WRITE.match(sql):
        forms += [written] * 4
    return random.choice(forms)(random, sql)

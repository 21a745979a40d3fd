#!/usr/bin/env python3
"""Statements of tests/sql, changed a little: the server lives on, and no error is internal.

    mutations.py PALMETTO [--seed N] [--seconds N] [FILE ...]

Each statement of a file runs as it is and then in some variants: tokens are left out, doubled, exchanged with one of
another statement, literals become placeholders, NULL, or values at the edge, types others, clauses those of other statements,
expressions are nested deeply; and the whole is put into a context (contexts.py). Some files run in a virtual cluster. A
finding is printed with the statement that led to it and those before. Meant for a server with the address sanitizer.
"""

import argparse
import collections
import pathlib
import random
import re
import struct
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "overload")]
from contexts import context  # noqa: E402
from harness import Server  # noqa: E402
from overload import Client, Refused  # noqa: E402

STATEMENT = re.compile(r"^(?:\w+)?> (.*?)(?: => .*)?$")
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\d+|\w+(?:\.\d+)?|::|<=|>=|<>|!=|\|\||->>|->|@>|<@|\S")
LITERAL = re.compile(r"^(?:'.*'|\d[\d.]*)$", re.S)
TYPES = ["INT2", "INT4", "INT8", "FLOAT4", "FLOAT8", "DECIMAL", "DECIMAL(3,1)", "STRING", "CHAR(2)", "VARCHAR(3)", "NAME", "CITEXT", "BYTES", "BOOL", "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ",
         "INTERVAL", "JSONB", "UUID", "INET", "BIT(3)", "VARBIT", "OID", "REGCLASS", "REGTYPE", "PG_LSN", "TSVECTOR", "TSQUERY", "LTREE", "JSONPATH", "VECTOR(2)", "INT8[]", "STRING[]", "DECIMAL[]",
         "TIMESTAMPTZ[]", "JSONB[]", "RECORD", "VOID", "ANYELEMENT", "pg_class", "refcursor", "int2vector", "oidvector", '"char"', "GEOMETRY", "STRING COLLATE de"]
TYPE = re.compile(r"^(?:int[248]?|float[48]?|decimal|numeric|string|text|varchar|char|bytes|bytea|bool|date|time|timetz|timestamp|timestamptz|interval|jsonb?|uuid|inet|varbit|oid|name|tsvector)$", re.I)
EDGES = ["$1", "$2", "NULL", "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e400", "1e-400", "'NaN'", "''", "'x'", "'{}'", "'[]'", "'null'", "1.5", "true",
         "ARRAY[1]", "ARRAY[]::INT[]", "ARRAY[NULL]", "ARRAY[ARRAY[1], ARRAY[2]]", "(1, 2)", "()", "ROW(NULL)", "(SELECT 1)", "(SELECT 1, 2)", "(SELECT 1 WHERE false)", "now()", "'1 day'::INTERVAL", "'2000-01-01'",
         "'infinity'::TIMESTAMP", "'-infinity'::DATE", "'178000000 years'::INTERVAL", "b'\\x00'", "repeat('x', 1000)", "repeat('a', 10000000)", "'{\"a\": [1, null, {\"b\": 2}]}'::JSONB", "'a'::TEXT COLLATE de",
         "'NaN'::DECIMAL", "1e1000::DECIMAL", "'-Infinity'::FLOAT8", "NULL::INT8", "NULL::JSONB", "count(*)", "sum(1) OVER ()", "generate_series(1, 3)", "unnest(ARRAY[1, NULL])", "random()", "nextval('s')",
         "DEFAULT", "*", "t.*", "excluded.a", "tableoid", "crdb_internal_mvcc_timestamp", "B'101'", "'1/A'::PG_LSN", "'a'::TSVECTOR", "'a & b'::TSQUERY", "'10.0.0.1/8'::INET", "gen_random_uuid()"]
# Where a clause begins: what follows can be another statement's.
CLAUSES = {"from", "where", "group", "order", "having", "limit", "returning", "on", "set", "values", "using", "window", "union", "for", "as", "with", "partition", "over", "filter", "storing", "references", "check", "default"}
LATE_S = 30  # after the 3 seconds that a statement may take
DEPTHS = [2, 10, 100, 1000, 5000]
# What would take the server, its user or the other cluster away, or wait.
LEFT_OUT = re.compile(r"sleep|cancel|terminate|shutdown|pause|drop\s+(user|role|database|virtual|owned)|nologin|alter\s+(user|role)|virtual\s+cluster|"
                      r"crdb_internal\.force|backup|restore|revoke|reassign|grant|copy.*stdin|lock|cluster\s+setting|default_transaction|^\s*set\s+database|^\s*use\b", re.I)


def statements(path):
    """Statements of one line, without what a test expects of them."""
    for line in path.read_text().splitlines():
        match = STATEMENT.match(line)
        if match and not LEFT_OUT.search(match.group(1)):
            yield match.group(1)


def nested(random_, token):
    """A literal, deep in something."""
    n = random_.choice(DEPTHS)
    before, after = random_.choice([("(", ")"), ("NOT ", ""), ("- ", ""), ("abs(", ")"), ("coalesce(", ", NULL)"), ("ARRAY[", "]"), ("(SELECT ", ")"), ("CASE WHEN true THEN ", " END"), ("ROW(", ")"),
                                    ("", " + 1"), ("", " || 'x'"), ("", " AND true"), ("", "::TEXT"), ("", "[1]"), ("", " COLLATE de"), ("", " IS NULL"), ("to_jsonb(", ")"), ("1, ", "")])
    return before * n + token + after * n


def exchanged(random_, tokens, pool):
    """One change of a list of tokens, in place."""
    at = random_.randrange(len(tokens))
    literals = [i for i, token in enumerate(tokens) if LITERAL.match(token)]
    types = [i for i, token in enumerate(tokens) if TYPE.match(token)]
    kind = random_.randrange(16)
    if kind < 5 and literals:
        tokens[random_.choice(literals)] = random_.choice(EDGES)
    elif kind < 6:
        del tokens[at]
    elif kind < 7:
        tokens.insert(at, tokens[at])
    elif kind < 8:
        tokens[at] = random_.choice(EDGES)
    elif kind < 10:
        tokens[at] = random_.choice(random_.choice(pool))
    elif kind < 12 and types:
        tokens[random_.choice(types)] = random_.choice(TYPES)
    elif kind < 13 and literals:
        tokens[random_.choice(literals)] += "::" + random_.choice(TYPES)
    elif kind < 14 and literals:
        i = random_.choice(literals)
        tokens[i] = nested(random_, tokens[i])
    else:
        splice(random_, tokens, random_.choice(pool))


def splice(random_, tokens, other):
    """A clause of another statement, in the place of one or before one."""
    mine = [i for i, token in enumerate(tokens) if token.lower() in CLAUSES]
    theirs = [i for i, token in enumerate(other) if token.lower() in CLAUSES]
    if not mine or not theirs:
        return
    at, start = random_.choice(mine), random_.choice(theirs)
    end = random_.choice([i for i in theirs if i > start] + [len(other)])
    until = random_.choice([i for i in mine if i > at] + [len(tokens), at])
    tokens[at:until] = other[start:end]


def variant(random_, sql, pool):
    """`pool`: the tokens of each statement."""
    tokens = TOKEN.findall(sql)
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        exchanged(random_, tokens, pool)
        if not tokens:
            return sql
    return " ".join(tokens)


class Wire(Client):
    """The simple and the extended protocol, in a virtual cluster or not."""

    def __init__(self, port, cluster=None, timeout=30):
        super().__init__(port, user="root" + (f"\0options\0-ccluster={cluster}" if cluster else ""), timeout=timeout)

    def run(self, step):
        if isinstance(step, str):
            return self.query(step)
        sql, values = step.sql.encode(), step.values
        self.send(b"P", b"\0" + sql + b"\0" + struct.pack(f"!h{len(step.types)}i", len(step.types), *step.types))
        self.send(b"D", b"S\0")
        bound = b"".join(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values)
        self.send(b"B", b"\0\0" + struct.pack(f"!h{len(values)}h", len(values), *step.formats) + struct.pack("!h", len(values)) + bound + struct.pack("!hh", 1, step.result_format))
        self.send(b"D", b"P\0")
        for _ in range(3 if step.limit else 1):
            self.send(b"E", b"\0" + struct.pack("!i", step.limit))
        self.send(b"S", b"")
        return self.until_ready()


class Mutations:
    def __init__(self, palmetto, directory, seed):
        self.palmetto, self.directory, self.random = palmetto, directory, random.Random(seed)
        self.ran, self.findings, self.last = 0, 0, collections.deque(maxlen=200)
        self.cluster = None
        self.start()

    def start(self):
        self.server = Server(self.palmetto, pathlib.Path(self.directory), "--insecure", "--store=type=mem,size=1GiB")
        self.port = int(self.server.wait().split("/")[2].rsplit(":", 1)[1])
        self.client = None
        admin = Wire(self.port)
        admin.query("CREATE VIRTUAL CLUSTER other; ALTER VIRTUAL CLUSTER other START SERVICE SHARED")
        admin.close()

    def connect(self):
        self.client = Wire(self.port, self.cluster, timeout=60)
        self.client.query("SET statement_timeout = '3s'; SET database = mutated; SET experimental_enable_temp_tables = on")

    def found(self, what, sql, detail):
        self.findings += 1
        before = "".join(f"\n  before: {text[:2000]}" for text in list(self.last)[-6:-1])
        print(f"{what}: {sql[:20000]}\n{detail}{before}", flush=True)

    def run(self, step):
        self.ran += 1
        sql = step if isinstance(step, str) else f"{step.sql} -- {step.values} {step.formats} {step.result_format} {step.limit} {step.types}"
        try:
            if self.client is None:
                self.connect()
            self.last.append(sql)
            began = time.monotonic()
            self.client.run(step)
        except Refused as refusal:
            if refusal.args[0].startswith("XX") and refusal.args[0] not in ("XXUUU", "XXA00"):
                self.found(refusal.args[0], sql, str(refusal.args))
            if refusal.args[0] in ("57P01", "25P03", "25P04", "57P05"):
                self.client = None
        except UnicodeDecodeError as error:
            self.client = None
            self.found("not UTF-8", sql, repr(error))
        except OSError as error:
            self.client = None
            self.lost(sql, error)
        else:
            if time.monotonic() - began > LATE_S:
                self.found("late", sql, f"{time.monotonic() - began:.0f} s")

    def lost(self, sql, error):
        """The server has ended, or does not answer."""
        status = self.server.process.poll()
        if status is None:
            time.sleep(0.5)
            status = self.server.process.poll()
        if status is not None:
            self.found(f"status {status}", sql, self.server.process.communicate()[1][-6000:])
        elif isinstance(error, TimeoutError) and not self.canceled():
            self.found("no answer", sql, str(error))
            self.server.process.kill()
            self.server.process.wait()
        else:
            return
        self.start()
        self.fresh()

    def canceled(self):
        """Whether what takes so long heeds a cancellation: a statement may have reset the timeout."""
        admin = Wire(self.port)
        old = "FROM [SHOW CLUSTER QUERIES] WHERE now() - start > '10s'"
        for cluster in (None, "other"):
            Wire(self.port, cluster).query(f"CANCEL QUERIES (SELECT query_id {old})")
        until = time.monotonic() + LATE_S
        while (left := len(admin.query(f"SELECT query_id {old}"))) and time.monotonic() < until:
            time.sleep(0.2)
        return left == 0

    def fresh(self):
        try:
            self.client = Wire(self.port, self.cluster, timeout=60)
        except Refused as refusal:  # a statement has shut root out
            self.found("no login", "; ".join(self.last), str(refusal))
            self.server.process.kill()
            self.start()
            self.client = Wire(self.port, self.cluster, timeout=60)
        self.client.query("DROP DATABASE IF EXISTS mutated CASCADE")
        self.client.query("CREATE DATABASE mutated")
        self.client = None

    def file(self, path, pool, variants, until):
        self.cluster = "other" if self.random.random() < 0.2 else None
        self.fresh()
        originals = list(statements(path))
        pool = [TOKEN.findall(sql) for sql in originals] * 2 + pool
        for sql in originals:
            if time.monotonic() > until:
                return
            self.run(sql)
            for _ in range(variants):
                changed = variant(self.random, sql, pool)
                if not LEFT_OUT.search(changed):
                    self.run(changed)
            changed = sql if self.random.random() < 0.5 else variant(self.random, sql, pool)
            if not LEFT_OUT.search(changed):
                for step in context(self.random, changed):
                    self.run(step)
            if self.client is not None and re.match(r"\s*(begin|start|savepoint)", sql, re.I):
                self.run("ROLLBACK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("palmetto", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    files = args.files or sorted((HERE.parent / "sql").glob("*.test"))
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        run = Mutations(str(args.palmetto.resolve()), directory, args.seed)
        try:
            until = time.monotonic() + args.seconds
            pool = [TOKEN.findall(sql) for path in files for sql in statements(path)]
            run.random.shuffle(files)
            while time.monotonic() < until:
                for path in files:
                    run.file(path, pool, 2, until)
        finally:
            Server.kill_all()
    print(f"{run.ran} statements")
    print(f"{int(not run.findings)} passed, {run.findings} failed, 0 skipped")
    sys.exit(bool(run.findings))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Statements of tests/sql, changed a little: the server lives on, and no error is internal.

    mutations.py PALMETTO [--seed N] [--seconds N] [FILE ...]

Each statement of a file runs as it is and then in some variants: tokens are left out, doubled, exchanged with one of
another statement, literals become placeholders, NULL, or values at the edge. A finding is printed with the statement that
led to it. Meant for a server with the address sanitizer.
"""

import argparse
import collections
import pathlib
import random
import re
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "overload")]
from harness import Server  # noqa: E402
from overload import Client, Refused  # noqa: E402

STATEMENT = re.compile(r"^(?:\w+)?> (.*?)(?: => .*)?$")
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\d+|\w+(?:\.\d+)?|::|<=|>=|<>|!=|\|\||->>|->|@>|<@|\S")
LITERAL = re.compile(r"^(?:'.*'|\d[\d.]*)$", re.S)
EDGES = ["$1", "$2", "NULL", "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "1e400", "'NaN'", "''", "'x'", "'{}'", "'[]'", "1.5", "true",
         "ARRAY[1]", "ARRAY[]::INT[]", "(1, 2)", "(SELECT 1)", "(SELECT 1, 2)", "now()", "'1 day'::INTERVAL", "'2000-01-01'", "b'\\x00'", "repeat('x', 1000)"]
# What would take the server, its user or the other cluster away, or wait.
LEFT_OUT = re.compile(r"sleep|cancel|terminate|shutdown|pause|drop\s+(user|role|database|virtual|owned)|nologin|alter\s+(user|role)|virtual\s+cluster|"
                      r"crdb_internal\.force|backup|restore|revoke|reassign|grant|copy.*stdin|lock|cluster\s+setting|default_transaction|^\s*set\s+database|^\s*use\b", re.I)


def statements(path):
    """Statements of one line, without what a test expects of them."""
    for line in path.read_text().splitlines():
        match = STATEMENT.match(line)
        if match and not LEFT_OUT.search(match.group(1)):
            yield match.group(1)


def variant(random_, sql, pool):
    tokens = TOKEN.findall(sql)
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        at = random_.randrange(len(tokens))
        literals = [i for i, token in enumerate(tokens) if LITERAL.match(token)]
        kind = random_.randrange(10)
        if kind < 5 and literals:
            tokens[random_.choice(literals)] = random_.choice(EDGES)
        elif kind < 6:
            del tokens[at]
        elif kind < 7:
            tokens.insert(at, tokens[at])
        elif kind < 8:
            tokens[at] = random_.choice(EDGES)
        else:
            tokens[at] = random_.choice(pool)
        if not tokens:
            return sql
    return " ".join(tokens)


class Mutations:
    def __init__(self, palmetto, directory, seed):
        self.palmetto, self.directory, self.random = palmetto, directory, random.Random(seed)
        self.ran, self.findings, self.last = 0, [], collections.deque(maxlen=200)
        self.start()

    def start(self):
        self.server = Server(self.palmetto, pathlib.Path(self.directory), "--insecure", "--store=type=mem,size=1GiB")
        self.port = int(self.server.wait().split("/")[2].rsplit(":", 1)[1])
        self.client = None

    def connect(self):
        self.client = Client(self.port, timeout=60)
        self.client.query("SET statement_timeout = '3s'; SET database = mutated; SET experimental_enable_temp_tables = on")

    def run(self, sql):
        self.ran += 1
        try:
            if self.client is None:
                self.connect()
            self.last.append(sql)
            self.client.query(sql)
        except Refused as refusal:
            if refusal.args[0].startswith("XX") and refusal.args[0] not in ("XXUUU", "XXA00"):
                self.findings.append((refusal.args[0], sql, str(refusal.args)))
        except OSError as error:
            self.client = None
            status = self.server.process.poll()
            if status is None:
                time.sleep(0.5)
                status = self.server.process.poll()
            if status is not None:
                self.findings.append((f"status {status}", sql, self.server.process.communicate()[1][-3000:]))
                self.start()
                self.fresh()
            elif isinstance(error, TimeoutError):
                self.findings.append(("no answer", sql, str(error)))

    def fresh(self):
        try:
            self.client = Client(self.port, timeout=60)
        except Refused as refusal:  # a statement has shut root out
            self.findings.append(("no login", "; ".join(self.last), str(refusal)))
            self.server.process.kill()
            self.start()
            self.client = Client(self.port, timeout=60)
        self.client.query("DROP DATABASE IF EXISTS mutated CASCADE")
        self.client.query("CREATE DATABASE mutated")
        self.client = None

    def file(self, path, variants, until):
        self.fresh()
        originals = list(statements(path))
        pool = [token for sql in originals for token in TOKEN.findall(sql)]
        for sql in originals:
            if time.monotonic() > until:
                return
            self.run(sql)
            for _ in range(variants):
                changed = variant(self.random, sql, pool)
                if not LEFT_OUT.search(changed):
                    self.run(changed)
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
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory() as directory:
        run = Mutations(str(args.palmetto.resolve()), directory, args.seed)
        try:
            until = time.monotonic() + args.seconds
            run.random.shuffle(files)
            while time.monotonic() < until:
                for path in files:
                    run.file(path, 3, until)
        finally:
            Server.kill_all()
    for what, sql, detail in run.findings:
        print(f"{what}: {sql}\n{detail}")
    print(f"{run.ran} statements")
    print(f"{int(not run.findings)} passed, {len(run.findings)} failed, 0 skipped")
    sys.exit(bool(run.findings))


if __name__ == "__main__":
    main()

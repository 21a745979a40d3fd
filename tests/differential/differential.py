#!/usr/bin/env python3
"""The same random schemas, rows and statements against Palmetto and PostgreSQL.

    differential.py PALMETTO [--seed N] [--rounds N] [--seconds S] [--verbose]

Each round is a seed of its own: a schema, rows, a hundred statements. A round is replayed by `--seed` with its number and
`--rounds 1`. A statement with a difference is made smaller as long as it differs, and printed.
"""

import argparse
import collections
import os
import pathlib
import re
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from compare import difference  # noqa: E402
from differences import by_design  # noqa: E402
from generate import Generator  # noqa: E402
from nodes import Node, reduce  # noqa: E402
from systems import PALMETTO, POSTGRES, Palmetto, Postgres, postgres_session  # noqa: E402

STATEMENTS = 100
NULL = re.compile(r"\bNULL::(\w+(?:\[\])?)")


class Pair:
    """A session of each system, in a database of the round. `aside`: another of PostgreSQL, for questions about a difference."""

    def __init__(self, palmetto, postgres, aside):
        self.sessions, self.aside = [palmetto, postgres], aside
        aside.must("SET lock_timeout = '1s'")

    def both(self, node):
        """The outcomes of a statement; a text or a pair of texts is one too. None where there is nothing to run."""
        texts = [node.text(PALMETTO), node.text(POSTGRES)] if isinstance(node, Node) else [node, node] if isinstance(node, str) else node
        return [session.run(text) if text else None for session, text in zip(self.sessions, texts)]

    def everywhere(self, sql):
        for session in [*self.sessions, self.aside]:
            session.must(sql)

    def in_schema(self, name):
        """A new schema, of nothing."""
        for sql in (f"DROP SCHEMA IF EXISTS {name} CASCADE", f"CREATE SCHEMA {name}"):
            for session in self.sessions:
                session.must(sql)
        self.everywhere(f"SET search_path = {name}")

    def asked_aside(self, sql):
        """PostgreSQL's outcome of a statement that is undone."""
        self.aside.run("BEGIN")
        outcome = self.aside.run(sql)
        self.aside.run("ROLLBACK")
        return outcome

    def reason(self, what, node, ours, theirs):
        """The reason why this difference is meant to be, or None."""
        texts = [node.text(PALMETTO), node.text(POSTGRES)] if isinstance(node, Node) else [node, node] if isinstance(node, str) else node
        return by_design(what, ours, theirs, texts[PALMETTO], lambda: self.asked_aside("EXPLAIN " + texts[POSTGRES]),
                         lambda: self.asked_aside(NULL.sub(r"(SELECT NULL::\1)", texts[POSTGRES])))


class Round:
    """One seed."""

    def __init__(self, pair, seed, counts, verbose):
        self.pair, self.seed, self.counts, self.verbose = pair, seed, counts, verbose
        self.generator = Generator(seed)
        self.failures = 0
        self.setup = []

    def run(self):
        """Returns the number of differences."""
        self.pair.in_schema("d")
        for statement in self.generator.schema():
            self.setup.append(statement)
            ours, theirs = self.pair.both(statement)
            if ours is not None and theirs is not None:
                self.judge(statement, ours, theirs, True)
            elif ours is not None and ours.error:
                self.report("error", statement, ours, None)
        for _ in range(STATEMENTS):
            self.statement()
        return self.failures

    def statement(self):
        roll = self.generator.random.random()
        if roll < 0.6:
            query = self.generator.query(2, None)
            self.compare(query.node, query.ordered)
        elif roll < 0.8:
            self.compare(self.generator.scalars(), False)
        elif roll < 0.95:
            node, table = self.generator.change()
            self.compare_change(node, table)
        else:
            self.compare_transaction()

    def compare(self, node, ordered):
        ours, theirs = self.pair.both(node)
        if self.verbose:
            print("--", node.text(PALMETTO), "\n=>", ours)
        if theirs.error[:2] in ("42", "0A"):
            # The generator's own mistakes are for its author.
            self.counts[f"not for PostgreSQL: {theirs.message}"] += 1
            return
        self.judge(node, ours, theirs, ordered)

    def judge(self, node, ours, theirs, ordered):
        what = difference(ours, theirs, ordered)
        self.counts["statements"] += 1
        self.counts["errors"] += ours.error != ""
        if what is None:
            return
        if isinstance(node, Node):
            reduce(node, lambda candidate: difference(*self.pair.both(candidate), ordered) == what)
            ours, theirs = self.pair.both(node)
        self.meant_or_reported(what, node, ours, theirs)

    def meant_or_reported(self, what, node, ours, theirs):
        reason = self.pair.reason(what, node, ours, theirs)
        if reason is None:
            self.report(what, node, ours, theirs)
        else:
            self.counts[f"by design: {reason}"] += 1

    def compare_change(self, node, table):
        """A change in a transaction, its rows and what the table holds afterwards; then undone, or kept when it is the same."""
        def outcomes(candidate):
            self.pair.both("BEGIN")
            results = self.pair.both(candidate)
            after = self.pair.both(f"SELECT * FROM {table.name}") if not results[0].error and not results[1].error else results
            return results, after

        def differing(candidate):
            results, after = outcomes(candidate)
            return difference(*results, False) or difference(*after, False), results, after

        def still(candidate):
            found = differing(candidate)[0]
            self.pair.both("ROLLBACK")
            return found == what
        what, results, after = differing(node)
        if self.verbose:
            print("--", node.text(PALMETTO), "\n=>", results[0])
        self.counts["statements"] += 1
        if what is None:
            self.pair.both("ROLLBACK" if self.generator.chance(0.5) else "COMMIT")
            return
        self.pair.both("ROLLBACK")
        reduce(node, still)
        results, after = differing(node)[1:]
        self.pair.both("ROLLBACK")
        self.meant_or_reported(what, node, *(results if difference(*results, False) else after))

    def compare_transaction(self):
        """Several changes with savepoints among them, of which some are undone; what all tables hold in the end."""
        steps = [Node(["BEGIN"])]
        live = 0  # savepoints that can be gone back to
        for _ in range(self.generator.random.randint(2, 6)):
            steps += [Node([f"SAVEPOINT s{live}"]), self.generator.change()[0]]
            live += 1
            if self.generator.chance(0.4):
                live = self.generator.random.randint(1, live)
                steps.append(Node([f"ROLLBACK TO SAVEPOINT s{live - 1}"]))
        steps += [Node([f"SELECT * FROM {table.name}"]) for table in self.generator.tables]
        done = []
        self.counts["transactions"] += 1
        for step in steps:
            ours, theirs = self.pair.both(step)
            done.append(step.text(PALMETTO))
            what = difference(ours, theirs, False)
            if what is not None:
                self.pair.both("ROLLBACK")
                if self.pair.reason(what, step, ours, theirs) is None:
                    self.report(f"{what} in a transaction", "; ".join(done), ours, theirs)
                break
            if ours.error:
                break
        self.pair.both("ROLLBACK")

    def report(self, what, node, ours, theirs):
        self.failures += 1
        print(f"\nDIFFERENCE seed {self.seed}: {what}")
        if isinstance(node, Node):
            print(f"  {node.text(PALMETTO)};")
            if node.text(PALMETTO) != node.text(POSTGRES):
                print(f"  PostgreSQL: {node.text(POSTGRES)};")
            for statement in self.setup:
                text = statement if isinstance(statement, str) else statement[0]
                words = text.split()
                if words[0] == "CREATE" and words[2] in node.text(PALMETTO) or self.verbose:
                    print(f"    {text};")
        else:
            print(f"  {node}")
        print(f"  palmetto: {ours}\n  postgresql: {theirs}", flush=True)


def run(palmetto, postgres, arguments):
    """Returns the counts of rounds and of such with differences."""
    admin = postgres_session(postgres)
    admin.must("CREATE DATABASE d TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
    admin.close()
    postgres.url = postgres.url.replace("/postgres?", "/d?")
    pair = Pair(palmetto.session(), postgres_session(postgres), postgres_session(postgres))
    counts, rounds, failed = collections.Counter(), 0, 0
    deadline = time.monotonic() + arguments.seconds if arguments.seconds else None
    while rounds < arguments.rounds if deadline is None else time.monotonic() < deadline:
        found = Round(pair, arguments.seed + rounds, counts, arguments.verbose).run()
        palmetto.check_alive()
        rounds += 1
        failed += found > 0
    for what, n in sorted(counts.items()):
        print(f"{n:8} {what}")
    return rounds, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("palmetto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    if Postgres.find() is None:
        print("skip: no PostgreSQL server")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as home:
        palmetto = Palmetto(os.path.realpath(arguments.palmetto), directory)
        postgres = Postgres(home)
        try:
            rounds, failed = run(palmetto, postgres, arguments)
        finally:
            postgres.stop()
            status, _, err = palmetto.server.stop() if palmetto.server.process.poll() is None else (1, "", "it ended")
    if status != 0:
        print(f"the server ended with status {status}: {err[-5000:]}")
        failed += 1
    print(f"{rounds - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

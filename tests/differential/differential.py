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
ZONES = ["UTC", "UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]
# Literals that can be parameters: those with a type.
LITERAL = re.compile(r"'((?:[^'\\]|'')*)'::(?!INTERVAL PREC|INTERVAL FOLL)(\w+(?:\[\])?)")
NULL = re.compile(r"\bNULL::(\w+(?:\[\])?)")


class Pair:
    """A session of each system, in a database of the round. `aside`: another of PostgreSQL, for questions about a difference.
    In the dialect of PostgreSQL both get PostgreSQL's text where there is one."""

    def __init__(self, palmetto, postgres, aside):
        self.sessions, self.aside, self.dialect = [palmetto, postgres], aside, "cockroachdb"
        aside.must("SET lock_timeout = '1s'")

    def speak(self, dialect):
        self.dialect = dialect
        self.sessions[PALMETTO].must(f"SET dialect = '{dialect}'; SET null_ordered_last = on")

    def texts(self, node):
        """What each is sent; '' where there is nothing to run."""
        ours, theirs = [node.text(PALMETTO), node.text(POSTGRES)] if isinstance(node, Node) else [node, node] if isinstance(node, str) else node
        return [theirs or ours if self.dialect == "postgresql" else ours, theirs]

    def both(self, node):
        """The outcomes of a statement; a text or a pair of texts is one too. None where there is nothing to run."""
        return [session.run(text) if text else None for session, text in zip(self.sessions, self.texts(node))]

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
        texts = self.texts(node)
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
        self.pair.speak("postgresql" if self.seed % 3 == 0 else "cockroachdb")
        zone = self.generator.pick(ZONES)
        self.setup.append(f"SET TimeZone = '{zone}'")
        self.pair.everywhere(self.setup[0])
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
        if roll < 0.03:
            self.alter()
        elif roll < 0.05:
            self.compare_copy()
        elif roll < 0.07:
            self.compare_sequences()
        elif roll < 0.6:
            query = self.generator.query(2, None)
            self.compare(query.node, query.ordered)
            if roll < 0.12:
                self.compare_parameters(query)
            elif roll < 0.18 and query.ordered:
                self.compare_cursor(query.node)
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
            print("--", self.pair.texts(node)[PALMETTO], "\n=>", ours)
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

    def compare_parameters(self, query):
        """The literals of a query as parameters."""
        texts, values = [], []
        for dialect in (PALMETTO, POSTGRES):
            text_ = self.pair.texts(query.node)[dialect]
            found, numbers = [], {}

            def parameter(match):
                """The same literal is the same parameter: DISTINCT and ORDER BY must see that."""
                if match[0] not in numbers:
                    found.append(match[1].replace("''", "'"))
                    numbers[match[0]] = len(found)
                return f"${numbers[match[0]]}::{match[2]}"
            texts.append(LITERAL.sub(parameter, text_))
            values.append(found)
        outcomes = [session.run_parameters(text, found) for session, text, found in zip(self.pair.sessions, texts, values)]
        self.counts["with parameters"] += 1
        what = difference(*outcomes, query.ordered)
        if outcomes[POSTGRES].error[:2] == "42":  # what stands between two literals can look like one
            return
        if what is not None and self.pair.reason(what, query.node, *outcomes) is None:
            self.report(f"{what} with parameters {values[0]}", texts[0], *outcomes)

    def compare_cursor(self, node):
        """An ordered query through a cursor."""
        self.pair.both("BEGIN")
        self.counts["cursors"] += 1
        steps = [["DECLARE c CURSOR FOR " + text for text in self.pair.texts(node)],
                 *self.generator.random.sample(["FETCH 2 c", "MOVE 1 c", "FETCH c", "FETCH FORWARD 3 c"], 3), "FETCH ALL c", "FETCH 1 c", "CLOSE c"]
        for step in steps:
            outcomes = self.pair.both(step)
            what = difference(*outcomes, True)
            if what is not None:
                self.report(f"{what} of {step} with a cursor", node, *outcomes)
            if what is not None or outcomes[0].error:
                break
        self.pair.both("ROLLBACK")

    def alter(self):
        """A change of a schema that both take or refuse."""
        sql, apply = self.generator.alteration()
        self.pair.both("BEGIN")
        outcomes = self.pair.both(sql)
        self.counts["schema changes"] += 1
        what = difference(*outcomes, False)
        if what is not None and self.pair.reason(what, sql, *outcomes) is None:
            self.report(what, sql, *outcomes)
        if outcomes[0].error or outcomes[1].error:
            self.pair.both("ROLLBACK")
            return
        self.pair.both("COMMIT")
        self.setup.append(sql)
        if apply is not None:
            apply()

    def compare_copy(self):
        """The rows of a table out of one system and into the other."""
        table = self.generator.pick(self.generator.tables)
        binary = [] if any(kind == "moods" for _, kind in table.written) else [" WITH (FORMAT binary)"]  # which names the type of elements by its OID
        options = self.generator.pick(["", " WITH (FORMAT csv)", " WITH (FORMAT csv, HEADER, NULL 'nil')", *binary])
        columns = f"{table.name} ({', '.join(name for name, _ in table.written)})"
        source = self.generator.pick([PALMETTO, POSTGRES])
        self.counts["copies"] += 1
        self.pair.both("BEGIN")
        giver, taker = self.pair.sessions[source], self.pair.sessions[1 - source]
        before = giver.run(f"SELECT * FROM {table.name}")
        data = giver.copy_out(f"COPY {columns} TO STDOUT{options}")
        after = data
        if isinstance(data, bytes):
            if taker.run(f"DELETE FROM {table.name}").error:  # others refer to its rows
                self.pair.both("ROLLBACK")
                return
            after = taker.copy_in(f"COPY {columns} FROM STDIN{options}", data)
            if not after.error:
                after = taker.run(f"SELECT * FROM {table.name}")
        self.pair.both("ROLLBACK")
        if after.error or difference(before, after, False) is not None:
            self.report(f"COPY{options} from system {source} to the other", f"COPY {columns}", *((before, after) if source == PALMETTO else (after, before)))

    def compare_change(self, node, table):
        """A change in a transaction, its rows and what the table holds afterwards; then undone, or kept when it is the same."""
        def outcomes(candidate):
            self.pair.both("BEGIN")
            results = self.pair.both(candidate)
            after = results
            if not results[0].error and not results[1].error:  # what refers to the table can have changed as well
                for name in [table.name] + [other.name for other in self.generator.tables if other is not table]:
                    after = self.pair.both(f"SELECT * FROM {name}")
                    if difference(*after, False):
                        return results, after
                after = self.pair.both("SET CONSTRAINTS ALL IMMEDIATE")  # deferred ones
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
            print("--", self.pair.texts(node)[PALMETTO], "\n=>", results[0])
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
            done.append(self.pair.texts(step)[PALMETTO])
            what = None if theirs.error[:2] == "42" else difference(ours, theirs, False)
            if what is not None:
                self.pair.both("ROLLBACK")
                if self.pair.reason(what, step, ours, theirs) is None:
                    self.report(f"{what} in a transaction", "; ".join(done), ours, theirs)
                break
            if ours.error or theirs.error:
                break
        self.pair.both("ROLLBACK")

    def compare_sequences(self):
        """Sequences with every option and what is done with them."""
        self.counts["sequences"] += 1
        done = []
        for sql in self.generator.sequences():
            outcomes = self.pair.both(sql)
            done.append(sql)
            what = difference(*outcomes, True)
            if what is not None:
                self.meant_or_reported(what, "; ".join(done), *outcomes)
            if what is not None or outcomes[0].error:  # how many values were taken before an error is nobody's promise
                break

    def report(self, what, node, ours, theirs):
        self.failures += 1
        print(f"\nDIFFERENCE seed {self.seed}: {what}")
        if isinstance(node, Node):
            mine, other = self.pair.texts(node)
            print(f"  {mine};")
            if mine != other:
                print(f"  PostgreSQL: {other};")
            for statement in self.setup:
                text = self.pair.texts(statement)[PALMETTO]
                words = text.split()
                if words[0] == "CREATE" and words[2] in mine or self.verbose:
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

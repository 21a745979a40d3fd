#!/usr/bin/env python3
"""Random queries against Palmetto alone, in ways that must agree.

    oracles.py PALMETTO [--seed N] [--rounds N] [--seconds S]

The rows where a condition is true, false and NULL together are all rows (TLP), of aggregates and groups as well; as many rows
pass a condition as it is true for when it is computed for each (NoREC); a query gives the same rows, and a change leaves the
same, with random rules of the optimizer off and costs perturbed, with hardly any work memory, a few rows at a time, all of these
at once, without statistics and with other indexes; a query also prepared, and in binary.
"""

import argparse
import collections
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from compare import same_rows  # noqa: E402
from expressions import ORDERED  # noqa: E402
from generate import Generator  # noqa: E402
from nodes import Node, reduce  # noqa: E402
from systems import BINARY, PALMETTO, Palmetto  # noqa: E402

QUERIES = 60
# Settings under which a query is run again, with those that undo them.
RULES = ("SET testing_optimizer_disable_rule_probability = 0.5; SET testing_optimizer_random_seed = {seed}; SET testing_optimizer_cost_perturbation = 0.9",
         "RESET testing_optimizer_disable_rule_probability; RESET testing_optimizer_random_seed; RESET testing_optimizer_cost_perturbation")
MEMORY = ("SET distsql_workmem = '2KiB'", "RESET distsql_workmem")
ROWS = ("SET testing_scan_rows_max = 2", "RESET testing_scan_rows_max")
MODES = {
    "rules off": RULES,
    "all rules off": ("SET testing_optimizer_disable_rule_probability = 1", "RESET testing_optimizer_disable_rule_probability"),
    "costs perturbed": ("SET testing_optimizer_random_seed = {seed}; SET testing_optimizer_cost_perturbation = 0.99; SET reorder_joins_limit = 8",
                        "RESET testing_optimizer_random_seed; RESET testing_optimizer_cost_perturbation; RESET reorder_joins_limit"),
    "little memory": MEMORY,
    "few rows at a time": ROWS,
    "all at once": tuple("; ".join(parts) for parts in zip(RULES, MEMORY, ROWS)),
}


def text_of(node):
    return node.text(PALMETTO)


class Round:
    """One seed: a schema, rows, queries."""

    def __init__(self, session, seed, counts):
        self.session, self.seed, self.counts = session, seed, counts
        self.generator = Generator(seed)
        self.setup, self.failures = [], 0

    def run(self):
        self.session.must("DROP SCHEMA IF EXISTS d CASCADE; CREATE SCHEMA d; SET search_path = d")
        for statement in self.generator.schema():
            text = statement if isinstance(statement, str) else statement[PALMETTO]
            self.setup.append(text)
            self.session.run(text)
        for i in range(QUERIES):
            oracle = [self.tlp, self.norec, self.modes, self.tlp_groups, self.modes, self.change][i % 6]
            oracle()
        self.other_indexes()
        return self.failures

    def condition(self):
        """Relations, a condition over them, and whether they have a key."""
        generator = self.generator
        relations, scope = generator.from_clause(1, None)
        return relations, generator.expression("bool", scope, 3), scope

    def check(self, name, node, outcomes):
        """outcomes(node) gives two outcomes that must be the same, or None where there is nothing to compare."""
        def differs(candidate):
            pair = outcomes(candidate)
            if pair is None or "57014" in (pair[0].error, pair[1].error):
                return False
            a, b = pair
            return a.error != b.error and not {a.error[:2], b.error[:2]} & {"22", "54", "42", "57"} or not a.error and not b.error and not same_rows(a, b, False)
        self.counts[name] += 1
        if not differs(node):
            return
        reduce(node, differs)
        self.report(name, node, outcomes(node))

    def tlp(self):
        relations, condition, scope = self.condition()
        columns = ", ".join(text for text, _ in scope.columns[:6]) or "1"
        node = Node([relations, " WHERE ", Node(["(", condition, ")"])])

        def outcomes(candidate):
            relation, where = candidate.parts[0], candidate.parts[2]
            whole = f"SELECT {columns} FROM {text_of(relation)}"
            p = text_of(where)
            parts = f"{whole} WHERE {p} UNION ALL {whole} WHERE NOT {p} UNION ALL {whole} WHERE {p} IS NULL"
            return self.session.run(whole), self.session.run(parts)
        self.check("TLP", node, outcomes)

    def norec(self):
        relations, condition, _ = self.condition()
        node = Node([relations, " WHERE ", Node(["(", condition, ")"])])

        def outcomes(candidate):
            relation, p = text_of(candidate.parts[0]), text_of(candidate.parts[2])
            return (self.session.run(f"SELECT count(*) FROM {relation} WHERE {p}"),
                    self.session.run(f"SELECT coalesce(sum(CASE WHEN {p} THEN 1 ELSE 0 END), 0)::INT8 FROM {relation}"))
        self.check("NoREC", node, outcomes)

    def tlp_groups(self):
        """Aggregates that can be put together from those of the three parts; by a group or not."""
        relations, condition, scope = self.condition()
        node = Node([relations, " WHERE ", Node(["(", condition, ")"])])
        ordered = [text for text, kind in scope.columns if kind in ORDERED and kind != "bool"] or ["1"]
        low, high, group = (self.generator.pick(ordered) for _ in range(3))
        items = f"count(*) AS n, min({low}) AS lo, max({high}) AS hi"
        by, of_parts = (f"{group} AS g, ", " GROUP BY g") if self.generator.chance(0.6) else ("", "")

        def outcomes(candidate):
            relation, p = text_of(candidate.parts[0]), text_of(candidate.parts[2])
            grouped = f" GROUP BY {group}" if by else ""
            whole = f"SELECT {by}{items} FROM {relation}{grouped}"
            parts = " UNION ALL ".join(f"SELECT {by}{items} FROM {relation} WHERE {where}{grouped}" for where in (p, f"NOT {p}", f"{p} IS NULL"))
            return (self.session.run(whole),
                    self.session.run(f"SELECT {'g, ' if by else ''}sum(n)::INT8, min(lo), max(hi) FROM ({parts}) AS q{of_parts}"))
        self.check("TLP of aggregates", node, outcomes)

    def mode(self):
        """A name, and what sets and resets it."""
        before, after = MODES[name := self.generator.pick(list(MODES))]
        return name, before.format(seed=self.generator.random.randrange(1, 1 << 30)), after

    def change(self):
        """A change, and what all tables hold after it."""
        node, _ = self.generator.change()
        name, before, after = self.mode()
        tables = " UNION ALL ".join(f"SELECT '{table.name}', t::TEXT FROM {table.name} AS t" for table in self.generator.tables)

        def under(candidate, setting, reset):
            self.session.must(setting)
            self.session.must("BEGIN")
            outcome = self.session.run(text_of(candidate))
            if not outcome.error:
                left = self.session.run(tables)
                outcome.rows, outcome.types = [[b"%d" % len(outcome.rows)], *left.rows], left.types
            self.session.must("ROLLBACK")
            self.session.must(reset)
            return outcome

        def outcomes(candidate):
            return under(candidate, "SET application_name = 'plain'", "RESET application_name"), under(candidate, before, after)
        self.check(f"change, {name}", node, outcomes)

    def modes(self):
        query = self.generator.query(2, None)
        name, before, after = self.mode()

        def changed(candidate):
            plain = self.session.run(text_of(candidate))
            self.session.must(before)
            other = self.session.run(text_of(candidate))
            self.session.must(after)
            return plain, other
        self.check(name, query.node, changed)
        self.check("prepared", query.node, lambda q: self.prepared(text_of(q)))
        self.check("binary", query.node, lambda q: self.binary(text_of(q)))

    def prepared(self, sql):
        plain = self.session.run(sql)
        return None if plain.error else (plain, self.session.run_extended(sql))

    def binary(self, sql):
        """The values in binary, read by the server itself: a table filled from text and from binary parameters."""
        plain = self.session.run(sql)
        if plain.error:
            return None
        binary = self.session.run_extended(sql, BINARY)
        read = binary if binary.error else self.session.read_back(binary)
        return None if read is None else (plain, read)

    def other_indexes(self):
        """The same queries before and after indexes are dropped and others made."""
        queries = [self.generator.query(2, None).node for _ in range(QUERIES // 3)]
        before = [self.session.run(text_of(query)) for query in queries]
        found = self.session.must("SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace "
                                  "WHERE n.nspname = 'd' AND NOT x.indisunique")
        for (name,) in found.rows:
            self.session.run(f"DROP INDEX d.{name.decode()}")
        for table in self.generator.tables:
            for index in self.generator.indexes(table):
                index = index if isinstance(index, str) else index[PALMETTO]
                self.session.run(index)
                self.setup.append(index)
        for table in self.generator.tables:
            if self.generator.chance(0.5):
                self.session.run(f"DELETE FROM system.table_statistics WHERE \"tableID\" = '{table.name}'::REGCLASS::INT8")
        for query, old in zip(queries, before):
            self.counts["other indexes"] += 1
            new = self.session.run(text_of(query))
            if not old.error and not new.error and not same_rows(old, new, False):
                self.report("other indexes", query, (old, new))

    def report(self, name, node, outcomes):
        self.failures += 1
        print(f"\nDIFFERENCE seed {self.seed}: {name}\n  {text_of(node)};")
        for text in self.setup:
            words = text.split()
            if words[0] in ("CREATE", "INSERT") and (words[2] in text_of(node) or words[1] != "TABLE"):
                print(f"    {text[:2000]};")
        print(f"  one way: {outcomes[0]}\n  the other: {outcomes[1]}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("palmetto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    counts, rounds, failed = collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as directory:
        palmetto = Palmetto(os.path.realpath(arguments.palmetto), directory)
        try:
            session = palmetto.session()
            deadline = time.monotonic() + arguments.seconds if arguments.seconds else None
            while rounds < arguments.rounds if deadline is None else time.monotonic() < deadline:
                failed += Round(session, arguments.seed + rounds, counts).run() > 0
                rounds += 1
                palmetto.check_alive()
        finally:
            status, _, err = palmetto.server.stop() if palmetto.server.process.poll() is None else (1, "", "it ended")
    if status != 0:
        print(f"the server ended with status {status}: {err[-5000:]}")
        failed += 1
    for what, n in sorted(counts.items()):
        print(f"{n:8} {what}")
    print(f"{rounds - min(failed, rounds)} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

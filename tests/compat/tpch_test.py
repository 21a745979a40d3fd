#!/usr/bin/env python3
"""The 22 queries of TPC-H (bench/tpch) over little data, compared with what PostgreSQL 15 made of the same data.

    tpch_test.py PALMETTO     ends with `N passed, N failed, N skipped`
    tpch_test.py --write      asks PostgreSQL anew: tpch_results.txt
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BENCH = HERE.parent.parent / "bench"
sys.path[:0] = [str(BENCH), str(BENCH / "tpch")]
import sql  # noqa: E402
import tpch  # noqa: E402

SCALE, SEED, RESULTS = 0.003, 3, HERE / "tpch_results.txt"
QUERIES = sorted((BENCH / "tpch").glob("q*.sql"))


def answer(server, query):
    out = tpch.psql(server, "-At", "-F", "\t", "-P", "null=NULL", "-f", str(query))
    return [line.split("\t") for line in out.splitlines()]


def run(server):
    """A name and its rows, or the error in their place, for every query."""
    with tempfile.TemporaryDirectory(prefix="tpch-") as data:
        os.chmod(data, 0o755)
        tpch.Data(data, SCALE, SEED)
        server.start()
        try:
            tpch.load(server, data)
            for query in QUERIES:
                try:
                    yield query.stem, answer(server, query)
                except subprocess.CalledProcessError as e:
                    yield query.stem, e.stderr.strip()
        finally:
            server.stop()


def write():
    with tempfile.TemporaryDirectory() as home, open(RESULTS, "w") as out:
        os.chmod(home, 0o777)
        for name, rows in run(sql.Postgres(pathlib.Path(home))):
            out.write("".join("\t".join(row) + "\n" for row in [[name], *rows]) + "\n")


def expected():
    blocks = RESULTS.read_text().split("\n\n")
    lines = [block.strip("\n").split("\n") for block in blocks if block.strip()]
    return {block[0]: [line.split("\t") for line in block[1:]] for block in lines}


def test(palmetto):
    wanted, failed = expected(), 0
    with tempfile.TemporaryDirectory() as home:
        for name, rows in run(sql.Palmetto(pathlib.Path(home), palmetto)):
            if isinstance(rows, str) or not tpch.same(rows, wanted[name]):
                failed += 1
                print(f"{name}: {rows}\nexpected: {wanted[name]}")
    print(f"{len(QUERIES) - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(write() if sys.argv[1] == "--write" else test(sys.argv[1]))

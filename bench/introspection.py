#!/usr/bin/env python3
"""How long the queries take by which drivers and ORMs look at a schema, in a database of 1,500 tables.

    introspection.py PALMETTO [TABLES]

bench/introspection/queries.sql has a query a line, as SQLAlchemy, Django, Prisma, knex, psql, JDBC, TypeORM, Sequelize, Hibernate, pgAdmin,
DBeaver, Grafana, Liquibase, ActiveRecord, Drizzle, golang-migrate and Flyway send them, about table t700.
Prints the best and the median of twenty runs of each.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from harness import Server  # noqa: E402

RUNS = 20
TABLE = ("CREATE TABLE t{} (id INT8 PRIMARY KEY DEFAULT unique_rowid(), base_id INT8 REFERENCES base (id),"
         " name VARCHAR(40) NOT NULL DEFAULT 'x', amount DECIMAL(10,2) CHECK (amount > 0), created TIMESTAMPTZ DEFAULT now(),"
         " UNIQUE (name), INDEX (created));")


def psql(url, text):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url], input=text, text=True, check=True,
                          stdout=subprocess.PIPE)
    return done.stdout


def main():
    palmetto, tables = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    with tempfile.TemporaryDirectory() as directory:
        server = Server(palmetto, pathlib.Path(directory), "--insecure", "--store=type=mem,size=1GiB")
        url = server.wait()
        try:
            psql(url, "CREATE TABLE base (id INT8 PRIMARY KEY);" + "".join(TABLE.format(i) for i in range(tables)))
            print(f"{'best ms':>8} {'median ms':>10}  query")
            for query in (ROOT / "bench" / "introspection" / "queries.sql").read_text().splitlines():
                out = psql(url, "\\timing on\n" + f"{query}\n" * (RUNS + 1))
                times = [float(ms) for ms in re.findall(r"^Time: ([\d.]+) ms", out, re.M)][1:]
                print(f"{min(times):8.2f} {statistics.median(times):10.2f}  {query[:90]}")
        finally:
            Server.kill_all()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The 22 queries of TPC-H beside PostgreSQL: same data, same run, results compared, times side by side.

    tpch.py PALMETTO [--scale N] [--seed N] [--only N ...] [--repeat N]

The data is made here from a seed: the benchmark's tables, sizes and relations between columns, with our own texts.
Prints one table; ends with status 1 when a result differs or a query fails. PostgreSQL runs on one core.
"""

import argparse
import csv
import datetime
import decimal
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import sql  # noqa: E402

REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
NATIONS = [("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0), ("FRANCE", 3),
           ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4), ("JAPAN", 2), ("JORDAN", 4),
           ("KENYA", 0), ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1), ("CHINA", 2), ("ROMANIA", 3),
           ("SAUDI ARABIA", 4), ("VIETNAM", 2), ("RUSSIA", 3), ("UNITED KINGDOM", 3), ("UNITED STATES", 1)]
SEGMENTS = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
MODES = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]
INSTRUCTIONS = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]
TYPES = [["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"],
         ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"], ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"]]
CONTAINERS = [["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"]]
COLORS = ["almond", "azure", "beige", "black", "blue", "brown", "coral", "cream", "forest", "green", "grey", "indian",
          "ivory", "lemon", "lime", "maroon", "navy", "olive", "orange", "pink", "plum", "red", "rose", "white"]
WORDS = ["quick", "still", "even", "bold", "final", "special", "pending", "regular", "express", "ironic", "requests",
         "deposits", "packages", "accounts", "ideas", "Customer", "Complaints", "sleep", "nod", "along"]
FIRST = datetime.date(1992, 1, 1)
TABLES = ["region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"]


def money(cents):
    return f"{cents // 100}.{cents % 100:02}"


def words(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def phone(rng, nation):
    return f"{nation + 10}-{rng.randint(100, 999)}-{rng.randint(100, 999)}-{rng.randint(1000, 9999)}"


def retail_cents(part):
    return 90000 + (part // 10) % 20001 + 100 * (part % 1000)


class Data:
    """All rows of one scale and seed, a CSV file per table."""

    def __init__(self, directory, scale, seed):
        self.directory, self.rng = pathlib.Path(directory), random.Random(seed)
        self.suppliers, self.parts = max(int(10000 * scale), 10), max(int(200000 * scale), 50)
        self.customers = max(int(150000 * scale), 50)
        for table, rows in (("region", ([i, r, "none"] for i, r in enumerate(REGIONS))),
                            ("nation", ([i, n, r, "none"] for i, (n, r) in enumerate(NATIONS))),
                            ("supplier", self.supplier()), ("part", self.part()), ("partsupp", self.partsupp()),
                            ("customer", self.customer())):
            self.write(table, rows)
        self.orders_and_lines()

    def write(self, table, rows):
        with open(self.directory / f"{table}.csv", "w", newline="") as f:
            csv.writer(f).writerows(rows)

    def supplier(self):
        for k in range(1, self.suppliers + 1):
            nation = self.rng.randrange(25)
            comment = "Customer slow Complaints" if k % 50 == 7 else words(self.rng, 4)
            yield [k, f"Supplier#{k:09}", words(self.rng, 2), nation, phone(self.rng, nation),
                   money(self.rng.randint(-99999, 999999)) if k % 9 else "-12.50", comment]

    def part(self):
        for k in range(1, self.parts + 1):
            maker = self.rng.randint(1, 5)
            yield [k, " ".join(self.rng.sample(COLORS, 4)), f"Manufacturer#{maker}",
                   f"Brand#{maker}{self.rng.randint(1, 5)}", " ".join(self.rng.choice(t) for t in TYPES),
                   self.rng.randint(1, 50), " ".join(self.rng.choice(c) for c in CONTAINERS),
                   money(retail_cents(k)), words(self.rng, 2)]

    def supplier_of(self, part, i):
        return (part + i * (self.suppliers // 4 + (part - 1) // self.suppliers)) % self.suppliers + 1

    def partsupp(self):
        for k in range(1, self.parts + 1):
            for s in sorted({self.supplier_of(k, i) for i in range(4)}):
                yield [k, s, self.rng.randint(1, 9999), money(self.rng.randint(100, 100000)), words(self.rng, 5)]

    def customer(self):
        for k in range(1, self.customers + 1):
            nation = self.rng.randrange(25)
            yield [k, f"Customer#{k:09}", words(self.rng, 2), nation, phone(self.rng, nation),
                   money(self.rng.randint(0, 999999)), self.rng.choice(SEGMENTS), words(self.rng, 5)]

    def lines(self, order, day):
        for line in range(1, self.rng.randint(1, 7) + 1):
            part, quantity = self.rng.randint(1, self.parts), self.rng.randint(1, 50)
            ship = day + datetime.timedelta(self.rng.randint(1, 121))
            commit = day + datetime.timedelta(self.rng.randint(30, 90))
            receipt = ship + datetime.timedelta(self.rng.randint(1, 30))
            now = datetime.date(1995, 6, 17)
            flag = self.rng.choice("RA") if receipt <= now else "N"
            yield [order, part, self.supplier_of(part, self.rng.randrange(4)), line, quantity,
                   money(quantity * retail_cents(part)), f"0.{self.rng.randint(0, 10):02}",
                   f"0.{self.rng.randint(0, 8):02}", flag, "O" if ship > now else "F", ship, commit, receipt,
                   self.rng.choice(INSTRUCTIONS), self.rng.choice(MODES), words(self.rng, 3)]

    def orders_and_lines(self):
        with open(self.directory / "orders.csv", "w", newline="") as of, \
                open(self.directory / "lineitem.csv", "w", newline="") as lf:
            orders, lines = csv.writer(of), csv.writer(lf)
            for k in range(1, self.customers * 10 + 1):
                customer = self.rng.randint(1, self.customers)
                customer -= customer % 3 == 0 and customer > 1
                day = FIRST + datetime.timedelta(self.rng.randint(0, 2405))
                own = list(self.lines(k, day))
                status = {l[9] for l in own}
                orders.writerow([k, customer, status.pop() if len(status) == 1 else "P",
                                 money(sum(int(l[5].replace(".", "")) for l in own)), day, self.rng.choice(PRIORITIES),
                                 f"Clerk#{self.rng.randint(1, 1000):09}", 0, words(self.rng, 4)])
                lines.writerows(own)


def psql(server, *arguments, **options):
    return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", server.url, *arguments], check=True, text=True,
                          capture_output=True, **options).stdout


def load(server, data):
    psql(server, "-f", str(HERE / "schema.sql"))
    for table in TABLES:
        psql(server, "-c", f"\\copy {table} FROM '{data}/{table}.csv' CSV")
    for table in TABLES:
        psql(server, "-c", f"ANALYZE {table}")


def run(server, query, repeat):
    """Rows, and the best time over a connection of its own."""
    out = psql(server, "-At", "-F", "\t", "-f", str(query))
    best, text = 1e9, query.read_text()
    with sql.Connection(server.url) as c:
        for _ in range(repeat):
            began = time.monotonic()
            c.execute(text)
            best = min(best, time.monotonic() - began)
    return [line.split("\t") for line in out.splitlines()], best


def close(a, b):
    """The same value; averages have different numbers of digits."""
    if a == b:
        return True
    try:
        x, y = decimal.Decimal(a), decimal.Decimal(b)
    except decimal.InvalidOperation:
        return False
    return abs(x - y) <= max(abs(x), abs(y)) * decimal.Decimal("1e-9")


def same(a, b):
    return len(a) == len(b) and all(len(x) == len(y) and all(map(close, x, y)) for x, y in zip(a, b))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("palmetto")
    arguments.add_argument("--scale", type=float, default=0.1)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, nargs="*")
    arguments.add_argument("--repeat", type=int, default=2)
    a = arguments.parse_args()
    directory = tempfile.mkdtemp(prefix="tpch-")
    os.chmod(directory, 0o755)
    bad, slow, servers = 0, 0, []
    try:
        Data(directory, a.scale, a.seed)
        for kind in (lambda d: sql.Palmetto(d, a.palmetto), sql.Postgres):
            home = pathlib.Path(tempfile.mkdtemp(dir=directory))
            os.chmod(home, 0o777)
            server = kind(home)
            servers.append(server)
            server.start()
            load(server, directory)
        print(f"TPC-H, scale {a.scale}, seed {a.seed}: milliseconds, best of {a.repeat}")
        print(f"{'query':>6} {'rows':>6} {'Palmetto':>10} {'PostgreSQL':>10} {'ratio':>7}")
        for query in sorted(HERE.glob("q*.sql")):
            if a.only and int(query.stem[1:]) not in a.only:
                continue
            try:
                theirs, their_time = run(servers[1], query, a.repeat)
                ours, our_time = run(servers[0], query, a.repeat)
            except subprocess.CalledProcessError as e:
                print(f"{query.stem:>6} {e.stderr.strip()}")
                bad += 1
                continue
            note = "" if same(ours, theirs) else "  RESULTS DIFFER"
            bad += note != ""
            slow += our_time > 2 * their_time
            print(f"{query.stem:>6} {len(theirs):6} {our_time * 1e3:10.1f} {their_time * 1e3:10.1f} "
                  f"{their_time / our_time:7.2f}{note}", flush=True)
        print(f"{bad} wrong, {slow} slower than twice PostgreSQL")
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())

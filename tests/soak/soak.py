#!/usr/bin/env python3
"""A mixed load for a long time, and what it does to memory, file size and latency: soak.py PALMETTO [MINUTES [REST]].

One server on a directory of its own. Orders with items are written, changed and deleted at the other end, money is
moved, rows are read by key, by range and grouped, and a queue is filled and emptied: its rows live for a moment, so
that all it ever had lies deleted before its head. What is superseded is kept for five minutes. Once a minute a line says
what every kind of work took and what the server holds; at the end come the slopes over the second half, the queue's
first minute beside its last, and the consistency check. On a machine that has other work the fastest tenth of the
transactions says more than the median. REST is how many milliseconds a client thinks between two transactions (0: the
clients take what they get). What must hold: no error but retries, a clean check, the queue's order, sums that stay.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "overload")]
from harness import Server  # noqa: E402
from overload import Client, Refused  # noqa: E402

ACCOUNTS, PRODUCTS, ORDERS_KEPT, QUEUE_LENGTH = 200, 500, 3000, 100
SCHEMA = f"""
ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 300;
CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL CHECK (balance >= 0));
INSERT INTO accounts SELECT i, 1000 FROM generate_series(1, {ACCOUNTS}) g(i);
CREATE TABLE products (id INT PRIMARY KEY, name STRING, stock INT, INDEX (name));
INSERT INTO products SELECT i, 'product ' || i, 0 FROM generate_series(1, {PRODUCTS}) g(i);
CREATE TABLE orders (client INT, n INT, placed TIMESTAMPTZ DEFAULT now(), note STRING, PRIMARY KEY (client, n), INDEX (placed));
CREATE TABLE items (client INT, n INT, line INT, product INT REFERENCES products, amount INT, PRIMARY KEY (client, n, line),
  INDEX (product), FOREIGN KEY (client, n) REFERENCES orders ON DELETE CASCADE);
CREATE SEQUENCE queue_ids;
CREATE TABLE queue (id INT PRIMARY KEY DEFAULT nextval('queue_ids'), body STRING, INDEX (body));
"""


def value(row):
    """The only column of a row."""
    return row[6:].decode()


class Worker(threading.Thread):
    """One connection that repeats one kind of work and keeps what each took."""

    def __init__(self, soak, kind, work):
        super().__init__(daemon=True)
        self.soak, self.kind, self.work = soak, kind, work
        self.random, self.took, self.lock, self.n = random.Random(f"{kind} {len(soak.workers)}"), [], threading.Lock(), 0
        self.number = len(soak.workers)

    def run(self):
        client = Client(self.soak.port, timeout=120)
        while not self.soak.stopping.is_set():
            began = time.monotonic()
            try:
                self.work(self, client)
            except Refused as refusal:
                if refusal.args[0] == "40001":
                    self.soak.retries += 1
                else:
                    self.soak.errors.append(f"{self.kind}: {refusal}")
                if "BEGIN" in self.work.__doc__:
                    client.query("ROLLBACK")
                continue
            except OSError as error:
                self.soak.errors.append(f"{self.kind}: {error!r}")
                return
            with self.lock:
                self.took.append(time.monotonic() - began)
            if self.soak.rest:
                time.sleep(self.soak.rest)
        client.close()

    def take(self):
        with self.lock:
            took, self.took = self.took, []
        return took


def order(w, client):
    """BEGIN … COMMIT: an order with items, the stock of their products, and the oldest order goes."""
    products = sorted(w.random.sample(range(1, PRODUCTS + 1), 3))
    items = ", ".join(f"({w.number}, {w.n}, {i}, {p}, 1)" for i, p in enumerate(products))
    client.query("BEGIN")
    client.query(f"INSERT INTO orders (client, n, note) VALUES ({w.number}, {w.n}, '{'n' * w.random.randrange(200)}')")
    client.query(f"INSERT INTO items VALUES {items}")
    for product in products:
        client.query(f"UPDATE products SET stock = stock - 1 WHERE id = {product}")
    client.query(f"DELETE FROM orders WHERE client = {w.number} AND n <= {w.n - ORDERS_KEPT}")
    client.query("COMMIT")
    w.n += 1


def transfer(w, client):
    """BEGIN … COMMIT: money moves."""
    source, target = w.random.sample(range(1, ACCOUNTS + 1), 2)
    client.query("BEGIN")
    if value(client.query(f"SELECT balance >= 5 FROM accounts WHERE id = {source} FOR UPDATE")[0]) == "t":
        client.query(f"UPDATE accounts SET balance = balance - 5 WHERE id = {source}")
        client.query(f"UPDATE accounts SET balance = balance + 5 WHERE id = {target}")
    client.query("COMMIT")


def read(w, client):
    """By key, by a range of an index, grouped, the sum that stays."""
    kind = w.random.randrange(8)
    product = w.random.randrange(1, PRODUCTS + 1)
    if kind < 5:
        client.query(f"SELECT stock FROM products WHERE id = {product}")
    elif kind == 5:
        client.query(f"SELECT o.n, o.note FROM items i JOIN orders o USING (client, n) WHERE i.product = {product} LIMIT 20")
    elif kind == 6:
        client.query("SELECT product, sum(amount) FROM items GROUP BY product ORDER BY 2 DESC LIMIT 5")
    else:
        total = value(client.query("SELECT sum(balance) FROM accounts")[0])
        if total != str(ACCOUNTS * 1000):
            w.soak.errors.append(f"all the money is {total}")


def enqueue(w, client):
    """As many as are missing."""
    missing = QUEUE_LENGTH - w.soak.in_queue
    if missing < QUEUE_LENGTH // 4:
        time.sleep(0.005)
        return
    w.soak.in_queue += missing
    client.query(f"INSERT INTO queue (body) SELECT 'task ' || i FROM generate_series(1, {missing}) g(i)")


def dequeue(w, client):
    """The oldest that nobody else has."""
    rows = client.query("DELETE FROM queue WHERE id = (SELECT id FROM queue ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id")
    if not rows:
        time.sleep(0.002)
        return
    taken = int(value(rows[0]))
    if taken <= w.n:
        w.soak.errors.append(f"the queue gave {taken} after {w.n}")
    w.n = taken
    w.soak.dequeued[w.number] += 1
    w.soak.in_queue -= 1  # two may count at once: a few more or less in the queue


def slope(values):
    """Per hour, of values a minute apart (least squares)."""
    n = len(values)
    middle, mean = (n - 1) / 2, sum(values) / max(n, 1)
    below = sum((i - middle) ** 2 for i in range(n))
    return 60 * sum((i - middle) * (v - mean) for i, v in enumerate(values)) / below if below else 0.0


class Soak:
    def __init__(self, palmetto, directory, rest):
        self.palmetto, self.directory, self.rest = palmetto, directory, rest
        self.server = Server(palmetto, directory, "--insecure", "--store=data", "--log-dir=logs", "--cache=64MiB", "--max-sql-memory=256MiB")
        self.port = int(self.server.wait().split("/")[2].rsplit(":", 1)[1])
        self.stopping, self.errors, self.retries, self.in_queue = threading.Event(), [], 0, 0
        self.workers, self.minutes = [], []
        Client(self.port).query(SCHEMA)
        for kind, work in [("order", order)] * 2 + [("transfer", transfer)] + [("read", read)] * 2 + [("enqueue", enqueue)] + [("dequeue", dequeue)] * 2:
            self.workers.append(Worker(self, kind, work))
        self.dequeued = [0] * len(self.workers)

    def resident_mib(self, kind):
        """VmRSS counts the pages of the file that are mapped, RssAnon does not."""
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(status.split(f"{kind}:")[1].split()[0]) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def disk_mib(self):
        return sum(f.stat().st_blocks * 512 for f in (self.directory / "data").rglob("*") if f.is_file()) / 2**20

    def note_minute(self, cpu_before):
        """One line of what the last minute was."""
        minute = {"resident": self.resident_mib("VmRSS"), "own": self.resident_mib("RssAnon"), "disk": self.disk_mib()}
        done = 0
        for kind in ("order", "transfer", "read", "dequeue"):
            took = sorted(t for w in self.workers if w.kind == kind for t in w.take())
            done += len(took)
            minute[kind] = len(took)
            minute[kind + " p10"] = 1000 * took[len(took) // 10] if took else 0.0
            minute[kind + " ms"] = 1000 * took[len(took) // 2] if took else 0.0
            minute[kind + " p99"] = 1000 * took[len(took) * 99 // 100] if took else 0.0
        minute["cpu us"] = 1e6 * (self.cpu_seconds() - cpu_before) / max(done, 1)
        minute["dequeued"] = sum(self.dequeued) - sum(m["dequeued"] for m in self.minutes)
        self.minutes.append(minute)
        print(f"{len(self.minutes):3} min: " + ", ".join(f"{k} {v:.0f}" if v >= 100 else f"{k} {v:.2f}" for k, v in minute.items()) +
              f", load {os.getloadavg()[0]:.1f}", flush=True)

    def run(self, minutes):
        for worker in self.workers:
            worker.start()
        began = time.monotonic()
        for n in range(minutes):
            cpu = self.cpu_seconds()
            self.stopping.wait(max(0, began + 60 * (n + 1) - time.monotonic()))
            self.note_minute(cpu)
            if self.errors:
                break
        self.stopping.set()
        for worker in self.workers:
            worker.join(120)

    def report(self):
        half = self.minutes[len(self.minutes) // 2:]
        print(f"{len(self.minutes)} minutes, {sum(m[k] for m in self.minutes for k in ('order', 'transfer', 'read', 'dequeue'))} transactions, "
              f"{self.retries} retries (40001), {len(self.errors)} errors")
        for key, unit in (("resident", "MiB"), ("own", "MiB"), ("disk", "MiB"), ("order p10", "ms"), ("read p10", "ms"), ("dequeue p10", "ms"), ("cpu us", "us")):
            print(f"  {key}: {half[0][key]:.2f} to {half[-1][key]:.2f} {unit} over the second half, slope {slope([m[key] for m in half]):+.2f} {unit} per hour")
        first, last = self.minutes[0], self.minutes[-1]
        print(f"  queue: {first['dequeued']} taken in the first minute ({first['dequeue p10']:.2f} ms for the fastest tenth), "
              f"{last['dequeued']} in the last ({last['dequeue p10']:.2f} ms)")
        for error in self.errors[:10]:
            print(f"  {error}")


def main():
    palmetto, minutes = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    rest = int(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0
    with tempfile.TemporaryDirectory(prefix="palmetto-soak-") as directory:
        try:
            soak = Soak(palmetto, pathlib.Path(directory), rest)
            soak.run(minutes)
            soak.report()
            status, _, err = soak.server.stop()
            check = subprocess.run([palmetto, "debug", "check", f"{directory}/data"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            failed = sum((bool(soak.errors), status != 0, check.returncode != 0))
            if status != 0 or check.returncode != 0:
                print(err + check.stdout)
        finally:
            Server.kill_all()
    print(f"{3 - failed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

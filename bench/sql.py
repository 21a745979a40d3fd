#!/usr/bin/env python3
"""The server beside PostgreSQL: same machine, same run, same clients, same disk, SERIALIZABLE on both.

    sql.py PALMETTO [--scale N] [--seconds N] [--only NAME ...]

Prints one table. The last column is how many times better Palmetto is; below 1 it is worse. PostgreSQL runs with its
defaults except 256 MB of shared buffers and queries on one core. Clients are pgbench, and libpq called from here.
"""

import argparse
import ctypes
import ctypes.util
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ACCOUNTS_PER_BRANCH, ROWS_PER_INSERT = 100000, 50000

libpq = ctypes.CDLL(ctypes.util.find_library("pq"))
libpq.PQconnectdb.restype = libpq.PQexec.restype = ctypes.c_void_p
libpq.PQerrorMessage.restype = libpq.PQresultErrorMessage.restype = ctypes.c_char_p
for function in ("PQstatus", "PQfinish", "PQerrorMessage", "PQresultStatus", "PQresultErrorMessage", "PQclear"):
    getattr(libpq, function).argtypes = [ctypes.c_void_p]
libpq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
FINE = {0, 1, 2}  # PGRES_EMPTY_QUERY, PGRES_COMMAND_OK, PGRES_TUPLES_OK


class Connection:
    """One connection over libpq."""

    def __init__(self, url):
        self.conn = libpq.PQconnectdb(url.encode())
        if libpq.PQstatus(self.conn) != 0:
            message = libpq.PQerrorMessage(self.conn).decode()
            libpq.PQfinish(self.conn)
            raise RuntimeError(message)

    def execute(self, sql):
        result = libpq.PQexec(self.conn, sql.encode())
        status, message = libpq.PQresultStatus(result), libpq.PQresultErrorMessage(result).decode()
        libpq.PQclear(result)
        if status not in FINE:
            raise RuntimeError(f"{message.strip()}: {sql[:100]}")

    def close(self):
        libpq.PQfinish(self.conn)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def connect_when_ready(url, process):
    """The first connection that is accepted."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            return Connection(url)
        except RuntimeError:
            time.sleep(0.001)
    raise RuntimeError("the server does not answer")


def free_port():
    with socket.socket() as s:
        s.bind(("localhost", 0))
        return s.getsockname()[1]


class Server:
    """A server process on a directory of its own."""

    def __init__(self, directory):
        self.directory, self.port, self.process = pathlib.Path(directory), free_port(), None
        self.cpu_us = None  # per transaction of the last pgbench run

    def start(self):
        """Starts the server; seconds until the answer to its first query."""
        began = time.monotonic()
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with connect_when_ready(self.url, self.process) as c:
            c.execute("SELECT 1")
        return time.monotonic() - began

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT if self.name == "PostgreSQL" else signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def processes(self):
        """The server's processes: fields of /proc/PID/stat behind the name, by number."""
        pids, every = {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                every[int(stat.parent.name)] = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
        new = [self.process.pid]
        while new:
            pids.update((pid, every[pid]) for pid in new if pid in every)
            new = [pid for pid, fields in every.items() if int(fields[1]) in pids and pid not in pids]
        return pids

    def cpu_seconds(self):
        """Of the server's processes and those that have ended."""
        ticks = sum(int(field) for fields in self.processes().values() for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self):
        """Proportional set size of the server's processes."""
        total = 0
        for pid in self.processes():
            match = re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
            total += int(match[1]) * 1024
        return total


class Palmetto(Server):
    name = "Palmetto"

    def __init__(self, directory, binary):
        super().__init__(directory)
        self.binary = os.path.realpath(binary)
        self.url = f"postgresql://root@localhost:{self.port}/defaultdb?sslmode=disable"

    def command(self):
        return [self.binary, "start-single-node", "--insecure", f"--store={self.directory}/data",
                f"--listen-addr=localhost:{self.port}", "--http-addr=localhost:0"]


class Postgres(Server):
    name = "PostgreSQL"
    settings = {"shared_buffers": "256MB", "default_transaction_isolation": "serializable",
                "max_parallel_workers_per_gather": "0", "listen_addresses": "localhost", "max_connections": "100"}

    def __init__(self, directory):
        super().__init__(directory)
        self.bin = self.find_binaries()
        self.as_owner = []
        if os.getuid() == 0:
            self.as_owner = ["runuser", "-u", "postgres", "--"]
            os.chown(self.directory, pwd.getpwnam("postgres").pw_uid, -1)
        self.url = f"postgresql://postgres@localhost:{self.port}/postgres?sslmode=disable"
        subprocess.run([*self.as_owner, f"{self.bin}/initdb", "-D", f"{self.directory}/data", "-U", "postgres", "-A",
                        "trust"], check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def find_binaries():
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not found:
            sys.exit("sql.py: there is no PostgreSQL server")
        return found[-1].parent

    def command(self):
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        return [*self.as_owner, f"{self.bin}/postgres", "-D", f"{self.directory}/data", "-p", str(self.port),
                f"--unix_socket_directories={self.directory}", *options]

    def stop(self):
        # runuser hands signals on, but not the end of the server's processes.
        subprocess.run([*self.as_owner, f"{self.bin}/pg_ctl", "-D", f"{self.directory}/data", "-m", "fast", "-w",
                        "stop"], check=False, stdout=subprocess.DEVNULL)
        if self.process is not None:
            self.process.wait(60)
            self.process = None


def median_ms(count, action):
    times = []
    for i in range(count):
        began = time.monotonic()
        action(i)
        times.append(time.monotonic() - began)
    return statistics.median(times) * 1000


def fill(server, scale):
    """Creates the tables and their rows; rows per second."""
    with Connection(server.url) as c:
        c.execute((HERE / "sql" / "schema.sql").read_text())
        c.execute(f"INSERT INTO branches SELECT i, 0 FROM generate_series(1, {scale}) AS g(i)")
        c.execute(f"INSERT INTO tellers SELECT i, 1 + i % {scale}, 0 FROM generate_series(1, {10 * scale}) AS g(i)")
        began = time.monotonic()
        for first in range(1, ACCOUNTS_PER_BRANCH * scale + 1, ROWS_PER_INSERT):
            branch = (first - 1) // ACCOUNTS_PER_BRANCH + 1
            c.execute(f"INSERT INTO accounts SELECT i, {branch}, 0, repeat('x', 84) "
                      f"FROM generate_series({first}, {first + ROWS_PER_INSERT - 1}) AS g(i)")
        seconds = time.monotonic() - began
        if server.name == "PostgreSQL":
            c.execute("VACUUM ANALYZE")
    return ACCOUNTS_PER_BRANCH * scale / seconds


def pgbench(server, script, protocol, clients, scale, seconds):
    """Transactions per second."""
    command = ["pgbench", "-n", "-f", HERE / "sql" / f"{script}.sql", "-M", protocol, "-c", str(clients), "-j",
               str(min(clients, 2)), "-T", str(seconds), "-D", f"scale={scale}", "--max-tries=1000", server.url]
    cpu, server.cpu_us = server.cpu_seconds(), None
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    match = re.search(r"^tps = ([\d.]+)", run.stdout, re.M)
    done = re.search(r"actually processed: (\d+)", run.stdout)
    if done is not None:
        server.cpu_us = (server.cpu_seconds() - cpu) * 1e6 / max(1, int(done[1]))
    if run.returncode != 0 or match is None:
        raise RuntimeError((run.stderr.strip().splitlines() or ["pgbench failed"])[-1])
    return float(match[1])


def connect_ms(server):
    def connect(_):
        with Connection(server.url) as c:
            c.execute("SELECT 1")
    return median_ms(50, connect)


def query_ms(server, sql, count=7):
    with Connection(server.url) as c:
        return median_ms(count, lambda _: c.execute(sql))


def ddl_ms(server, sql):
    with Connection(server.url) as c:
        return median_ms(50, lambda i: c.execute(sql.format(i)))


def measurements(args):
    """(name, unit, more is better, function of a server)."""
    yield "start to first query", "ms", False, lambda s: s.first_query_s * 1000
    yield "idle memory", "MB", False, lambda s: s.memory_bytes() / 1e6
    yield "connect, SELECT 1", "ms", False, connect_ms
    yield "CREATE TABLE", "ms", False, lambda s: ddl_ms(s, "CREATE TABLE bench_{} (id INT PRIMARY KEY, v TEXT)")
    yield "DROP TABLE", "ms", False, lambda s: ddl_ms(s, "DROP TABLE bench_{}")
    yield "INSERT … SELECT", "rows/s", True, lambda s: fill(s, args.scale)
    for script in ("select", "transfer", "tpcb"):
        for protocol in ("simple", "prepared"):
            for clients in (1, 8, 32):
                yield (f"{script} {protocol}, {clients} clients", "tps", True,
                       lambda s, a=(script, protocol, clients): pgbench(s, *a, args.scale, args.seconds))
                yield (f"{script} {protocol}, {clients}: server's CPU", "us", False, lambda s: s.cpu_us)
    rows = ACCOUNTS_PER_BRANCH * args.scale
    yield f"count(*), {rows} rows", "ms", False, lambda s: query_ms(s, "SELECT count(*) FROM accounts")
    yield (f"GROUP BY, {rows} rows", "ms", False,
           lambda s: query_ms(s, "SELECT branch, count(*), sum(balance) FROM accounts GROUP BY branch"))
    yield (f"top 10 of {rows} rows", "ms", False,
           lambda s: query_ms(s, "SELECT id FROM accounts ORDER BY balance DESC, id DESC LIMIT 10"))


def measure(server, function):
    try:
        return function(server)
    except (RuntimeError, OSError) as error:
        print(f"  {server.name}: {error}", flush=True)
        return None


def line(name, unit, values, more_is_better):
    shown = [f"{v:12.2f}" if v is not None else f"{'failed':>12}" for v in values]
    ratio = ""
    if None not in values and min(values) > 0:
        ratio = f"{values[0] / values[1] if more_is_better else values[1] / values[0]:9.2f}"
    print(f"{name:34} {unit:7}{shown[0]}{shown[1]}{ratio}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("palmetto")
    parser.add_argument("--scale", type=int, default=10, help="hundred thousands of accounts (10)")
    parser.add_argument("--seconds", type=int, default=5, help="of each pgbench run (5)")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names to measure")
    args = parser.parse_args()
    if shutil.which("pgbench") is None:
        sys.exit("sql.py: there is no pgbench")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        for name in ("palmetto", "postgres"):
            os.mkdir(os.path.join(directory, name))
        servers = [Palmetto(os.path.join(directory, "palmetto"), args.palmetto),
                   Postgres(os.path.join(directory, "postgres"))]
        try:
            for server in servers:
                server.first_query_s = server.start()
            time.sleep(2)
            print(f"{'':34} {'':7}{servers[0].name:>12}{servers[1].name:>12}{'ratio':>9}")
            for name, unit, more_is_better, function in measurements(args):
                if not args.only or "INSERT" in name or any(part in name for part in args.only):
                    line(name, unit, [measure(server, function) for server in servers], more_is_better)
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()

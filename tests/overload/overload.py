#!/usr/bin/env python3
"""Asks more of a server than it has, and looks whether it lives: overload.py PALMETTO [CONNECTIONS [STATEMENTS]].

Each scene runs against one server in memory with a bounded SQL memory. Throughout, root asks a question every 100 ms on
a connection of its own: that must always be answered. Prints what memory and waiting times came to; nothing fails by
time. The last line is `N passed, N failed, N skipped`.
"""

import contextlib
import os
import pathlib
import resource
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from harness import Server  # noqa: E402  (the tests of the command line have it)

SQL_MEMORY_MIB = 128
MEMORY_MIB_MAX = 700  # SQL memory, connections, and what a few huge messages may take for a moment
INDENT = " " * 7


class Refused(Exception):
    """What the server said: SQLSTATE and message."""


class Client:
    """The wire protocol by hand, so that nothing polite stands between the test and the server."""

    def __init__(self, port, user="root", timeout=30):
        self.socket = socket.create_connection(("localhost", port), timeout)
        self.buffer = b""
        parameters = b"user\0" + user.encode() + b"\0database\0defaultdb\0\0"
        self.socket.sendall(struct.pack("!ii", len(parameters) + 8, 196608) + parameters)
        self.until_ready()

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def receive(self, n):
        while len(self.buffer) < n:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("the server closed the connection")
            self.buffer += got
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def message(self):
        kind, length = struct.unpack("!ci", self.receive(5))
        return kind, self.receive(length - 4)

    def until_ready(self):
        """Data rows until ReadyForQuery; raises what the server refuses with."""
        rows, refusal = [], None
        while True:
            kind, body = self.message()
            if kind == b"D":
                rows.append(body)
            elif kind == b"E":
                fields = {f[:1]: f[1:].decode() for f in body.split(b"\0") if f}
                refusal = Refused(fields[b"C"], fields[b"M"])
                if fields[b"S"] == "FATAL":
                    raise refusal
            elif kind == b"Z":
                if refusal is not None:
                    raise refusal
                return rows

    def query(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        return self.until_ready()

    def close(self):
        self.socket.close()


class Probe(threading.Thread):
    """Root's question, again and again; each time by a new connection, into the slots that are kept for root."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.asked, self.failures, self.longest, self.stopping = port, 0, [], 0.0, threading.Event()

    def run(self):
        while not self.stopping.wait(0.1):
            began = time.monotonic()
            try:
                client = Client(self.port)
                client.query("SELECT 1")
                client.close()
            except (OSError, Refused) as error:
                self.failures.append(repr(error))
            self.asked += 1
            self.longest = max(self.longest, time.monotonic() - began)


class Bench:
    """One server and the counts."""

    def __init__(self, palmetto, directory, *flags):
        self.server = Server(palmetto, directory, "--insecure", "--store=type=mem,size=1GiB", "--log-dir=logs",
                             f"--max-sql-memory={SQL_MEMORY_MIB}MiB", *flags)
        self.port = int(self.server.wait().split("/")[2].rsplit(":", 1)[1])
        self.passed = self.failed = 0

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def check(self, what, ok, detail=""):
        self.passed += bool(ok)
        self.failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {what}{'' if ok else f': {detail}'}", flush=True)

    def refused(self, what, code, action):
        """The action must be refused with this SQLSTATE."""
        try:
            action()
        except Refused as refusal:
            self.check(what, refusal.args[0] == code, f"refused with {refusal}")
        except OSError as error:
            self.check(what, False, repr(error))
        else:
            self.check(what, False, "not refused")

    def answers(self, what):
        """Somebody new is served."""
        try:
            client = Client(self.port)
            ok = len(client.query("SELECT 1")) == 1
            client.close()
            self.check(what, ok)
        except (OSError, Refused) as error:
            self.check(what, False, repr(error))


def idle_connections(bench, wanted):
    before = bench.memory_mib()
    clients, refusal = [], None
    while len(clients) < wanted and refusal is None:
        try:
            clients.append(Client(bench.port, user="app"))
        except (OSError, Refused) as error:
            refusal = error
    bench.check(f"{wanted} idle connections are held", len(clients) == wanted, f"{len(clients)}, then {refusal!r}")
    grown = bench.memory_mib() - before
    print(f"{INDENT}{grown * 1024 / max(len(clients), 1):.1f} KiB for each, {bench.memory_mib():.0f} MiB in all")
    bench.check("the last one is served", len(clients[-1].query("SELECT 1")) == 1)
    bench.refused("one more is refused", "53300", lambda: [Client(bench.port, user="app") for _ in range(10)])
    for client in clients:
        client.close()


def half_open(bench):
    """Connected, and silent or stuck in the middle of the first message."""
    sockets = [socket.create_connection(("localhost", bench.port)) for _ in range(500)]
    for s in sockets[::2]:
        s.sendall(struct.pack("!ii", 200, 196608) + b"user\0ro")
    bench.answers("500 half-open connections keep nobody out")
    for s in sockets:
        s.close()


def storm(bench):
    def connect_some():
        for _ in range(100):
            with contextlib.suppress(OSError, Refused):
                Client(bench.port, user="app").close()

    threads = [threading.Thread(target=connect_some) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.answers("1,600 connections in a storm keep nobody out")


def slow_readers(bench):
    """Each asks for 100 MB and reads none of it."""
    readers = [Client(bench.port) for _ in range(20)]
    for reader in readers:
        reader.send(b"Q", b"SELECT repeat('x', 1000) FROM generate_series(1, 100000)\0")
    bench.answers("20 readers that do not read keep nobody out")
    bench.check("and take no memory for what they do not read", bench.memory_mib() < MEMORY_MIB_MAX, f"{bench.memory_mib():.0f} MiB")
    for reader in readers:
        reader.close()


def huge_lengths(bench):
    """Lengths of 1 GiB in front of messages that do not come."""
    before = bench.memory_mib()
    for kind in (b"Q", b"P", b"B", b"d", b"p"):
        client = Client(bench.port)
        client.socket.sendall(kind + struct.pack("!i", 1 << 30))
        answer, body = client.message()
        bench.check(f"a length of 1 GiB in {kind.decode()} is refused", answer == b"E" and b"C08P01" in body, body)
        client.close()
    with socket.create_connection(("localhost", bench.port), 30) as s:
        s.sendall(struct.pack("!ii", 1 << 30, 196608))
        bench.check("a startup message of 1 GiB is refused", s.recv(1) in (b"", b"E"))
    bench.check("no memory is taken for any of them", bench.memory_mib() - before < 64, f"{bench.memory_mib() - before:.0f} MiB")


def prepared_statements(bench, wanted):
    """Until memory is used up or the number is reached; other sessions do not notice."""
    client, made, refusal = Client(bench.port), 0, None
    while made < wanted and refusal is None:
        for i in range(made, made + 500):
            client.send(b"P", f"s{i}\0SELECT {i} + $1\0".encode() + struct.pack("!h", 0))
        client.send(b"S", b"")
        try:
            client.until_ready()
            made += 500
        except Refused as error:
            refusal = error
    ok = refusal is None or refusal.args[0] == "53200"
    bench.check(f"{wanted} prepared statements of one session are held or refused", ok, refusal)
    print(f"{INDENT}{made} held, {bench.memory_mib():.0f} MiB in all")
    bench.answers("other sessions do not notice")
    client.close()


def huge_statements(bench):
    client = Client(bench.port)
    deep = "SELECT " + "abs(" * 5000 + "1" + ")" * 5000
    bench.refused("nesting of 5,000 levels is refused", "54001", lambda: client.query(deep))
    numbers = ",".join(map(str, range(100_000)))
    try:
        rows = client.query(f"SELECT count(*) FROM generate_series(1, 10) g WHERE g IN ({numbers})")
        bench.check("an IN list of 100,000 works", rows[0].endswith(b"10"), rows)
    except Refused as refusal:
        bench.check("an IN list of 100,000 works or is refused", refusal.args[0] in ("53200", "54001"), refusal)
    bench.refused("text over 16 MiB is refused", "08P01", lambda: client.query("SELECT '" + "x" * (17 << 20) + "'"))
    bench.refused("a value beyond the memory is refused", "54000",
                  lambda: client.query("SELECT string_agg(repeat('x', 1000000), '') FROM generate_series(1, 1000)"))
    bench.refused("an array beyond the memory is refused", "53200",
                  lambda: client.query("SELECT array_agg(repeat('x', 10000)) FROM generate_series(1, 100000)"))
    bench.check("the session goes on", len(client.query("SELECT 1")) == 1)
    client.close()


def descriptors(palmetto, directory):
    """A server that may open 256 files, and 400 who want to talk to it."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        bench = Bench(palmetto, directory)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    sockets = []
    for _ in range(400):
        with contextlib.suppress(OSError):
            sockets.append(socket.create_connection(("localhost", bench.port), 0.2))
    for s in sockets:
        s.close()
    bench.answers("a server that ran out of file descriptors serves again")
    status = bench.server.stop()[0]
    bench.check("and ends as it should", status == 0, status)
    return bench


def main():
    palmetto = os.path.realpath(sys.argv[1])
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    statements = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < connections + 1000:
        print(f"skip {connections} connections: only {hard} files may be open here")
        connections = hard - 1000
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(palmetto, pathlib.Path(directory))
        Client(bench.port).query("CREATE USER app")
        probe = Probe(bench.port)
        probe.start()
        idle_connections(bench, connections)
        half_open(bench)
        storm(bench)
        slow_readers(bench)
        huge_lengths(bench)
        prepared_statements(bench, statements)
        huge_statements(bench)
        probe.stopping.set()
        probe.join()
        bench.check("root was answered throughout", not probe.failures, probe.failures[:3])
        print(f"{INDENT}{probe.asked} questions, the longest took {probe.longest * 1000:.0f} ms; {bench.memory_mib():.0f} MiB")
        bench.check("memory stays bounded", bench.memory_mib() < MEMORY_MIB_MAX, f"{bench.memory_mib():.0f} MiB")
        status, _, err = bench.server.stop()
        bench.check("the server ends as it should", status == 0, f"{status}: {err}")
    with tempfile.TemporaryDirectory() as directory:
        few = descriptors(palmetto, pathlib.Path(directory))
    passed, failed = bench.passed + few.passed, bench.failed + few.failed
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

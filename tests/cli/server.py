#!/usr/bin/env python3
"""Tests of the verbs that start a server: start-single-node and demo.

    server.py PALMETTO
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

from harness import TIMEOUT_S, Server, environment, wait_for


def run(palmetto, directory, *arguments, text=None):
    done = subprocess.run([palmetto, *arguments], cwd=directory, env=environment(directory), input=text,
                          stdin=subprocess.DEVNULL if text is None else None, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout, done.stderr


def sql(palmetto, directory, url, statement):
    status, out, err = run(palmetto, directory, "sql", "--url", url, "-e", statement)
    assert status == 0, err
    return out


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")


def test_secure_start(palmetto, directory):
    server = Server(palmetto, directory, "--certs-dir=certs")
    url = server.wait()
    assert re.match(r"postgresql://root@localhost:\d+/defaultdb\?sslmode=verify-full&", url), url
    for parameter in ("sslrootcert=", "sslcert=", "sslkey="):
        assert parameter in url, url
    assert sql(palmetto, directory, url, "SELECT 1 AS one") == "one\n1\n"
    psql = subprocess.run(["psql", url, "-Atc", "SELECT 2"], env=environment(directory), stdout=subprocess.PIPE,
                          text=True, timeout=TIMEOUT_S, check=False)
    assert psql.stdout == "2\n", psql
    files = sorted(path.name for path in (directory / "certs").iterdir())
    assert files == ["ca.crt", "ca.key", "client.root.crt", "client.root.key", "node.crt", "node.key"], files
    status, out, _ = server.stop()
    assert status == 0
    assert out.endswith("initiating graceful shutdown of server\nserver drained and shutdown completed\n"), out
    labels = [line.split(":")[0] for line in out.split("\n") if re.match(r"[\w ()\[\]]+: {2,}", line)]
    for label in ("build", "webui", "sql", "sql (JDBC)", "RPC client flags", "logs", "store[0]", "status", "clusterID",
                  "nodeID"):
        assert label in labels, (label, out)
    assert out.startswith("Palmetto node starting at "), out
    assert re.search(r"^status: +initialized new cluster$", out, re.M), out
    assert re.search(r"^sql: +" + re.escape(url) + "$", out, re.M), out


def test_strangers_are_refused(palmetto, directory):
    server = Server(palmetto, directory, "--certs-dir=certs", "--store=type=mem,size=64MiB")
    url = server.wait()
    plain = re.sub(r"\?.*", "?sslmode=disable", url)
    status, _, err = run(palmetto, directory, "sql", "--url", plain, "-e", "SELECT 1")
    assert status == 1 and "node is running secure mode, SSL connection required" in err, err
    other = re.sub(r"\?.*", "?sslmode=require&sslcert=none&sslkey=none", url)
    status, _, err = run(palmetto, directory, "sql", "--url", other, "-e", "SELECT 1")
    assert status == 1, err
    server.stop()


def test_restart_keeps_data(palmetto, directory):
    server = Server(palmetto, directory, "--insecure", "--store=data")
    url = server.wait()
    assert re.fullmatch(r"postgresql://root@localhost:\d+/defaultdb\?sslmode=disable", url), url
    sql(palmetto, directory, url, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    status, out, err = server.stop()
    assert status == 0
    assert err.startswith("*\n* WARNING: ALL SECURITY CONTROLS HAVE BEEN DISABLED!\n*\n"), err
    cluster = re.search(r"^clusterID: +(\S+)$", out, re.M).group(1)
    again = Server(palmetto, directory, "--insecure", "--store=data")
    assert sql(palmetto, directory, again.wait(), "SELECT a FROM t") == "a\n7\n"
    _, out, _ = again.stop()
    assert re.search(r"^status: +restarted pre-existing node$", out, re.M), out
    assert cluster in out


def test_one_process_per_directory(palmetto, directory):
    server = Server(palmetto, directory, "--insecure", "--store=data")
    server.wait()
    status, _, err = run(palmetto, directory, "start-single-node", "--insecure", "--store=data",
                         "--listen-addr=localhost:0", "--http-addr=localhost:0")
    assert status == 1 and "ERROR: " in err and "data" in err, err
    server.stop()


def test_address_in_use(palmetto, directory):
    server = Server(palmetto, directory, "--insecure", "--store=type=mem,size=64MiB")
    port = re.search(r":(\d+)/", server.wait()).group(1)
    status, _, err = run(palmetto, directory, "start-single-node", "--insecure", "--store=type=mem,size=64MiB",
                         f"--listen-addr=localhost:{port}", "--http-addr=localhost:0")
    assert status == 1 and port in err and "address" in err.lower(), err
    server.stop()


def test_every_address_of_localhost(palmetto, directory):
    server = Server(palmetto, directory, "--insecure", "--store=type=mem,size=64MiB")
    port = int(re.search(r":(\d+)/", server.wait()).group(1))
    for *_, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        socket.create_connection(address[:2], 10).close()
    server.stop()


def test_background(palmetto, directory):
    status, out, err = run(palmetto, directory, "start-single-node", "--insecure", "--background", "--pid-file=pid",
                           "--listening-url-file=url", "--listen-addr=localhost:0", "--http-addr=localhost:0",
                           "--store=data")
    assert status == 0, err
    assert "Palmetto node starting at" in out
    pid = int((directory / "pid").read_text())
    try:
        url = (directory / "url").read_text().strip()
        assert sql(palmetto, directory, url, "SELECT 3 AS three") == "three\n3\n"
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not alive(pid))


def test_background_failure(palmetto, directory):
    (directory / "file").write_text("")
    status, _, err = run(palmetto, directory, "start-single-node", "--insecure", "--background", "--store=file/x")
    assert status == 1 and err.count("Failed running") == 1, err


def test_demo_runs_statements(palmetto, directory):
    status, out, err = run(palmetto, directory, "demo", "--empty", "-e", "SELECT 4 AS four")
    assert (status, out) == (0, "four\n4\n"), (out, err)
    status, out, err = run(palmetto, directory, "demo", "--empty", text="SELECT 5 AS five;\n")
    assert (status, out) == (0, "five\n5\n"), (out, err)
    status, out, err = run(palmetto, directory, "demo", "--insecure", "--empty", "-e", "SELECT nope")
    assert status == 1 and "SQLSTATE: 42703" in err, (out, err)


def test_demo_sample_data(palmetto, directory):
    counts = "; ".join(f"SELECT count(*) FROM {table}" for table in (
        "users", "vehicles", "rides", "vehicle_location_histories", "promo_codes", "user_promo_codes"))
    status, out, err = run(palmetto, directory, "demo", "-e", counts)
    assert status == 0, err
    assert out.split()[1::2] == ["50", "15", "500", "1000", "1000", "5"], out


def test_demo_waits(palmetto, directory):
    process = subprocess.Popen([palmetto, "demo", "--empty", "--listening-url-file=url"], cwd=directory,
                               env=environment(directory), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        wait_for((directory / "url").exists)
        url = (directory / "url").read_text().strip()
        assert re.match(r"postgresql://demo:\w+@127.0.0.1:\d+/defaultdb\?sslmode=", url), url
        assert sql(palmetto, directory, url, "SELECT 6 AS six") == "six\n6\n"
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert out.startswith("#\n# Welcome to the Palmetto demo database!\n"), out
    assert f"(sql)      {url}" in out, out


def main():
    palmetto = os.path.realpath(sys.argv[1])
    passed = failed = 0
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_") and wanted in n]:
        with tempfile.TemporaryDirectory() as directory:
            try:
                test(palmetto, pathlib.Path(directory))
                passed += 1
            except (AssertionError, OSError, subprocess.TimeoutExpired, AttributeError) as error:
                failed += 1
                print(f"FAIL {name}: {error}")
            Server.kill_all()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""pgbench and sysbench, unmodified, against a server: every step, script and protocol runs without a failed transaction.

    benchmarks_test.py URL

They show that the programs work, not how fast. What is not installed is skipped.
"""

import re
import shutil
import subprocess
import sys
import urllib.parse

SYSBENCH = ["oltp_read_only", "oltp_read_write", "oltp_write_only", "oltp_point_select", "oltp_insert", "oltp_delete",
            "oltp_update_index", "oltp_update_non_index", "select_random_points", "select_random_ranges", "bulk_insert"]


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def pgbench(url):
    run(["pgbench", "-i", "-I", "dtgvp", "-q", url])
    yield "initialization"
    run(["pgbench", "-i", "-I", "f", "-q", url])
    yield "foreign keys"
    for protocol in ("simple", "extended", "prepared"):
        for script in ("tpcb-like", "simple-update", "select-only"):
            out = run(["pgbench", "-M", protocol, "-b", script, "-c", "4", "-t", "10", "--max-tries=100", url])
            assert "processed: 40/40" in out and "failed transactions: 0 " in out, out
            yield f"{script}, {protocol}"


def sysbench(url):
    parts = urllib.parse.urlsplit(url)
    run(["psql", "-X", "-q", url, "-c", "CREATE DATABASE sbtest; CREATE USER sbtest WITH PASSWORD 'secret';"
         "GRANT ALL ON DATABASE sbtest TO sbtest", "-c", "ALTER DATABASE sbtest OWNER TO sbtest"])
    options = ["--db-driver=pgsql", f"--pgsql-host={parts.hostname}", f"--pgsql-port={parts.port}", "--pgsql-user=sbtest",
               "--pgsql-password=secret", "--pgsql-db=sbtest", "--table-size=500", "--threads=2", "--events=40", "--time=0"]
    for script in SYSBENCH:
        run(["sysbench", script, *options, "prepare"])
        out = run(["sysbench", script, *options, "run"])
        assert re.search(r"transactions: +[1-9]", out) and "FATAL" not in out, out
        run(["sysbench", script, *options, "cleanup"])
        yield script


def main():
    url, passed, failed, skipped = sys.argv[1], 0, 0, 0
    for program, steps in (("pgbench", pgbench), ("sysbench", sysbench)):
        if shutil.which(program) is None:
            print(f"skip: no {program}")
            skipped += 1
            continue
        try:
            for _ in steps(url):
                passed += 1
        except AssertionError as error:
            print(f"FAIL {program}: {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

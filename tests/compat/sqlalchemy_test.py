#!/usr/bin/env python3
"""SQLAlchemy's dialect compliance suite and Alembic's, through sqlalchemy-cockroachdb.

    sqlalchemy_test.py PALMETTO PYTHON [--all] [--document]

PYTHON is one that has the packages of sqlalchemy/requirements.txt; skipped without. Only the failures listed in
sqlalchemy/exceptions.txt may happen, and all of them must. Without --all: with psycopg2 alone, and without the variants of
reflecting many tables at once. --document writes the results into docs/COMPATIBILITY.md.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "COMPATIBILITY.md"
sys.path.insert(0, str(HERE.parent / "cli"))
from harness import Server  # noqa: E402

DRIVERS = ["psycopg2", "psycopg", "asyncpg"]
TIMEOUT_S = 1500
Run = collections.namedtuple("Run", "name passed failed skipped failures output")


def exceptions():
    lines = (HERE / "sqlalchemy" / "exceptions.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if not line.startswith("#"))


def run_suite(palmetto, python, driver, file, selection):
    """One file of tests against a server of its own."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(palmetto, pathlib.Path(directory), "--insecure", "--store=type=mem,size=1GiB")
        url = server.wait()
        subprocess.run(["psql", "-X", "-q", url, "-c", "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2"], check=True)
        port = re.search(r":(\d+)/", url).group(1)
        option = "" if driver == "asyncpg" else "?sslmode=disable"
        done = subprocess.run(
            [python, "-m", "pytest", "-q", "--tb=short", "-rfE", "-p", "no:cacheprovider", "-p", "no:warnings", file,
             "--dburi", f"cockroachdb+{driver}://root@localhost:{port}/defaultdb{option}", *selection],
            cwd=HERE / "sqlalchemy", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S,
            check=False)
        server.stop()
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)\b", done.stdout)}
    failures = {match.group(1) for match in re.finditer(r"^(?:FAILED|ERROR) \S+::(\w+)", done.stdout, re.M)}
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    return Run(f"{file}, {driver}", counts.get("passed", 0), failed, counts.get("skipped", 0), failures, done.stdout)


def judge(run, allowed, every):
    """Prints what is wrong; returns whether nothing is."""
    unexpected = run.failures - allowed.keys()
    stale = allowed.keys() - run.failures if every and "suite" in run.name else set()
    print(f"{run.name}: {run.passed} passed, {run.failed} failed as they must, {run.skipped} skipped by the dialect")
    if unexpected or stale or run.passed == 0:
        print(run.output[-20000:])
        print(f"unexpected failures: {sorted(unexpected)}; listed but passing: {sorted(stale)}")
    return not unexpected and not stale and run.passed > 0


def document(runs, allowed):
    text = DOCUMENT.read_text()
    head, rest = text.split("<!-- sqlalchemy_test.py -->\n")[0], text.split("<!-- end -->\n")[1]
    lines = ["| suite, driver | passed | failed | skipped by the dialect's requirements |", "| --- | --- | --- | --- |"]
    lines += [f"| {run.name} | {run.passed} | {run.failed} | {run.skipped} |" for run in runs]
    lines += ["", "| failing test, all its variants counted above | why |", "| --- | --- |"]
    lines += [f"| `{name}` | {reason} |" for name, reason in allowed.items()]
    DOCUMENT.write_text(head + "<!-- sqlalchemy_test.py -->\n" + "\n".join(lines) + "\n<!-- end -->\n" + rest)


def main():
    palmetto, python = os.path.realpath(sys.argv[1]), os.path.abspath(sys.argv[2])
    every = "--all" in sys.argv
    probe = "import alembic, asyncpg, psycopg, psycopg2, pytest, sqlalchemy_cockroachdb"
    if not os.path.exists(python) or subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode:
        print("skip: no Python packages")
        sys.exit(77)
    selection = [] if every else ["-k", "not test_get_multi and not LongNameBlowoutTest"]
    allowed = exceptions()
    try:
        runs = [run_suite(palmetto, python, driver, "test_suite.py", selection)
                for driver in (DRIVERS if every else DRIVERS[:1])]
        runs += [run_suite(palmetto, python, driver, "test_alembic.py", [])
                 for driver in (DRIVERS[:2] if every else DRIVERS[:1])]
    finally:
        Server.kill_all()
    good = [judge(run, allowed, every) for run in runs]
    if "--document" in sys.argv and all(good):
        document(runs, allowed)
    passed = sum(run.passed for run in runs)
    failed = sum(not fine for fine in good)
    print(f"{passed} passed, {failed} failed, {sum(run.skipped for run in runs)} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

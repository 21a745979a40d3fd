#!/usr/bin/env python3
"""Dumps the schema and data of schema.sql and dump.sql with pg_dump, restores them with psql, and dumps again.

    pg_dump_test.py PALMETTO

Into a fresh server the second dump is equal to the first; so it is in the other formats, restored by pg_restore, by several
processes and over what is there, and as INSERT statements. Where PostgreSQL's programs are installed, a dump without owners is
restored into PostgreSQL too, and its rows compared.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from harness import Server, environment  # noqa: E402

ROLES = "CREATE ROLE reader; CREATE USER writer WITH CREATEDB; GRANT reader TO writer"


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          **more)
    if done.returncode != 0 or "ERROR" in done.stderr:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def dump(url, *flags):
    """Without the random token of \\restrict, comments and empty lines."""
    text = run("pg_dump", *flags, url)
    return "\n".join(line for line in text.splitlines() if line and not re.match(r"--|\\(un)?restrict ", line)) + "\n"


def start(palmetto, directory, name):
    (directory / name).mkdir()
    server = Server(palmetto, directory / name, "--insecure", "--store=type=mem,size=1GiB")
    return server, server.wait()


def restore(url, text, directory):
    (directory / "dump.sql").write_text(text)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(directory / "dump.sql"), url)


def rows_of(text):
    """The COPY blocks of a dump."""
    return re.findall(r"^COPY .*?^\\\.$", text, re.M | re.S)


def same(expected, got, what):
    difference = list(difflib.unified_diff(expected.splitlines(), got.splitlines(), "dump", what, lineterm=""))
    assert not difference, "\n".join(difference)


def test_forms(url, text, directory):
    """Into databases of the same server."""
    def database(name):
        run("psql", "-X", "-q", "-c", f"CREATE DATABASE {name}", url)
        return url.replace("/defaultdb", f"/{name}")

    custom, tar, sql = directory / "dump.custom", directory / "dump.tar", directory / "dump.sql"
    run("pg_dump", "-Fc", "-f", str(custom), url)
    run("pg_dump", "-Ft", "-f", str(tar), url)
    again = database("of_custom")
    run("pg_restore", "-d", again, "-j2", str(custom))
    same(text, dump(again), "of the restored, custom format")
    run("pg_restore", "-d", again, "--clean", "--if-exists", str(tar))
    same(text, dump(again), "of what was restored twice")
    again = database("of_parts")
    for flags in (["--schema-only"], ["--data-only", "--inserts", "--rows-per-insert=3"]):
        if flags[0] == "--data-only":
            flags.append("--exclude-table-data=shop.orders")  # rows that refer to later ones
        run("pg_dump", *flags, "-f", str(sql), url)
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(sql), again)
    assert "CREATE TABLE public.people" in dump(again) and "CREATE TABLE shop.orders" in dump(again)
    only = dump(url, "-n", "shop")
    assert "shop.orders" in only and "TABLE public." not in only
    assert "PASSWORD" not in run("pg_dumpall", "--globals-only", "-d", url)


def test_palmetto(palmetto, directory):
    first, url = start(palmetto, directory, "first")
    for file in ("schema.sql", "dump.sql"):
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(HERE / file), url)
    assert "COPY public.indexed (id, k, s, j, a)" in dump(url, "--table=indexed")
    text = dump(url)
    second, again = start(palmetto, directory, "second")
    run("psql", "-X", "-q", "-c", ROLES, again)
    restore(again, text, directory)
    same(text, dump(again), "of the restored")
    assert rows_of(text), "no rows in the dump"
    test_forms(url, text, directory)
    portable = dump(url, "--no-owner", "--no-privileges")
    first.stop()
    second.stop()
    return portable


def as_postgres(command):
    return ["su", "postgres", "-c", " ".join(command)] if os.getuid() == 0 else command


def test_postgres(portable, directory):
    binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        return False
    data, bin_ = directory / "pg", binaries[-1].parent
    data.mkdir()
    if os.getuid() == 0:
        directory.chmod(0o755)
        shutil.chown(data, "postgres")
    run(*as_postgres([f"{bin_}/initdb", "-D", f"{data}/data", "-A", "trust", "-U", "root", "-E", "UTF8", "--locale=C"]))
    run(*as_postgres([f"{bin_}/pg_ctl", "-D", f"{data}/data", "-w", "-l", f"{data}/log", "-o",
                      f"\"-c listen_addresses='' -k {data}\"", "start"]))
    try:
        url = f"host={data} user=root dbname=postgres"
        restore(url, portable, directory)
        assert rows_of(dump(url, "--no-owner")) == rows_of(portable)
    finally:
        run(*as_postgres([f"{bin_}/pg_ctl", "-D", f"{data}/data", "-m", "immediate", "stop"]))
    return True


def main():
    if shutil.which("pg_dump") is None:
        sys.exit(77)
    palmetto, skipped = os.path.realpath(sys.argv[1]), 0
    os.environ.update(environment(pathlib.Path("/nonexistent")))
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        try:
            portable = test_palmetto(palmetto, directory)
            if not test_postgres(portable, directory):
                print("skip: no PostgreSQL server")
                skipped = 1
        finally:
            Server.kill_all()
    print(f"{2 - skipped} passed, 0 failed, {skipped} skipped")


if __name__ == "__main__":
    main()

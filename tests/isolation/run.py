#!/usr/bin/env python3
"""Runs the isolation specifications against Palmetto, and for a report against PostgreSQL as well.

    run.py [--rewrite] [--report FILE] PALMETTO ISOLATION_TEST [FILE.iso ...]

--report puts the table of what both were observed to do into FILE, between its two lines that begin with <!-- isolation.
PostgreSQL's answers are not compared with anything: who of several wakes first is up to chance there.
"""

import argparse
import os
import pathlib
import pwd
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import Server  # noqa: E402

LEVELS = ["read committed", "repeatable read", "serializable"]


class Postgres:
    """A cluster in a directory of its own, reached by a socket there. As root its programs run as the user postgres."""

    def __init__(self, directory):
        self.directory = directory
        self.bin = self.find()
        self.as_owner = []
        if os.getuid() == 0:
            self.as_owner = ["runuser", "-u", "postgres", "--"]
            os.chown(directory, pwd.getpwnam("postgres").pw_uid, -1)
            os.chmod(directory, 0o755)
        self.run("initdb", "-U", "postgres", "-A", "trust")
        self.run("pg_ctl", "-w", "-l", f"{directory}/log", "-o",
                 f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off", "start")
        self.url = f"postgresql:///postgres?host={directory}&user=postgres"

    def run(self, program, *arguments):
        subprocess.run([*self.as_owner, self.bin / program, "-D", f"{self.directory}/data", *arguments], check=True,
                       stdout=subprocess.DEVNULL, cwd=self.directory)

    def stop(self):
        self.run("pg_ctl", "-m", "immediate", "stop")

    @staticmethod
    def find():
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        usable = found and (os.getuid() != 0 or any(user.pw_name == "postgres" for user in pwd.getpwall()))
        return found[-1] if usable and (found[-1] / "initdb").exists() else None


def write_report(path, observed):
    cases, titles, cells = [], {}, {}
    for line in observed.read_text().splitlines():
        name, title, label, level, cell = line.split("\t")
        if name not in titles:
            cases.append(name)
        titles[name] = title
        cells[name, label, level] = cell
    lines = ["| | Palmetto READ COMMITTED | REPEATABLE READ | SERIALIZABLE | PostgreSQL READ COMMITTED | REPEATABLE READ "
             "| SERIALIZABLE |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name in cases:
        row = [cells.get((name, label, level), "") for label in ("palmetto", "postgresql") for level in LEVELS]
        lines.append(f"| {name}: {titles[name]} | " + " | ".join(row) + " |")
    text = path.read_text()
    table = "\n".join(lines)
    text, n = re.subn(r"(<!-- isolation: begin[^\n]*\n).*?(<!-- isolation: end)", lambda m: m[1] + table + "\n" + m[2],
                      text, flags=re.S)
    if n != 1:
        sys.exit(f"{path} has no place for the table")
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("palmetto")
    parser.add_argument("program")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    files = arguments.files or sorted(str(f) for f in HERE.glob("*.iso"))
    counts = [0, 0, 0]

    def run(url, label, table, *options):
        command = [arguments.program, *options, "--table", table, url, label]
        done = subprocess.run([*command, *files], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="" if done.returncode == 0 else "\n")
        found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", done.stdout, re.M)
        for i, n in enumerate(found[-1] if found else (0, len(files), 0)):
            counts[i] += int(n)

    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        observed = directory / "observed"
        server = Server(os.path.realpath(arguments.palmetto), directory, "--certs-dir=certs",
                        "--store=type=mem,size=1GiB", "--log-dir=logs")
        try:
            run(server.wait(), "palmetto", observed, *(["--rewrite"] if arguments.rewrite else []))
        finally:
            status, _, err = server.stop()
        if status != 0:
            print(f"the server ended with status {status}: {err}")
            counts[1] += 1
        if arguments.report is not None:
            if Postgres.find() is None:
                sys.exit("run.py: there is no PostgreSQL server")
            with tempfile.TemporaryDirectory() as home:
                postgres = Postgres(home)
                try:
                    run(postgres.url, "postgresql", observed, "--observe")
                finally:
                    postgres.stop()
            write_report(arguments.report, observed)
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    sys.exit(counts[1] > 0)


if __name__ == "__main__":
    main()

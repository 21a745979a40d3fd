#!/usr/bin/env python3
"""Tests of the command line: transcripts that are run again and compared.

    run.py PALMETTO [--url URL] [--rewrite] [FILE.cli ...]

A transcript consists of commands and what they print, standard error included:

    $ palmetto sql --format=table -e 'SELECT 1 AS one'
      one
    -------
        1
    (1 row)
    $ palmetto sql -e 'SELECT' ; echo "status $?"

A command goes on in lines that start with "> ". Lines that start with "#" before the first command are comments;
"# server" among them says that the transcript needs a server: it finds its URL in PALMETTO_URL. Commands of one file
share a temporary directory, their working directory. --rewrite writes what the commands really print into the files.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT_S = 60


class Case:
    def __init__(self, line):
        self.line = line
        self.command = []
        self.expected = []


def parse(path):
    header, cases = [], []
    for number, text in enumerate(path.read_text().split("\n")[:-1], 1):
        if text.startswith("$ "):
            cases.append(Case(number))
            cases[-1].command.append(text[2:])
        elif text.startswith("> ") and cases and not cases[-1].expected:
            cases[-1].command.append(text[2:])
        elif cases:
            cases[-1].expected.append(text)
        else:
            header.append(text)
    return header, cases


def run_case(case, environment, directory):
    script = "palmetto() { \"$PALMETTO_BINARY\" \"$@\"; }\n" + "\n".join(case.command) + "\n"
    done = subprocess.run(["bash", "-c", script], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
    lines = done.stdout.decode("utf-8", "backslashreplace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def rewrite(path, header, cases, outputs):
    lines = list(header)
    for case, output in zip(cases, outputs):
        lines += ["$ " + case.command[0]] + ["> " + more for more in case.command[1:]] + output
    path.write_text("\n".join(lines) + "\n")


def report(path, case, output):
    print(f"FAIL {path.name}:{case.line}: {case.command[0]}")
    for mark, lines in (("-", case.expected), ("+", output)):
        for line in lines:
            print(f"  {mark} {line}")


def run_file(path, arguments, counts):
    header, cases = parse(path)
    if "# server" in header and not arguments.url:
        counts["skipped"] += len(cases)
        return
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PALMETTO_BINARY": arguments.palmetto,
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    if "# server" in header:
        environment["PALMETTO_URL"] = arguments.url
    outputs = []
    with tempfile.TemporaryDirectory() as directory:
        environment["HOME"] = directory
        for case in cases:
            output = run_case(case, environment, directory)
            outputs.append(output)
            good = output == case.expected
            counts["passed" if good else "failed"] += 1
            if not good and not arguments.rewrite:
                report(path, case, output)
    if arguments.rewrite:
        rewrite(path, header, cases, outputs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("palmetto")
    parser.add_argument("--url")
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_intermixed_args()
    arguments.palmetto = os.path.realpath(arguments.palmetto)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for path in arguments.files or sorted(HERE.glob("*.cli")):
        run_file(path, arguments, counts)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()

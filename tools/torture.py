#!/usr/bin/env python3
"""The long forms of the crash, fault and damage tests, and the table that docs/RELIABILITY.md quotes.

    torture.py [--scale=N] [PART ...]       parts as listed by --list; without names all but the soak
    torture.py soak [MINUTES [REST]]        60 minutes, its clients resting for that many milliseconds between transactions

Works on build/release (./dev torture builds it first). --scale=N makes the counts N times as large, e.g. 0.01 to try it.
Files of the tests go to TMPDIR. Ends with a line per part: what was run, what it said, how long it took.
"""

import os
import re
import subprocess
import sys
import time

TESTS = "build/release/tests"
# What these show counts failed statements too: statistics, sequences, numbers of roles.
SQL_FILES_NOT_REFUSED = {"statement_statistics", "objects", "system_privileges", "user_objects", "virtual"}


def sql_files(left_out=()):
    return sorted(f"tests/sql/{name}" for name in os.listdir("tests/sql") if name.endswith(".test") and name[:-5] not in left_out)


def parts(scale):
    """Name: title, commands, the lines of their output that are kept."""
    def n(count):
        return str(max(1, int(count * scale)))

    sql_test, serializability = f"{TESTS}/sql/sql_test", f"{TESTS}/isolation/serializability_test"
    return {
        "kills": ("kill -9 of servers' engines under SQL load, schema changes, index jobs, two clusters",
                  [[f"{TESTS}/operations/sql_kill_test", "1", n(10000)]], r"kills:|restart:"),
        "job-kills": ("kill -9 of schema changes beside writers", [[f"{TESTS}/operations/online_kill_test", "1", n(1000)]], None),
        "store-kills": ("kill -9 of the store", [[f"{TESTS}/kv/kill_test", "1", n(10000)]], r"acknowledged"),
        "power": ("power failure at every sync of a scripted load and of its recovery, 64 seeds",
                  [[f"{TESTS}/kv/power_test", str(seed)] for seed in range(1, 1 + int(n(64)))], None),
        "io": ("every kind of I/O of a scripted load fails, the first, the second, the third …",
               [[f"{TESTS}/kv/fault_test"], [f"{TESTS}/sql/spill_faults"]], None),
        "sql-io": ("every kind of I/O fails under the SQL corpus, the first, the second, the third …",
                   [[sql_test, f"--fail={max(1, int(1 / scale))}", file] for file in sql_files()], r"faults"),
        "memory": ("charges of memory are refused under the SQL corpus",
                   [[sql_test, f"--refuse={max(1, int(1 / scale))}", file] for file in sql_files(SQL_FILES_NOT_REFUSED)], r"refusals"),
        "rules": ("the SQL corpus with random rules of the optimizer off and costs perturbed",
                  [[sql_test, f"--rules={seed}", *sql_files({"limits"}), "--limits", "tests/sql/limits.test"] for seed in range(1001, 1001 + int(n(100)))],
                  None),
        "damage": ("bits, pages, ends of every file of a small store", [[f"{TESTS}/kv/corruption_test", "41"]], r"trials|refused"),
        "simulation": ("deterministic simulation of the store", [[f"{TESTS}/kv/simulation_test", "1", n(50000)]], r"steps"),
        "sql-simulation": ("deterministic simulation of the SQL engine over it",
                           [[f"{TESTS}/operations/sql_simulation_test", "1", n(20000)]], r"steps"),
        "serializability": ("list appends and a bank, 16 clients",
                            [[serializability, f"--transactions={n(1000000)}", "lists at serializable"], [serializability]], r"transactions"),
        "crashes": ("list appends over sockets while the server is killed and paused, 16 clients",
                    [[f"{TESTS}/isolation/crash_test", "build/release/palmetto", f"--seconds={n(900)}"]], r"transactions:"),
        "backups": ("backups under load, of tables that jobs change, and damaged; indexes beside writers",
                    [[f"{TESTS}/operations/backup_test"], [f"{TESTS}/operations/online_test"],
                     [f"{TESTS}/operations/backup_race_test", "1", n(500)]], r"rounds:"),
    }


def totals(output):
    """The counts of the last line of each program."""
    counts = [int(c) for c in re.findall(r"^(\d+) passed, (\d+) failed, \d+ skipped$", output, re.M)[-1]] if "passed" in output else [0, 1]
    return counts


def add_up(lines):
    """Lines that differ in their numbers alone become one, with the sums (largest of "at most")."""
    if len(lines) < 2 or len({re.sub(r"\d+", "#", line) for line in lines}) > 1:
        return lines[-2:]
    sums = [sum(int(x) for x in column) for column in zip(*(re.findall(r"\d+", line) for line in lines))]
    numbers = iter(sums)
    return [re.sub(r"\d+", lambda _: str(next(numbers)), lines[0])]


def run_part(title, commands, kept):
    began, passed, failed, lines = time.monotonic(), 0, 0, []
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        good, bad = totals(done.stdout)
        passed, failed = passed + good, failed + bad
        if kept is not None:
            lines += [line for line in done.stdout.splitlines() if re.search(kept, line)]
        if bad or done.returncode != 0:
            failed += not bad
            print(f"{' '.join(command)}:\n{done.stdout[-4000:]}", flush=True)
    said = "; ".join([*add_up(lines), f"{passed} passed, {failed} failed"])
    print(f"== {title}\n   {said}", flush=True)
    return failed, said, time.monotonic() - began


def main():
    scale, names = 1.0, []
    for argument in sys.argv[1:]:
        if argument.startswith("--scale="):
            scale = float(argument[8:])
        else:
            names.append(argument)
    if names[:1] == ["soak"]:
        return subprocess.run([sys.executable, "tests/soak/soak.py", "build/release/palmetto", *names[1:]], check=False).returncode
    known = parts(scale)
    if names == ["--list"]:
        print("\n".join(f"{name:16} {title}" for name, (title, _, _) in known.items()) + "\nsoak             a mixed load for an hour")
        return 0
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"torture: no such part: {', '.join(unknown)} (--list)")
    results = {name: run_part(*known[name]) for name in names or known}
    print("\n| part | seen | minutes |\n| --- | --- | --- |")
    for name, (_, said, seconds) in results.items():
        print(f"| {name} | {said} | {seconds / 60:.1f} |")
    return any(failed for failed, _, _ in results.values())


if __name__ == "__main__":
    sys.exit(main())

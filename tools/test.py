#!/usr/bin/env python3
"""Runs every suite and adds up their counts. `test.py [SUITE ...]`; the last line is `N passed, N failed, N skipped`.

A suite is a command that ends with such a line itself, within a time limit; what hangs has failed. The programs that meson
knows as tests are suites too, two at a time. Output is shown of what fails, and kept under
build/test-logs.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
TAIL_LINES = 60

# Options of the sanitizers: the first finding ends the program.
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=0:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
# What runs under the thread sanitizer: the store's, the catalog's and the server's threads; sessions through the
# binary. The others have one thread and run under the address sanitizer.
TSAN_TESTS = ["kv_stress", "kv_conformance", "catalog_threads_test", "load_test", "messages_test", "http_test",
              "advisory locks", "notify", "cli_client", "sql_concurrency"]

Result = collections.namedtuple("Result", "passed failed skipped")


class Suite:
    """A command with a time limit. Without `counts` its status is all it says."""

    def __init__(self, name, command, timeout_s, env=None, cwd=ROOT, counts=True):
        self.name, self.command, self.timeout_s = name, command, timeout_s
        self.env, self.cwd, self.counts = env or {}, cwd, counts

    def run(self):
        """Returns the counts, after showing what failed or was skipped."""
        log = LOGS / (re.sub(r"[^\w.-]+", "_", self.name) + ".log")
        began = time.monotonic()
        status = self.execute(log)
        output = log.read_text(encoding="utf-8", errors="replace")
        result = self.judge(status, output)
        seconds = time.monotonic() - began
        verdict = "FAIL" if result.failed else "skip" if not result.passed else "ok  "
        lines = [f"{verdict} {self.name} ({result.passed} passed, {result.failed} failed, {result.skipped} skipped, "
                 f"{seconds:.1f} s)"]
        if result.failed:
            reason = "timed out" if status is None else f"status {status}"
            lines += [f"  | {line}" for line in output.splitlines()[-TAIL_LINES:]] + [f"  {reason}; {log}"]
        elif result.skipped:
            lines += [f"  | {line}" for line in output.splitlines() if line.lower().startswith("skip")][:10]
        print("\n".join(lines), flush=True)
        return result

    def execute(self, log):
        """Runs the command in a process group of its own; None when it had to be killed."""
        with open(log, "wb") as out:
            process = subprocess.Popen(self.command, cwd=self.cwd, env={**os.environ, **SANITIZER_ENV, **self.env},
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                       start_new_session=True)
            try:
                return process.wait(self.timeout_s)
            except subprocess.TimeoutExpired:
                return None
            finally:
                kill_group(process)

    def judge(self, status, output):
        last = COUNTS.findall(output)
        if status == 77:
            return Result(0, 0, 1)
        if not self.counts or not last:
            return Result(int(status == 0), int(status != 0), 0)
        counts = Result(*map(int, last[-1]))
        if status != 0 and counts.failed == 0:
            return counts._replace(failed=1)
        return counts


def kill_group(process):
    """Ends what is left of a suite, so that nothing outlives it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def build(kind):
    return Suite(f"build {kind}", ["./dev", "build" if kind == "release" else kind], 1800, counts=False)


def meson_suites(kind, names=None, factor=1):
    """The tests that meson knows in build/KIND, with their time limits multiplied."""
    out = subprocess.run(["meson", "introspect", "--tests", f"build/{kind}"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    prefix = no_random_addresses() if kind == "tsan" else []
    for test in json.loads(out):
        if names is not None and test["name"] not in names:
            continue
        yield Suite(f"{kind}: {test['name']}", [*prefix, *test["cmd"]], max(test["timeout"], 30) * factor, test["env"],
                    test["workdir"] or ROOT / "build" / kind)


def no_random_addresses():
    """The thread sanitizer's shadow memory wants the traditional layout of addresses."""
    command = ["setarch", "-R"]
    allowed = shutil.which("setarch") and subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if allowed and allowed.returncode == 0 else []


def run_all(suites):
    """Runs suites two at a time, those with the longest time limits first."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(Suite.run, sorted(suites, key=lambda suite: -suite.timeout_s)))


def group_lint():
    return run_all([Suite("lint", [sys.executable, "tools/lint.py"], 300)])


def built(kind, suites):
    """Builds, then runs what `suites` returns; without the build there is nothing to run."""
    results = run_all([build(kind)])
    return results if results[0].failed else results + run_all(suites())


def group_asan():
    return built("asan", lambda: meson_suites("asan", factor=3))


def contention_suites(kind):
    """Whole servers under load from many connections; what the programs print is checked by themselves."""
    server = [*(no_random_addresses() if kind == "tsan" else []), sys.executable, "tests/cli/with_server.py",
              f"build/{kind}/palmetto"]
    yield Suite(f"{kind}: contended transfers", [*server, "env", "DATABASE_URL={url}",
                                                 f"build/{kind}/examples/example-contended"], 300)
    yield Suite(f"{kind}: workload bank", [*server, f"build/{kind}/palmetto", "workload", "run", "bank", "--init",
                                           "--rows=100", "--duration=5s", "{url}"], 120)


def group_tsan():
    return built("tsan", lambda: [*meson_suites("tsan", TSAN_TESTS, factor=5), *contention_suites("tsan")])


def group_tutorial():
    command = ["tools/tutorial.sh", "build/release/palmetto", "build/release"]
    return built("release", lambda: [Suite("tutorial", command, 600)])


def group_overload():
    command = [sys.executable, "tests/overload/overload.py", "build/release/palmetto"]
    return built("release", lambda: [Suite("overload", command, 300)])


def group_console():
    """The console's types and units, then its whole story in a browser against the release binary."""
    suites = run_all([Suite("console types", ["npm", "--prefix", "console", "run", "--silent", "check"], 120, counts=False),
                      Suite("console units", ["npm", "--prefix", "console", "test", "--silent"], 120)])
    story = ["node", "tests/console/story.mjs", "build/release/palmetto"]
    return suites + built("release", lambda: [Suite("console in a browser", story, 300)])


GROUPS = {"lint": group_lint, "tutorial": group_tutorial, "overload": group_overload, "console": group_console, "asan": group_asan, "tsan": group_tsan}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("group", nargs="*", help=", ".join(GROUPS))
    groups = parser.parse_args().group or list(GROUPS)
    for group in groups:
        if group not in GROUPS:
            parser.error(f"no such suite: {group}; there are {', '.join(GROUPS)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    results = [result for group in groups for result in GROUPS[group]()]
    total = [sum(column) for column in zip(*results)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(total[1] != 0)


if __name__ == "__main__":
    main()

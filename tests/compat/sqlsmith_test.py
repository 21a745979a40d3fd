#!/usr/bin/env python3
"""Random queries of sqlsmith against a server with the schema of schema.sql and sqlsmith.sql: it lives on, and no error is internal.

    sqlsmith_test.py PALMETTO [SECONDS [SEED]]

Half of the time goes to queries over the schema's own tables, half to such over the catalogs too; half of each in either
dialect, and all with random rules of the optimizer off. Prints how many ended how, and how long the server, which is stopped
while a query may run, takes to end.
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

INTERNAL = r"^.*internal error: .*$"  # in the server's log: what ended in XX000
# What sqlsmith prints for each query.
ENDS = {".": "without error", "S": "errors of syntax, names or types", "e": "other errors", "t": "timeouts", "C": "broken connections"}
PARTS = [(dialect, flags) for flags in (["--exclude-catalog"], []) for dialect in ("cockroachdb", "postgresql")]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from harness import Server  # noqa: E402


def smith(url, seed, seconds, settings, *flags):
    """Runs sqlsmith for a while with these settings of its session; returns what it printed."""
    parts = re.match(r"postgresql://(\w+)@([\w.]+):(\d+)/(\w+)", url)
    user, host, port, database = parts.groups()
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    command = ["sqlsmith", "--verbose", f"--seed={seed}", *flags,
               f"--target=host={host} port={port} user={user} dbname={database} sslmode=disable options='{options}'"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, _ = process.communicate()
        return out
    raise AssertionError(f"sqlsmith ended with status {process.returncode}: {out[-3000:]}")


def main():
    palmetto = os.path.realpath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 31)
    if shutil.which("sqlsmith") is None:
        print("skip: no sqlsmith")
        sys.exit(77)
    print(f"seed {seed}")
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        server = Server(palmetto, pathlib.Path(directory), "--insecure", "--store=type=mem,size=1GiB")
        try:
            url = server.wait()
            files = [f"--file={HERE / name}" for name in ("schema.sql", "sqlsmith.sql")]
            subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *files, url], check=True)
            out = ""
            for part, (dialect, flags) in enumerate(PARTS):
                settings = {"dialect": dialect, "testing_optimizer_disable_rule_probability": 0.2, "testing_optimizer_random_seed": seed + part + 1}
                out += smith(url, seed + part, seconds / len(PARTS), settings, *flags)
            began = time.monotonic()
            status, _, err = server.stop(90)  # statements under way are given time to end
            took = time.monotonic() - began
            bad = re.findall(INTERNAL, err, re.M)
            ran = "".join(re.findall(r"^[.SetC]+$", out, re.M))
            print(f"{len(ran)} queries: {', '.join(f'{ran.count(end)} {what}' for end, what in ENDS.items())}; stopped in {took:.1f} s")
            if status != 0 or bad:
                print(f"status {status}: {err[-5000:]}\n" + "\n".join(bad))
                failed = 1
        except (AssertionError, subprocess.CalledProcessError) as error:
            print(f"FAIL {error}: {server.process.poll()}")
            server.process.kill()
            print(server.process.communicate()[1][-8000:])
            failed = 1
        finally:
            Server.kill_all()
    print(f"{1 - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed)


if __name__ == "__main__":
    main()

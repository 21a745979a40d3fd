#!/usr/bin/env python3
"""psql's backslash commands against a server with the schema of schema.sql.

    psql_test.py URL [--rewrite]

What psql/commands.psql prints is in psql/commands.out; the commands of psql/quiet.psql, whose output changes with every
function that is added, only have to succeed.
"""

import difflib
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def psql(url, *arguments):
    done = subprocess.run(["psql", "-X", url, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"})
    return done.stdout


def failures_of_commands(url, rewrite):
    expected = HERE / "psql" / "commands.out"
    got = psql(url, "-a", "-f", str(HERE / "psql" / "commands.psql")).replace(str(HERE) + "/", "")
    if rewrite:
        expected.write_text(got)
    difference = list(difflib.unified_diff(expected.read_text().splitlines(), got.splitlines(), "expected", "got",
                                           lineterm=""))
    print("\n".join(difference))
    return int(bool(difference))


def failures_of_quiet(url):
    failed = 0
    for command in (HERE / "psql" / "quiet.psql").read_text().splitlines():
        output = psql(url, "-c", command)
        if "ERROR" in output or "error:" in output:
            print(f"{command}\n{output}")
            failed += 1
    return failed


def failures_of_password(url):
    """\\password sends a verifier; the password itself never leaves psql."""
    done = subprocess.run(["psql", "-X", url, "-c", "\\password writer"], input="secret\nsecret\n", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                          start_new_session=True)
    print(done.stdout if done.returncode else "", end="")
    return int(done.returncode != 0)


def main():
    if shutil.which("psql") is None:
        sys.exit(77)
    url, rewrite = sys.argv[1], "--rewrite" in sys.argv
    loaded = psql(url, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(HERE / "schema.sql"))
    print(loaded, end="")
    failed = failures_of_commands(url, rewrite) + failures_of_quiet(url) + failures_of_password(url) + bool(loaded)
    checks = len((HERE / "psql" / "quiet.psql").read_text().splitlines()) + 3
    print(f"{checks - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

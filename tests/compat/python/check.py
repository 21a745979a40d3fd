"""What the programs of this folder share."""

import os
import sys
import traceback
import urllib.parse

URL = os.environ["DATABASE_URL"]
parts = urllib.parse.urlsplit(URL)
HOST, PORT, USER, PASSWORD = parts.hostname, parts.port, parts.username, urllib.parse.unquote(parts.password)
DATABASE, OPTIONS = parts.path[1:], dict(urllib.parse.parse_qsl(parts.query))
checks = []


def check(body):
    """Decorates what is to be done, in order, whatever becomes of what came before."""
    checks.append(body)
    return body


def main():
    failed = 0
    for body in checks:
        try:
            body()
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"FAIL {body.__name__}")
            traceback.print_exc()
    print(f"{len(checks) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


def rejection(kind, body):
    """The exception of that kind that the call raises."""
    try:
        body()
    except kind as e:
        return e
    raise AssertionError("no error")

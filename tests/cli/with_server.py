#!/usr/bin/env python3
"""Runs a command against a server of its own.

    with_server.py PALMETTO COMMAND [ARGUMENT ...]

Starts a server in secure mode, in memory. "{url}" in the arguments stands for its URL, which is in PALMETTO_TEST_URL
too. Ends with the command's status, or 1 when the server did not end well.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from harness import Server


def main():
    palmetto = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        server = Server(palmetto, pathlib.Path(directory), "--certs-dir=certs", "--store=type=mem,size=1GiB",
                        "--log-dir=logs")
        url = server.wait()
        command = [argument.replace("{url}", url) for argument in sys.argv[2:]]
        status = subprocess.run(command, env={**os.environ, "PALMETTO_TEST_URL": url}, check=False).returncode
        server_status, _, err = server.stop()
    if server_status != 0:
        print(f"the server ended with status {server_status}: {err}")
    sys.exit(status or server_status != 0)


if __name__ == "__main__":
    main()

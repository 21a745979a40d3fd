#!/usr/bin/env python3
"""Tests of the interactive shell, through a pseudo-terminal.

    interactive.py PALMETTO URL
"""

import os
import pty
import re
import select
import signal
import sys
import tempfile
import termios
import time

TIMEOUT_S = 5
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\x07]")


class Shell:
    """A shell on a pseudo-terminal, driven as a person would."""

    def __init__(self, palmetto, url, home, *flags):
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(palmetto, [palmetto, "sql", "--url", url, *flags], environment)
        self.seen = b""

    def type(self, text, editor=True):
        """Types a text; into the line editor once that is there, unless told otherwise."""
        if editor:
            self.wait_for_editor()
        os.write(self.fd, text.encode())

    def expect(self, text):
        """Waits until the text has been printed; returns everything up to and with it."""
        wanted, deadline = text.encode(), time.monotonic() + TIMEOUT_S
        while wanted not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"expected {text!r}, got {self.seen.decode(errors='replace')!r}")
            self.seen = ESCAPES.sub(b"", self.seen + data)
        end = self.seen.index(wanted) + len(wanted)
        before, self.seen = self.seen[:end], self.seen[end:]
        return before.decode()

    def wait_for_editor(self):
        """Until the line editor reads keys one by one."""
        deadline = time.monotonic() + TIMEOUT_S
        while termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self):
        """Waits for the end of the program; its exit status."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("the shell did not end")

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


PROMPT = "> "


def prompt_of(shell):
    banner = shell.expect("# Enter \\? for a brief introduction.\n#\n")
    prompt = shell.expect(PROMPT)
    return banner, prompt


def test_banner_and_quit(new):
    shell = new()
    banner, prompt = prompt_of(shell)
    assert banner.startswith("#\n# Welcome to the Palmetto SQL shell.\n"), banner
    assert "# Server version: " in banner
    assert re.fullmatch(r"\w+@[^ :]+:\d+/\S+> ", prompt), prompt
    shell.type("\\q\n")
    assert shell.close() == 0


def test_statement_with_time(new):
    shell = new()
    prompt_of(shell)
    shell.type("SELECT 1 AS one;\n")
    output = shell.expect(PROMPT)
    assert "  one\n-------\n    1\n(1 row)\n\nTime: " in output, output
    assert re.search(r"\nTime: \d+ms( total \(execution \d+ms / network \d+ms\))?\n\n", output), output
    shell.type("quit\n")
    assert shell.close() == 0


def test_several_lines(new):
    shell = new()
    _, prompt = prompt_of(shell)
    shell.type("SELECT 'a;\n")
    continuation = shell.expect("-> ")
    assert continuation.split("\n")[-1] == " " * (len(prompt) - 3) + "-> ", continuation
    shell.type("b' AS text\n")
    shell.expect("-> ")
    shell.type(";\n")
    output = shell.expect("Time:")
    assert "  text\n--------\n  a;\n  b\n(1 row)" in output, output
    shell.expect(PROMPT)
    shell.type("exit\n")
    assert shell.close() == 0


def test_errors_do_not_end_it(new):
    shell = new()
    prompt_of(shell)
    shell.type("SELECT * FROM no_such_table;\n")
    shell.expect('ERROR: relation "no_such_table" does not exist\nSQLSTATE: 42P01\n')
    shell.type("SELECT 2 AS two;\n")
    shell.expect("  two\n-------\n    2\n")
    shell.type("\\q\n")
    assert shell.close() == 0


def test_transaction_prompt(new):
    shell = new()
    prompt_of(shell)
    shell.type("BEGIN;\n")
    shell.expect("  OPEN> ")
    shell.type("SELECT * FROM no_such_table;\n")
    shell.expect("/? ERROR> ")
    shell.type("ROLLBACK;\n")
    shell.expect("ROLLBACK\n")
    assert "OPEN" not in shell.expect(PROMPT)
    shell.type("\\q\n")
    assert shell.close() == 0


def test_interrupt_clears_the_line(new):
    shell = new()
    prompt_of(shell)
    shell.type("SELECT 'half\n")
    shell.expect("-> ")
    shell.type("\x03")
    shell.expect("^C")
    shell.expect(PROMPT)
    shell.type("\x03")
    shell.expect("Use \\q or terminate input to exit.")
    shell.expect(PROMPT)
    shell.type("SELECT 3 AS three;\n")
    shell.expect("      3\n(1 row)")
    shell.type("\\q\n")
    assert shell.close() == 0


def test_interrupt_cancels_the_query(new):
    shell = new()
    prompt_of(shell)
    shell.type("SELECT pg_sleep(30);\n")
    time.sleep(0.5)
    shell.type("\x03", editor=False)
    shell.expect("attempting to cancel query...")
    shell.expect("SQLSTATE: 57014")
    shell.expect(PROMPT)
    shell.type("\\q\n")
    assert shell.close() == 0


def test_end_of_input(new):
    shell = new()
    prompt_of(shell)
    shell.type("\x04")
    assert shell.close() == 0


def test_history(new):
    shell = new()
    prompt_of(shell)
    for text in ("SELECT 11 AS eleven;", "SELECT 12 AS twelve;", "SELECT 11 AS eleven;"):
        shell.type(text + "\n")
        shell.expect("Time:")
        shell.expect(PROMPT)
    shell.type("\\q\n")
    assert shell.close() == 0
    again = new()
    prompt_of(again)
    again.type("\\s\n")
    output = again.expect(PROMPT)
    assert output.count("SELECT 11 AS eleven;") == 1, output
    assert output.index("twelve") < output.index("eleven"), output
    again.type("\\q\n")
    assert again.close() == 0


def test_connect_and_info(new):
    shell = new()
    prompt_of(shell)
    shell.type("\\c postgres\n")
    shell.expect("/postgres> ")
    shell.type("\\info\n")
    output = shell.expect('as user "')
    assert "Connection string: postgresql://" in output and 'to database "postgres"' in output, output
    shell.expect(PROMPT)
    shell.type("\\c no_such_host_database - 256.0.0.1\n")
    shell.expect("ERROR: cannot dial server")
    shell.expect("/postgres> ")
    shell.type("\\q\n")
    assert shell.close() == 0


def test_completion(new):
    shell = new()
    prompt_of(shell)
    shell.type("CREATE TABLE completed_relation (a INT);\n")
    shell.expect("Time:")
    shell.expect(PROMPT)
    shell.type("sel\t")
    shell.expect("select")
    shell.type("count(*) from compl\t")
    shell.expect("completed_relation")
    shell.type(";\n")
    shell.expect("      0\n(1 row)")
    shell.expect(PROMPT)
    shell.type("DROP TABLE completed_relation;\n")
    shell.expect("DROP TABLE\n")
    shell.type("\\q\n")
    assert shell.close() == 0


def test_copy(new):
    shell = new()
    prompt_of(shell)
    shell.type("CREATE TABLE c (a INT);\n")
    shell.expect("CREATE TABLE")
    shell.expect(PROMPT)
    shell.type("COPY c FROM STDIN;\n")
    shell.expect(">> ")
    shell.type("5\n")
    shell.expect(">> ")
    shell.type("\\.\n")
    shell.expect("COPY 1\n")
    shell.expect(PROMPT)
    shell.type("DROP TABLE c;\n")
    shell.expect("DROP TABLE")
    shell.type("\\q\n")
    assert shell.close() == 0


class Factory:
    """Starts shells and sees to it that none is left."""

    def __init__(self, palmetto, url, home):
        self.palmetto, self.url, self.home, self.shells = palmetto, url, home, []

    def __call__(self, *flags):
        self.shells.append(Shell(self.palmetto, self.url, self.home, *flags))
        return self.shells[-1]


def main():
    palmetto, url = os.path.realpath(sys.argv[1]), sys.argv[2]
    passed = failed = 0
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_")]:
        with tempfile.TemporaryDirectory() as home:
            new = Factory(palmetto, url, home)
            try:
                test(new)
                passed += 1
            except (AssertionError, OSError) as error:
                failed += 1
                print(f"FAIL {name}: {error}")
            for shell in new.shells:
                shell.kill()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

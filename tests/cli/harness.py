"""Starting servers in tests."""

import os
import subprocess
import time

TIMEOUT_S = 20


class Server:
    """start-single-node in a directory of its own."""

    started = []

    def __init__(self, palmetto, directory, *flags):
        self.palmetto, self.directory = palmetto, directory
        self.url_file = directory / "url"
        self.url_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [palmetto, "start-single-node", "--listen-addr=localhost:0", "--http-addr=localhost:0",
             f"--listening-url-file={self.url_file}", *flags],
            cwd=directory, env=environment(directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        Server.started.append(self)

    def wait(self):
        """Until it accepts clients; returns its URL."""
        wait_for(lambda: self.url_file.exists() or self.process.poll() is not None)
        if not self.url_file.exists():
            raise AssertionError("the server ended: " + "".join(self.process.communicate()))
        return self.url_file.read_text().strip()

    def stop(self, timeout=TIMEOUT_S):
        """SIGTERM; returns exit status, standard output, standard error."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    @classmethod
    def kill_all(cls):
        """Whatever a failed test has left."""
        for server in cls.started:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        cls.started.clear()


def environment(home, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8",
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **more}


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.01)

"""An HTTP client for tests, and the server's table of routes."""

import http.client
import json
import pathlib
import re
import ssl
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from harness import Server  # noqa: E402

PASSWORD = "correct horse"


class Route:
    """One row of routes.def."""

    def __init__(self, method, path, auth):
        self.method, self.path, self.auth = method, path, auth

    def filled(self):
        """The path with something in place of its parameters."""
        return re.sub(r"\{(\w+)\}", lambda m: {"cluster": "system", "database": "defaultdb"}.get(m[1], "nobody"),
                      self.path)


def routes():
    text = (ROOT / "src/server/api/routes.def").read_text()
    rows = re.findall(r'^ROUTE\((\w+), "([^"]+)", (\w+), \w+\)$', text, re.M)
    assert len(rows) == text.count("\nROUTE("), "a row that this does not understand"
    return [Route(*row) for row in rows]


def described():
    """(method, path, auth) of openapi.yaml. Its layout is regular on purpose."""
    found, path, method = set(), None, None
    for line in (ROOT / "console/openapi.yaml").read_text().splitlines():
        if line == "components:":
            break
        if match := re.fullmatch(r"  (/\S*):", line):
            path = match[1]
        elif match := re.fullmatch(r"    (get|post|patch|delete|put):", line):
            method = match[1].upper()
        elif match := re.fullmatch(r"      x-auth: (\w+)", line):
            found.add((method, "/api/v2" + path, match[1].upper()))
    return found


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The SQLSTATE of an error."""
        return self.json["error"]["code"]


class Client:
    """Someone who talks to a server: signed in by a token, by a cookie, or not."""

    def __init__(self, address, directory=None, token=None, cookie=None, csrf=None):
        self.secure, self.host, self.port = address
        self.directory, self.token, self.cookie, self.csrf = directory, token, cookie, csrf

    def connect(self):
        if not self.secure:
            return http.client.HTTPConnection(self.host, self.port, timeout=20)
        context = ssl.create_default_context(cafile=str(self.directory / "certs/ca.crt"))
        return http.client.HTTPSConnection(self.host, self.port, timeout=20, context=context)

    def request(self, method, path, body=None, headers=None, raw=None):
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookie is not None:
            headers.setdefault("Cookie", f"theme=dark; session={self.cookie}")
        if self.csrf is not None:
            headers.setdefault("X-CSRF-Token", self.csrf)
        if body is not None:
            raw = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.connect()
        connection.request(method, path, raw, headers)
        got = connection.getresponse()
        response = Response(got.status, got.headers, got.read())
        connection.close()
        return response

    def api(self, method, path, body=None, want=200, **more):
        """A request below /api/v2 that must have this status."""
        response = self.request(method, "/api/v2" + path, body, **more)
        assert response.status == want, (method, path, response.status, response.body)
        return response.json if response.body and want != 204 else response

    def with_(self, **changes):
        """The same client with other credentials."""
        return Client((self.secure, self.host, self.port), self.directory, **changes)


class Console(Server):
    """A server whose first administrator is `ada`."""

    def __init__(self, palmetto, directory, *flags):
        super().__init__(palmetto, directory, *flags)
        self.url = self.wait()
        self.webui = self.read_banner()
        scheme, self.host, port = re.match(r"(https?)://([^:]+):(\d+)", self.webui).groups()
        self.anyone = Client((scheme == "https", self.host, int(port)), directory)

    def read_banner(self):
        for line in self.process.stdout:
            if line.startswith("webui:"):
                return line.split()[1]
        raise AssertionError("no webui: in the banner")

    def setup_token(self):
        match = re.search(r"#/setup\?token=(\w+)$", self.webui)
        return match[1] if match else None

    def admin(self):
        """Sets the first administrator up; a client with the session's token."""
        login = self.anyone.api("POST", "/setup", {"token": self.setup_token(), "name": "ada", "password": PASSWORD})
        return self.anyone.with_(token=login["session"])

#!/usr/bin/env python3
"""The HTTP API against running servers.

    http_test.py PALMETTO [CASE ...]
"""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

from client import PASSWORD, Client, Console, described, routes
from harness import TIMEOUT_S, Server, environment, wait_for

MEMORY = "--store=type=mem,size=64MiB"


def start(palmetto, directory, *flags):
    console = Console(palmetto, directory, "--insecure", MEMORY, *flags)
    return console, console.admin()


def login(client, name, password, want=200):
    return client.api("POST", "/login", {"username": name, "password": password}, want)


def viewer(admin):
    """An account that is no administrator."""
    admin.api("POST", "/accounts", {"name": "eve", "password": PASSWORD})
    return admin.with_(token=login(admin.with_(), "eve", PASSWORD)["session"])


def run_sql(admin, cluster, *statements, **more):
    return admin.api("POST", f"/clusters/{cluster}/sql",
                     {"statements": [{"sql": text} for text in statements], **more})


def rows(answer, i=-1):
    assert "error" not in answer, answer
    return answer["execution"]["txn_results"][i]["rows"]


def psql(directory, url, statement):
    return subprocess.run(["psql", url, "-XAtc", statement], env=environment(directory), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)


# ---- what holds for every route


def test_description_agrees(palmetto, directory):
    """console/openapi.yaml and the table of routes have the same operations, for the same people."""
    table = {(r.method, r.path, r.auth) for r in routes() if r.path.startswith("/api/v2/")}
    table -= {("GET", "/api/v2/health", "NONE")}
    assert table == described(), table ^ described()


def test_every_route_asks_who(palmetto, directory):
    console, admin = start(palmetto, directory)
    cookie = login(console.anyone, "ada", PASSWORD)
    eve = viewer(admin)
    for route in routes():
        path, method = route.filled(), route.method
        body = None if method == "GET" else {}
        if route.auth in ("NONE", "OPTIONAL"):
            assert console.anyone.request(method, path, body).status not in (401, 403) or "setup" in path, path
            continue
        assert console.anyone.request(method, path, body).status == 401, path
        for token in ("nonsense", "", "pal_nonsense", cookie["csrf_token"]):
            assert console.anyone.with_(token=token).request(method, path, body).status == 401, (path, token)
            assert console.anyone.with_(cookie=token).request(method, path, body).status == 401, (path, token)
        if method != "GET":
            for csrf in (None, "", "wrong", cookie["session"]):
                mallory = console.anyone.with_(cookie=cookie["session"], csrf=csrf)
                assert mallory.request(method, path, body).status == 403, (path, csrf)
        if route.auth == "ADMIN":
            response = eve.request(method, path, body)
            assert (response.status, response.code) == (403, "42501"), (path, response.status)
        elif method == "GET":
            response = eve.request(method, path)
            assert response.status != 401 and b"only administrators" not in response.body, path
    console.stop()


def test_every_response_is_guarded(palmetto, directory):
    """No response can be taken for a page by a browser, be framed or cached; unknown methods are refused."""
    console, admin = start(palmetto, directory)
    allowed = {"application/json", "text/plain; version=0.0.4", "text/plain; charset=utf-8", "application/x-pem-file",
               "application/yaml", None}
    for route in routes():
        for client in (console.anyone, admin):
            if client is admin and route.method != "GET":
                continue
            response = client.request(route.method, route.filled())
            assert response.headers["X-Content-Type-Options"] == "nosniff", route.path
            assert response.headers["X-Frame-Options"] == "DENY", route.path
            assert "default-src 'none'" in response.headers["Content-Security-Policy"], route.path
            assert response.headers["Cache-Control"] == "no-store", route.path
            assert response.headers["Content-Type"] in allowed, (route.path, response.headers["Content-Type"])
        assert admin.request("PUT", route.filled()).status == 405, route.path
        assert admin.request("TRACE", route.filled()).status == 405, route.path
    console.stop()


def test_every_body_is_checked(palmetto, directory):
    console, admin = start(palmetto, directory)
    json_type = {"Content-Type": "application/json"}
    deep = b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"
    for route in routes():
        if route.method == "GET" or route.path.endswith(("/logout", "/reset", "/snapshot")):
            continue
        path, method = route.filled(), route.method
        assert admin.request(method, path, raw=b"{}", headers={"Content-Type": "text/plain"}).status == 415, path
        assert admin.request(method, path, raw=b"a=b", headers={"Content-Type": "multipart/form-data"}).status == 415
        for bad in (b"{", b"[]", b'"x"', b"\xff{}", b'{"a":"\xff"}', deep, b"{} {}", b"nul"):
            response = admin.request(method, path, raw=bad, headers=json_type)
            assert response.status == 400, (path, bad[:20], response.status, response.body)
    console.stop()


# ---- signing in


def test_setup(palmetto, directory):
    console = Console(palmetto, directory, "--insecure", MEMORY)
    anyone, token = console.anyone, console.setup_token()
    assert token is not None and len(token) >= 40
    assert anyone.api("GET", "/setup")["needed"] is True
    good = {"token": token, "name": "ada", "password": PASSWORD}
    anyone.api("POST", "/setup", {**good, "token": token[:-1] + "!"}, 403)
    anyone.api("POST", "/setup", {**good, "password": "short"}, 400)
    anyone.api("POST", "/setup", {**good, "name": "no good"}, 400)
    anyone.api("POST", "/setup", {"token": token}, 400)
    made = anyone.api("POST", "/setup", good)
    assert made["user"] == {"name": "ada", "admin": True}
    assert anyone.api("GET", "/setup")["needed"] is False
    anyone.api("POST", "/setup", {**good, "name": "bob"}, 409)
    console.stop()


def test_sign_in(palmetto, directory):
    console, admin = start(palmetto, directory)
    anyone = console.anyone
    response = anyone.request("POST", "/api/v2/login", {"username": "ada", "password": PASSWORD})
    cookie = response.headers["Set-Cookie"]
    assert re.fullmatch(r"session=\w{43}; Path=/; HttpOnly; SameSite=Strict", cookie), cookie
    session = response.json
    browser = anyone.with_(cookie=session["session"], csrf=session["csrf_token"])
    me = browser.api("GET", "/me")
    assert me["user"] == {"name": "ada", "admin": True} and me["csrf_token"] == session["csrf_token"]
    crdb = anyone.request("GET", "/api/v2/me", headers={"X-Cockroach-API-Session": session["session"]})
    assert crdb.status == 200
    form = anyone.request("POST", "/api/v2/login/", raw=b"username=ada&password=correct+horse",
                          headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert form.status == 200 and "session" in form.json
    ended = browser.request("POST", "/api/v2/logout")
    assert ended.status == 204 and "Max-Age=0" in ended.headers["Set-Cookie"]
    assert browser.request("GET", "/api/v2/me").status == 401
    assert anyone.with_(token=form.json["session"]).request("GET", "/api/v2/me").status == 200
    console.stop()


def test_wrong_passwords_are_limited(palmetto, directory):
    console, admin = start(palmetto, directory)
    unknown = console.anyone.request("POST", "/api/v2/login", {"username": "nobody", "password": PASSWORD})
    wrong = console.anyone.request("POST", "/api/v2/login", {"username": "ada", "password": "wrong"})
    assert unknown.status == wrong.status == 401 and unknown.body == wrong.body
    statuses = [console.anyone.request("POST", "/api/v2/login", {"username": "ada", "password": "wrong"}).status
                for _ in range(5)]
    assert statuses == [401, 401, 401, 401, 429], statuses
    limited = console.anyone.request("POST", "/api/v2/login", {"username": "ada", "password": PASSWORD})
    assert limited.status == 429 and 0 < int(limited.headers["Retry-After"]) <= 60
    # Others may go on, until the address has failed too often.
    admin.api("POST", "/accounts", {"name": "bob", "password": PASSWORD})
    for _ in range(30):
        login(console.anyone, "bob", PASSWORD)
    statuses = [console.anyone.request("POST", "/api/v2/login", {"username": f"x{i}", "password": "wrong"}).status
                for i in range(20)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert admin.request("GET", "/api/v2/me").status == 200  # who is signed in stays so
    console.stop()


def test_accounts(palmetto, directory):
    console, admin = start(palmetto, directory)
    anyone = console.anyone
    made = admin.api("POST", "/accounts", {"name": "bob", "admin": True})
    assert made["name"] == "bob" and len(made["password"]) == 20
    bob = anyone.with_(token=login(anyone, "bob", made["password"])["session"])
    admin.api("POST", "/accounts", {"name": "bob"}, 409)
    admin.api("POST", "/accounts", {"name": "a b"}, 400)
    assert [a["name"] for a in admin.api("GET", "/accounts")["accounts"]] == ["ada", "bob"]
    token = bob.api("POST", "/tokens", {"name": "ci"})["token"]
    script = anyone.with_(token=token)
    assert script.api("GET", "/me")["user"]["name"] == "bob" and script.api("GET", "/me")["csrf_token"] is None
    # A new password ends sessions; deleting ends everything.
    changed = admin.api("POST", "/accounts/bob/password", {})
    assert bob.request("GET", "/api/v2/me").status == 401
    login(anyone, "bob", made["password"], 401)
    bob = anyone.with_(token=login(anyone, "bob", changed["password"])["session"])
    admin.api("DELETE", "/accounts/bob", want=204)
    assert bob.request("GET", "/api/v2/me").status == 401
    assert script.request("GET", "/api/v2/me").status == 401
    login(anyone, "bob", changed["password"], 401)
    admin.api("DELETE", "/accounts/bob", want=404)
    admin.api("DELETE", "/accounts/ada", want=409)
    console.stop()


def test_accounts_of_some_clusters(palmetto, directory):
    """What an account does not see is answered as if it were not there."""
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.admin()
    for name in ("one", "two"):
        admin.api("POST", "/clusters", {"name": name})
    admin.api("POST", "/accounts", {"name": "eve", "password": PASSWORD, "clusters": ["one"]})
    admin.api("POST", "/accounts", {"name": "bad", "clusters": ["nine"]}, 404)
    for bad in ("one", [1], {}):
        admin.api("POST", "/accounts", {"name": "bad", "clusters": bad}, 400)
    clusters = {a["name"]: a["clusters"] for a in admin.api("GET", "/accounts")["accounts"]}
    assert clusters == {"ada": None, "eve": ["one"]}
    eve = console.anyone.with_(token=login(console.anyone, "eve", PASSWORD)["session"])
    script = console.anyone.with_(token=eve.api("POST", "/tokens", {"name": "ci"})["token"])

    def sees(client, *names):
        return [c["name"] for c in client.api("GET", "/clusters")["clusters"]] == list(names)

    absent = admin.api("GET", "/clusters/nine", want=404)["error"]["message"].replace("nine", "two")
    for client in (eve, script):
        assert sees(client, "one")
        for route in routes():
            if route.method != "GET" or route.auth != "ACCOUNT" or "{cluster}" not in route.path:
                continue
            path = route.path.replace("{cluster}", "two").replace("{database}", "defaultdb").replace("{table}", "t")
            refused = client.request("GET", path)
            assert refused.status == 404 and refused.json["error"]["message"] == absent, (path, refused.body)
        for name in ("2", "one"):
            assert client.api("GET", f"/clusters/{name}")["name"] == "one"
        for name in ("3", "two", "system", "1", "nine"):
            client.api("GET", f"/clusters/{name}", want=404)
        assert client.api("GET", "/metrics/series?cluster=one")["series"]
        client.api("GET", "/metrics/series?cluster=two", want=404)
        client.api("GET", "/metrics/series", want=403)
        assert b"cluster=" not in client.request("GET", "/_status/vars").body
        client.api("PATCH", "/accounts/eve", {"clusters": None}, 403)
    admin.api("PATCH", "/clusters/one", {"name": "uno"})
    assert sees(eve, "uno")
    admin.api("PATCH", "/accounts/eve", {"clusters": ["two", "system"]}, 204)
    assert sees(eve, "system", "two") and sees(script, "system", "two")
    admin.api("PATCH", "/accounts/eve", {"clusters": []}, 204)
    assert sees(eve)
    admin.api("PATCH", "/accounts/eve", {}, 400)
    admin.api("PATCH", "/accounts/nobody", {"clusters": []}, 404)
    admin.api("POST", "/accounts/eve/password", {"password": "another word"})  # keeps what it sees
    console.stop()
    console = Console(palmetto, directory, "--insecure", "--store=data")
    eve = console.anyone.with_(token=login(console.anyone, "eve", "another word")["session"])
    assert sees(eve)
    console.anyone.with_(token=admin.token).api("PATCH", "/accounts/eve", {"clusters": None}, 204)
    assert sees(eve, "system", "uno", "two")
    console.stop()


def test_plain_http_is_sent_to_https(palmetto, directory):
    console = Console(palmetto, directory, "--certs-dir=certs", MEMORY)
    console.admin()
    plain = Client((False, console.anyone.host, console.anyone.port))
    where = f"https://{console.anyone.host}:{console.anyone.port}"
    for method, path in (("GET", "/"), ("GET", "/api/v2/me?x=1"), ("POST", "/api/v2/login"), ("GET", "/health")):
        body = {"username": "ada", "password": PASSWORD} if method == "POST" else None
        response = plain.request(method, path, body)
        assert (response.status, response.headers["Location"]) == (301, where + path), (path, response.status)
        assert "Set-Cookie" not in response.headers and response.body == b""
    assert console.anyone.request("GET", "/health").status == 200
    console.stop()


def test_log(palmetto, directory):
    """Who signs in is in the log; what they type is not."""
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.admin()
    login(console.anyone, "se\ncret-name", "se-cret-word", 401)
    admin.api("POST", "/accounts", {"name": "bob", "password": "another-word"})
    login(console.anyone, "bob", "another-word")
    admin.api("DELETE", "/accounts/bob", want=204)
    console.stop()
    log = (directory / "data/logs/palmetto.log").read_text()
    for line in ("console: ada signed in from 127.0.0.1", "console: failed login from 127.0.0.1",
                 "console: ada made account bob", "console: bob signed in", "console: ada deleted account bob"):
        assert line in log or line.replace("127.0.0.1", "[::1]") in log, (line, log)
    for secret in (PASSWORD, "cret-", "another-word", admin.token):
        assert secret not in log, secret


def test_own_password(palmetto, directory):
    console, admin = start(palmetto, directory)
    eve = viewer(admin)
    eve.api("POST", "/accounts/ada/password", {"password": "something new"}, 403)
    eve.api("POST", "/accounts/eve/password", {"password": "something new"}, 400)
    eve.api("POST", "/accounts/eve/password", {"password": "something new", "old_password": "wrong"}, 403)
    eve.api("POST", "/accounts/eve/password", {"password": "something new", "old_password": PASSWORD})
    login(console.anyone, "eve", "something new")
    console.stop()


def test_tokens(palmetto, directory):
    console, admin = start(palmetto, directory)
    eve = viewer(admin)
    one, two = admin.api("POST", "/tokens", {"name": "one"}), admin.api("POST", "/tokens", {"name": "<b>"})
    assert [t["name"] for t in sorted(admin.api("GET", "/tokens")["tokens"], key=lambda t: t["created_at"])] == \
        ["one", "<b>"]
    assert eve.api("GET", "/tokens")["tokens"] == []
    eve.api("DELETE", f"/tokens/{one['id']}", want=404)  # not hers
    admin.api("DELETE", f"/tokens/{one['id']}", want=204)
    assert console.anyone.with_(token=one["token"]).request("GET", "/api/v2/me").status == 401
    assert console.anyone.with_(token=two["token"]).request("GET", "/api/v2/me").status == 200
    short = admin.api("POST", "/tokens", {"name": "short", "expires_in": "1ms"})
    wait_for(lambda: console.anyone.with_(token=short["token"]).request("GET", "/api/v2/me").status == 401)
    admin.api("POST", "/tokens", {"name": "x", "expires_in": "soon"}, 400)
    admin.api("POST", "/tokens", {"name": ""}, 400)
    console.stop()


def test_restart(palmetto, directory):
    """Accounts, tokens and sessions stay, those that have ended do not; there is no second set-up."""
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.admin()
    token = admin.api("POST", "/tokens", {"name": "ci"})["token"]
    out = login(console.anyone, "ada", PASSWORD)["session"]
    console.anyone.with_(token=out).api("POST", "/logout", want=204)
    eve, old = viewer(admin), login(console.anyone, "eve", PASSWORD)["session"]
    admin.api("POST", "/accounts/eve/password", {"password": "another word"})
    new = login(console.anyone, "eve", "another word")
    for kill in (False, True):
        if kill:  # what was answered is stored
            os.kill(console.process.pid, signal.SIGKILL)
            console.process.wait()
        else:
            console.stop()
        console = Console(palmetto, directory, "--insecure", "--store=data")
        anyone = console.anyone
        assert console.setup_token() is None
        assert anyone.api("GET", "/setup")["needed"] is False
        for secret in (admin.token, token):
            assert anyone.with_(token=secret).api("GET", "/me")["user"] == {"name": "ada", "admin": True}
        browser = anyone.with_(cookie=new["session"], csrf=new["csrf_token"])
        assert browser.api("GET", "/me")["user"] == {"name": "eve", "admin": False}
        assert browser.api("GET", "/me")["csrf_token"] == new["csrf_token"]
        browser.api("POST", "/tokens", {"name": "more"})
        for secret in (out, old, eve.token):
            assert anyone.with_(token=secret).request("GET", "/api/v2/me").status == 401
        assert anyone.with_(cookie=new["session"], csrf=old).request("POST", "/api/v2/logout").status == 403
    console.anyone.with_(token=admin.token).api("DELETE", "/accounts/eve", want=204)
    console.stop()
    stored = b"".join(f.read_bytes() for f in (directory / "data").iterdir() if f.is_file())
    for secret in (admin.token, new["session"], new["csrf_token"]):
        assert secret.encode() not in stored
    console = Console(palmetto, directory, "--insecure", "--store=data")
    assert console.anyone.with_(token=new["session"]).request("GET", "/api/v2/me").status == 401
    login(console.anyone, "ada", PASSWORD)
    console.stop()


# ---- files and paths


def test_paths_lead_nowhere(palmetto, directory):
    console, admin = start(palmetto, directory)
    for path in ("/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
                 "/assets/../index.html", "/index.html%00.js", "/.git/config", "/api", "/api/v2", "/api/v2/",
                 "/api/v2/nothing", "/api/v1/login", "/api/v2/clusters/system/sql/more", "/api/v2/clusters//sql",
                 "/api/v2/clusters/%ff", "/api/v2/clusters/%", "/api/v2/clusters/a%00b", "/api/v2/accounts/..%2fx/y"):
        response = admin.request("GET", path)
        assert response.status == 404, (path, response.status, response.body)
    assert admin.request("GET", "/api/v2/clusters/%73ystem").json["name"] == "system"
    home = admin.request("GET", "/")
    assert home.status == 200
    console.stop()


def test_markup_in_names_stays_text(palmetto, directory):
    """Names that are markup come back as JSON strings, never as pages."""
    console, admin = start(palmetto, directory)
    evil = '<img src=x onerror="alert(1)">\'</script>'
    quoted = '"' + evil.replace('"', '""') + '"'
    run_sql(admin, "system", f"CREATE DATABASE {quoted}", f"CREATE TABLE {quoted}.{quoted} ({quoted} INT PRIMARY KEY)",
            separate_txns=True)
    path = evil.replace("%", "%25").replace("<", "%3C").replace(">", "%3E").replace('"', "%22").replace("/", "%2F") \
        .replace(" ", "%20").replace("'", "%27").replace("=", "%3D")
    databases = admin.request("GET", "/api/v2/clusters/system/databases")
    assert databases.headers["Content-Type"] == "application/json"
    assert evil in [d["name"] for d in databases.json["databases"]]
    table = admin.api("GET", f"/clusters/system/databases/{path}/tables/public.{path}")
    assert table["name"] == evil and table["columns"][0]["name"] == evil
    for missing in (f"/clusters/{path}", f"/clusters/system/databases/{path}x", f"/accounts/{path}"):
        response = admin.request("DELETE" if "accounts" in missing else "GET", "/api/v2" + missing)
        assert response.status == 404 and response.headers["Content-Type"] == "application/json", missing
    result = rows(run_sql(admin, "system", "SELECT '<script>' AS \"<i>\""))
    assert result == [{"<i>": "<script>"}]
    console.stop()


# ---- clusters


def test_clusters(palmetto, directory):
    console, admin = start(palmetto, directory)
    name = admin.api("GET", "/clusters/suggest-name")["name"]
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{4}", name), name
    made = admin.api("POST", "/clusters", {"name": name, "limits": {"connections": 10}})
    assert (made["name"], made["state"], made["limits"]["connections"]) == (name, "ready", 10)
    admin.api("POST", "/clusters", {"name": name}, 409)
    admin.api("POST", "/clusters", {"name": "Not A Name"}, 400)
    admin.api("POST", "/clusters", {"name": "x", "limits": {"connections": -1}}, 400)
    assert [c["name"] for c in admin.api("GET", "/clusters")["clusters"]] == ["system", name]
    changed = admin.api("PATCH", f"/clusters/{name}", {"name": "blue", "limits": {"storage_bytes": 1 << 30,
                                                                                   "connections": None}})
    assert (changed["name"], changed["id"]) == ("blue", made["id"])
    assert changed["limits"]["storage_bytes"] == 1 << 30 and changed["limits"]["connections"] is None
    assert admin.api("GET", f"/clusters/{made['id']}")["name"] == "blue"
    admin.api("GET", f"/clusters/{name}", want=404)
    assert admin.api("POST", "/clusters/blue/suspend")["state"] == "suspended"
    refused = psql(directory, console.url.replace("defaultdb", "blue.defaultdb"), "SELECT 1")
    assert refused.returncode != 0, refused
    assert admin.api("POST", "/clusters/blue/resume")["state"] == "ready"
    assert psql(directory, console.url.replace("defaultdb", "blue.defaultdb"), "SELECT 1").stdout == "1\n"
    admin.api("DELETE", "/clusters/system", want=400)
    admin.api("DELETE", "/clusters/blue", want=204)
    dropped = [c for c in admin.api("GET", "/clusters")["clusters"] if c["state"] == "dropped"]
    assert [c["name"] for c in dropped] == ["blue"] and dropped[0]["purge_at"] is not None
    assert admin.api("POST", "/clusters/blue/undelete", {})["state"] == "ready"
    console.stop()


def test_copies_of_clusters(palmetto, directory):
    console, admin = start(palmetto, directory)
    admin.api("POST", "/clusters", {"name": "blue"})
    run_sql(admin, "blue", "CREATE TABLE t AS SELECT 1 AS a")
    admin.api("POST", "/clusters/blue/reset", want=409)  # no snapshot yet
    assert admin.api("POST", "/clusters/blue/snapshot")["snapshot_at"] is not None
    run_sql(admin, "blue", "INSERT INTO t VALUES (2)")
    assert admin.api("POST", "/clusters/blue/clone", {"name": "green"})["name"] == "green"
    admin.api("POST", "/clusters/blue/reset")
    assert rows(run_sql(admin, "blue", "SELECT count(*) AS n FROM t")) == [{"n": 1}]
    assert rows(run_sql(admin, "green", "SELECT count(*) AS n FROM t")) == [{"n": 2}]
    admin.api("GET", "/clusters/red", want=404)
    run = admin.request("POST", "/api/v2/clusters/red/sql", {"statements": [{"sql": "SELECT 1"}]})
    assert run.status in (400, 404), run.body
    console.stop()


def test_a_user_connects(palmetto, directory):
    """Create a cluster and a user, download the CA, connect with verify-full: over HTTPS, as the console does it."""
    console = Console(palmetto, directory, "--certs-dir=certs", MEMORY)
    admin = console.admin()
    cookie = admin.request("POST", "/api/v2/login", {"username": "ada", "password": PASSWORD}).headers["Set-Cookie"]
    assert cookie.endswith("; HttpOnly; SameSite=Strict; Secure"), cookie
    admin.api("POST", "/clusters", {"name": "blue"})
    assert admin.api("GET", "/clusters/blue/users/suggest-name")["name"] == "ada"
    user = admin.api("POST", "/clusters/blue/users", {"name": "ada", "admin": True})
    assert len(user["password"]) == 20
    assert admin.api("GET", "/clusters/blue/users/suggest-name")["name"] == "ada2"
    users = {u["name"]: u for u in admin.api("GET", "/clusters/blue/users")["users"]}
    assert users["ada"]["login"] and users["ada"]["admin"] and users["ada"]["roles"] == ["admin"]
    assert user["password"] not in json.dumps(users)
    to = admin.api("GET", "/clusters/blue/connection")
    assert to["ca_url"].endswith("/ca.crt")
    for path in ("/ca.crt", "/clusters/whatever/cert", "/api/v2/ca.crt", "/api/v2/clusters/blue/cert"):
        certificate = console.anyone.request("GET", path)
        assert certificate.body == (directory / "certs/ca.crt").read_bytes(), path
    (directory / "root.crt").write_bytes(certificate.body)
    url = (f"postgresql://ada:{user['password']}@{to['host']}:{to['port']}/{to['database_prefix']}{to['database']}"
           f"?sslmode=verify-full&sslrootcert={directory}/root.crt")
    assert psql(directory, url, "SELECT current_user").stdout == "ada\n"
    assert psql(directory, f"{url}&options={to['options'].replace('=', '%3D')}".replace(to["database_prefix"], ""),
                "SELECT 2").stdout == "2\n"
    again = admin.api("POST", "/clusters/blue/users/ada/password", {})
    assert psql(directory, url, "SELECT 1").returncode != 0
    assert psql(directory, url.replace(user["password"], again["password"]), "SELECT 1").stdout == "1\n"
    admin.api("POST", "/clusters/blue/users", {"name": "ada"}, 409)
    admin.api("POST", "/clusters/blue/users", {"name": 'x"; DROP USER ada; --'}, 400)
    admin.api("DELETE", "/clusters/blue/users/nobody", want=404)
    admin.api("DELETE", "/clusters/blue/users/root", want=400)
    admin.api("DELETE", "/clusters/blue/users/ada", want=204)
    assert "ada" not in [u["name"] for u in admin.api("GET", "/clusters/blue/users")["users"]]
    console.stop()


# ---- SQL


def test_sql(palmetto, directory):
    console, admin = start(palmetto, directory)
    answer = run_sql(admin, "system", "SELECT 1 AS a, 'x' AS b, NULL AS c, true AS d, 1.50 AS e, ARRAY[1,2] AS f, "
                     "'{\"k\": [1]}'::JSONB AS g, 9007199254740993 AS h, 'NaN'::FLOAT AS i, "
                     "'2026-01-02 03:04:05+00'::TIMESTAMPTZ AS j", cells=True)
    result = answer["execution"]["txn_results"][0]
    assert result["tag"] == "SELECT" and result["rows_affected"] == 1 and result["statement"] == 1
    assert [(c["name"], c["type"], c["oid"]) for c in result["columns"]][:3] == \
        [("a", "INT8", 20), ("b", "STRING", 25), ("c", "STRING", 25)], result["columns"]
    row = result["rows"][0]
    assert (row["a"], row["b"], row["c"], row["d"], row["e"]) == (1, "x", None, True, 1.5)
    assert (row["f"], row["g"], row["h"], row["i"]) == ([1, 2], {"k": [1]}, "9007199254740993", "NaN")
    assert result["cells"][0][:4] == [1, "x", None, True]
    assert answer["request"] == {"database": "defaultdb", "user": "root"}
    body = {"statements": [{"sql": "SELECT $1::INT + 1 AS n, $2 || '!' AS s", "arguments": [41, "it's"]}]}
    assert rows(admin.api("POST", "/clusters/system/sql", body)) == [{"n": 42, "s": "it's!"}]
    console.stop()


def test_sql_transactions(palmetto, directory):
    console, admin = start(palmetto, directory)
    run_sql(admin, "system", "CREATE TABLE t (a INT PRIMARY KEY)")
    failed = run_sql(admin, "system", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)")
    assert failed["error"]["code"] == "23505" and failed["error"]["constraint"] == "t_pkey"
    assert len(failed["execution"]["txn_results"]) == 1
    assert rows(run_sql(admin, "system", "SELECT count(*) AS n FROM t")) == [{"n": 0}]
    run_sql(admin, "system", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", separate_txns=True)
    assert rows(run_sql(admin, "system", "SELECT count(*) AS n FROM t")) == [{"n": 1}]
    several = run_sql(admin, "system", "INSERT INTO t VALUES (2), (3); SELECT a FROM t ORDER BY a")
    assert [r["tag"] for r in several["execution"]["txn_results"]] == ["INSERT", "SELECT"]
    assert several["execution"]["txn_results"][0]["rows_affected"] == 2
    assert rows(several) == [{"a": 1}, {"a": 2}, {"a": 3}]
    left_open = run_sql(admin, "system", "BEGIN; DELETE FROM t")
    assert "error" not in left_open
    assert rows(run_sql(admin, "system", "SELECT count(*) AS n FROM t")) == [{"n": 3}]
    console.stop()


def test_sql_errors(palmetto, directory):
    console, admin = start(palmetto, directory)
    error = run_sql(admin, "system", "SELECT * FROM nowhere")["error"]
    assert error["code"] == "42P01" and 'relation "nowhere" does not exist' in error["message"], error
    assert run_sql(admin, "system", "SELEC 1")["error"]["code"] == "42601"
    assert run_sql(admin, "system", "SELECT pg_sleep(60)", timeout="100ms")["error"]["code"] == "57014"
    assert run_sql(admin, "system", "SELECT generate_series(1, 100000)")["error"]["code"] == "54000"
    assert run_sql(admin, "system", "COPY t FROM STDIN")["error"]["code"] in ("0A000", "42P01")
    run_sql(admin, "system", "CREATE TABLE t (a INT PRIMARY KEY)", "CREATE USER bob", separate_txns=True)
    assert run_sql(admin, "system", "COPY t FROM STDIN")["error"]["code"] == "0A000"
    assert run_sql(admin, "system", "COPY t TO STDOUT").get("error", {"code": "0A000"})["code"] == "0A000"
    assert run_sql(admin, "system", "SELECT * FROM t", user="bob")["error"]["code"] == "42501"
    admin.api("POST", "/clusters/system/sql", {"statements": [{"sql": "SELECT 1"}], "user": "nobody"}, 404)
    for bad in ({}, {"statements": []}, {"statements": "SELECT 1"}, {"statements": [{}]},
                {"statements": [{"sql": 1}]}, {"statements": [{"sql": "SELECT 1", "arguments": 1}]},
                {"statements": [{"sql": "SELECT 1"}], "timeout": "1y"},
                {"statements": [{"sql": "SELECT 1"}], "timeout": "1h"},
                {"statements": [{"sql": "SELECT 1"}], "max_result_size": 1 << 40}):
        admin.api("POST", "/clusters/system/sql", bad, 400)
    console.stop()


def test_client_that_leaves_cancels(palmetto, directory):
    console, admin = start(palmetto, directory)
    connection = admin.connect()
    body = json.dumps({"statements": [{"sql": "SELECT pg_sleep(600)"}], "timeout": "10m",
                       "application_name": "sleeper"})
    connection.request("POST", "/api/v2/clusters/system/sql", body,
                       {"Authorization": f"Bearer {admin.token}", "Content-Type": "application/json"})
    wait_for(lambda: sessions_of(admin, "sleeper"))
    connection.close()
    wait_for(lambda: not sessions_of(admin, "sleeper"))
    console.stop()


def sessions_of(admin, application):
    return [s for s in admin.api("GET", "/clusters/system/sessions")["sessions"]
            if s["application_name"] == application]


def sleeper(directory, url, seconds):
    return subprocess.Popen(["psql", url, "-XAtc", f"SELECT pg_sleep({seconds})"],
                            env=environment(directory, PGAPPNAME="sleeper"), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_sessions(palmetto, directory):
    console, admin = start(palmetto, directory)
    process = sleeper(directory, console.url, 600)
    wait_for(lambda: any(s["queries"] for s in sessions_of(admin, "sleeper")))
    session = sessions_of(admin, "sleeper")[0]
    assert session["status"] == "ACTIVE" and session["user"] == "root" and session["database"] == "defaultdb"
    query = session["queries"][0]
    assert "pg_sleep" in query["sql"] and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", query["started_at"]), query
    admin.api("POST", f"/clusters/system/queries/{query['id']}/cancel", want=204)
    assert "canceling statement" in process.communicate(timeout=TIMEOUT_S)[1] or process.returncode != 0
    process = sleeper(directory, console.url, 600)
    wait_for(lambda: any(s["queries"] for s in sessions_of(admin, "sleeper")))
    admin.api("POST", f"/clusters/system/sessions/{sessions_of(admin, 'sleeper')[0]['id']}/cancel", want=204)
    process.communicate(timeout=TIMEOUT_S)
    wait_for(lambda: not sessions_of(admin, "sleeper"))
    idle = subprocess.Popen(["psql", f"{console.url}&application_name=idler", "-XAtq", "-c", "CREATE DATABASE d",
                             "-c", "USE d", "-f", "-"], env=environment(directory), stdin=subprocess.PIPE)
    wait_for(lambda: [s["database"] for s in sessions_of(admin, "idler")] == ["d"])
    assert sessions_of(admin, "idler")[0]["status"] == "IDLE"
    idle.communicate(timeout=TIMEOUT_S)
    admin.api("POST", "/clusters/system/sessions/nothing/cancel", want=404)
    admin.api("POST", "/clusters/system/queries/nothing/cancel", want=404)
    console.stop()


def test_activity(palmetto, directory):
    console, admin = start(palmetto, directory)
    run_sql(admin, "system", "CREATE TABLE t (a INT PRIMARY KEY)", application_name="app")
    for i in range(5):
        run_sql(admin, "system", f"INSERT INTO t VALUES ({i})", application_name="app")
    body = {"statements": [{"sql": "SELECT a FROM t WHERE a = $1", "arguments": [3]}], "application_name": "app"}
    admin.api("POST", "/clusters/system/sql", body)
    run_sql(admin, "system", "INSERT INTO t VALUES (1)", application_name="app")
    run_sql(admin, "system", "INSERT INTO t VALUES (7)", "SELECT count(*) FROM t", application_name="app")
    statements = admin.api("GET", "/clusters/system/statements")
    mine = {(s["query"], s["implicit_txn"]): s for s in statements["statements"] if s["application_name"] == "app"}
    assert not [s for s in statements["statements"] if s["application_name"] == "$ api"], "the server's own"
    insert = mine["INSERT INTO t VALUES (_)", True]
    assert (insert["count"], insert["failures"], insert["last_error"]) == (6, 1, "23505"), insert
    assert insert["kind"] == "INSERT" and insert["database"] == "defaultdb" and insert["full_scan"] is False
    assert 0 < insert["mean_ms"] <= insert["max_ms"] and insert["p50_ms"] <= insert["p99_ms"] <= insert["max_ms"]
    assert abs(insert["total_ms"] - insert["mean_ms"] * 6) < 0.01
    select = mine["SELECT a FROM t WHERE a = _", True]
    assert select["rows"] == 1 and "t@t_pkey" in select["last_plan"] and select["last_error"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", select["last_at"]), select
    assert mine["SELECT count(*) FROM t", False]["full_scan"] is True
    transactions = admin.api("GET", "/clusters/system/transactions")["transactions"]
    both = [t for t in transactions if t["statements"] == ["INSERT INTO t VALUES (_)", "SELECT count(*) FROM t"]]
    assert len(both) == 1 and both[0]["count"] == 1 and both[0]["retries"] == 0, transactions
    since = statements["since"]
    admin.api("POST", "/clusters/system/activity/reset", want=204)
    after = admin.api("GET", "/clusters/system/statements")
    assert after["since"] > since and not [s for s in after["statements"] if s["application_name"] == "app"]
    admin.api("POST", "/clusters/system/sql", body)
    again = admin.api("GET", "/clusters/system/statements")["statements"]
    assert [s["count"] for s in again if s["query"] == "SELECT a FROM t WHERE a = _"] == [1], again
    console.stop()


# ---- what is in a cluster


def test_databases(palmetto, directory):
    console, admin = start(palmetto, directory)
    run_sql(admin, "system", "CREATE TABLE t (a INT PRIMARY KEY, b STRING NOT NULL DEFAULT 'x', INDEX (b))",
            "INSERT INTO t (a) SELECT generate_series(1, 100)", "CREATE VIEW v AS SELECT a FROM t",
            "CREATE SEQUENCE s", "COMMENT ON TABLE t IS 'things'", "GRANT SELECT ON t TO public", separate_txns=True)
    databases = {d["name"]: d for d in admin.api("GET", "/clusters/system/databases")["databases"]}
    assert databases["defaultdb"]["tables"] == 3 and databases["defaultdb"]["size_bytes"] > 1000
    one = admin.api("GET", "/clusters/system/databases/defaultdb")
    assert one["schemas"] == ["public"] and {"grantee": "root", "privilege": "ALL"}.items() <= one["grants"][-1].items()
    tables = {t["name"]: t for t in admin.api("GET", "/clusters/system/databases/defaultdb/tables")["tables"]}
    assert (tables["t"]["rows"], tables["t"]["indexes"], tables["t"]["columns"]) == (100, 2, 2)
    assert tables["t"]["kind"] == "table" and tables["v"]["kind"] == "view" and tables["s"]["kind"] == "sequence"
    assert tables["v"]["rows"] is None
    t = admin.api("GET", "/clusters/system/databases/defaultdb/tables/public.t")
    assert [(c["name"], c["type"], c["nullable"]) for c in t["columns"]] == \
        [("a", "INT8", False), ("b", "STRING", False)]
    assert t["comment"] == "things" and t["create_statement"].startswith("CREATE TABLE public.t (")
    assert [(i["name"], i["primary"], i["unique"]) for i in t["indexes"]] == \
        [("t_pkey", True, True), ("t_b_idx", False, False)]
    assert any(g["grantee"] == "public" and g["privilege"] == "SELECT" for g in t["grants"])
    admin.api("GET", "/clusters/system/databases/defaultdb/tables/public.nothing", want=404)
    admin.api("GET", "/clusters/system/databases/defaultdb/tables/t", want=404)
    admin.api("GET", "/clusters/system/databases/nothing/tables", want=404)
    grants = admin.api("GET", "/clusters/system/grants?grantee=public")["grants"]
    assert {"object": "t", "privilege": "SELECT", "grantable": False}.items() <= \
        [g for g in grants if g["object"] == "t"][0].items()
    assert all(g["grantee"] == "public" for g in grants)
    console.stop()


def test_settings(palmetto, directory):
    console, admin = start(palmetto, directory)
    settings = {s["name"]: s for s in admin.api("GET", "/clusters/system/settings")["settings"]}
    name = "cluster.organization"
    assert settings[name]["value"] == settings[name]["default"] == ""
    admin.api("PATCH", "/clusters/system/settings", {"settings": {name: "it's us"}}, 204)
    assert {s["name"]: s for s in admin.api("GET", "/clusters/system/settings")["settings"]}[name]["value"] == "it's us"
    admin.api("PATCH", "/clusters/system/settings", {"settings": {name: None}}, 204)
    assert {s["name"]: s for s in admin.api("GET", "/clusters/system/settings")["settings"]}[name]["value"] == ""
    for bad in ({"no.such": 1}, {"a = 1; DROP TABLE t; --": 1}, {name: []}):
        response = admin.request("PATCH", "/api/v2/clusters/system/settings", {"settings": bad})
        assert response.status in (400, 404), response.body
    limit = "server.max_connections_per_gateway"
    response = admin.request("PATCH", "/api/v2/clusters/system/settings", {"settings": {name: "new", limit: "many"}})
    assert response.status == 400, response.body
    settings = {s["name"]: s["value"] for s in admin.api("GET", "/clusters/system/settings")["settings"]}
    assert settings[name] == "" and settings[limit] == "-1"  # all or none
    admin.api("PATCH", "/clusters/system/settings", {"settings": {name: "new", limit: 5}}, 204)
    settings = {s["name"]: s["value"] for s in admin.api("GET", "/clusters/system/settings")["settings"]}
    assert settings[name] == "new" and settings[limit] == "5"
    admin.api("PATCH", "/clusters/system/settings", {}, 400)
    assert isinstance(admin.api("GET", "/clusters/system/jobs")["jobs"], list)
    admin.api("POST", "/clusters/system/jobs/1/explode", want=404)
    console.stop()


def test_backups(palmetto, directory):
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.admin()
    run_sql(admin, "system", "CREATE TABLE t AS SELECT 1 AS a")
    job = admin.api("POST", "/clusters/system/backups", {"into": "nodelocal://1/it's", "database": "defaultdb"})
    assert job["status"] == "succeeded" and job["job_id"], job
    paths = admin.api("GET", "/clusters/system/backups?in=nodelocal%3A%2F%2F1%2Fit%27s")["backups"]
    assert len(paths) == 1 and paths[0]["path"].startswith("/20"), paths
    jobs = admin.api("GET", "/clusters/system/jobs")["jobs"]
    assert [(j["id"], j["type"], j["status"]) for j in jobs][:1] == [(job["job_id"], "BACKUP", "succeeded")], jobs
    assert admin.request("POST", "/api/v2/clusters/system/backups", {"into": "ftp://x"}).status in (400, 501)
    console.stop()


# ---- the server


def test_status(palmetto, directory):
    console, admin = start(palmetto, directory)
    for path in ("/health", "/health?ready=1", "/api/v2/health/"):
        assert console.anyone.request("GET", path).json == {}, path
    metrics = console.anyone.request("GET", "/_status/vars")
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4"
    values = dict(re.findall(r"^(\w+) (\d+)$", metrics.body.decode(), re.M))
    assert "sql_conns" in values and int(values["sys_rss"]) > 0
    series = admin.api("GET", "/metrics/series?names=sys_rss,sql_conns&from=0")["series"]
    assert [(s["name"], s["kind"]) for s in series] == [("sys_rss", "gauge"), ("sql_conns", "gauge")]
    assert series[0]["points"][-1][1] > 0
    assert {s["name"] for s in admin.api("GET", "/metrics/series")["series"]} == set(values)
    assert admin.api("GET", "/metrics/series?names=sys_rss&from=0&to=1")["series"][0]["points"] == []
    # The same in SQL, by CockroachDB's names.
    metrics = {r["name"]: r for r in rows(run_sql(admin, "system", "SELECT * FROM crdb_internal.node_metrics"))}
    assert {name.replace(".", "_") for name in metrics} == set(values)
    assert metrics["sys.rss"]["value"] > 0 and metrics["sys.rss"]["store_id"] is None
    assert metrics["kv.commits"]["value"] >= int(values["kv_commits"]) and metrics["capacity"]["store_id"] == 1
    store = rows(run_sql(admin, "system", "SELECT (metrics->>'livebytes')::FLOAT AS n FROM crdb_internal.kv_store_status"))
    assert store[0]["n"] > 0
    description = console.anyone.request("GET", "/api/v2/openapi.yaml")
    assert description.body.startswith(b"openapi: 3.1.0\n")
    console.stop()


def points(client, cluster, name, want=200, **more):
    query = "&".join(f"{k}={v}" for k, v in {"cluster": cluster, "names": name, **more}.items())
    answer = client.api("GET", f"/metrics/series?{query}", want=want)
    return answer["series"][0]["points"] if want == 200 else None


def test_metrics_of_clusters(palmetto, directory):
    """Each has its own, over a restart too; which there are is told to accounts only."""
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.admin()
    for name in ("one", "two"):
        admin.api("POST", "/clusters", {"name": name})
    url = console.url + ("&" if "?" in console.url else "?") + "options=--cluster%3Done"
    before = admin.api("GET", "/clusters/one")["usage"]["storage_bytes"]
    session = subprocess.Popen(["psql", url, "-XAtq"], env=environment(directory), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    session.stdin.write("CREATE TABLE t (a INT PRIMARY KEY, b STRING); SELECT 1/0; "
                        "INSERT INTO t VALUES (1, repeat('x', 100000)); SELECT 'done';\n")
    session.stdin.flush()
    assert session.stdout.readline() == "done\n"

    def labelled(client, path="/_status/vars"):
        text = client.request("GET", path).body.decode()
        return {m[1]: int(m[2]) for m in re.finditer(r"^(\w+\{.*\}) (\d+)$", text, re.M)}

    assert labelled(console.anyone) == {} and labelled(console.anyone.with_(token="nonsense"), "/metrics") == {}
    seen = labelled(admin)
    assert seen['cluster_conns{cluster="one"}'] == 1 and seen['cluster_query_count{cluster="one"}'] == 4, seen
    assert seen['cluster_failure_count{cluster="one"}'] == 1 and seen['cluster_conns{cluster="system"}'] == 0, seen
    assert seen['cluster_livebytes{cluster="one"}'] > before + 100000, seen
    assert seen['cluster_request_units{cluster="one"}'] > 97, seen
    assert not [name for name in seen if 'cluster="two"' in name], seen  # never opened
    assert points(admin, "one", "cluster_query_count")[-1][1] == 4
    assert [s["name"] for s in admin.api("GET", "/metrics/series?cluster=system")["series"]] == \
        ["cluster_conns", "cluster_query_count", "cluster_failure_count"]
    points(admin, "three", "cluster_conns", 404)
    assert [v for _, v in points(viewer(admin), "two", "cluster_conns")] == []
    server_points = admin.api("GET", "/metrics/series?names=kv_commits")["series"][0]["points"]
    session.communicate(timeout=TIMEOUT_S)
    console.stop()
    console = Console(palmetto, directory, "--insecure", "--store=data")
    admin = console.anyone.with_(token=admin.token)
    again = admin.api("GET", "/metrics/series?names=kv_commits")["series"][0]["points"]
    assert again[:len(server_points)] == server_points and len(again) > len(server_points), (server_points, again)
    assert 4 in [v for _, v in points(admin, "one", "cluster_query_count")]
    console.stop()


def test_certificates_are_reloaded(palmetto, directory):
    """SIGHUP: the next HTTPS connection sees the new certificate."""
    console = Console(palmetto, directory, "--certs-dir=certs", MEMORY)
    before = console.anyone.connect()
    before.connect()
    old = before.sock.getpeercert(True)
    done = subprocess.run([palmetto, "cert", "create-node", "localhost", "--certs-dir=certs", "--ca-key=certs/ca.key",
                           "--overwrite"], cwd=directory, env=environment(directory), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done
    console.process.send_signal(signal.SIGHUP)

    def seen():
        connection = console.anyone.connect()
        connection.connect()
        certificate = connection.sock.getpeercert(True)
        connection.close()
        return certificate

    wait_for(lambda: seen() != old)
    before.close()
    console.stop()


def peer_certificate(console):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((console.anyone.host, console.anyone.port)) as plain:
        with context.wrap_socket(plain) as secure:
            return secure.getpeercert(True)


def test_certificates_are_renewed(palmetto, directory):
    """One that is about to expire: the server makes a new one by itself, with the same key and names."""
    for arguments in (["create-ca"], ["create-client", "root"], ["create-node", "localhost", "--lifetime=2s"]):
        done = subprocess.run([palmetto, "cert", *arguments, "--certs-dir=certs", "--ca-key=certs/ca.key"],
                              cwd=directory, env=environment(directory), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
    first = (directory / "certs/node.crt").read_bytes()
    key = (directory / "certs/node.key").read_bytes()
    console = Console(palmetto, directory, "--certs-dir=certs", MEMORY)
    before = peer_certificate(console)
    wait_for(lambda: peer_certificate(console) != before)
    assert (directory / "certs/node.crt").read_bytes() != first
    assert (directory / "certs/node.key").read_bytes() == key
    console.stop()


def test_demo_signs_in(palmetto, directory):
    """The banner of demo has all that the console asks for."""
    process = subprocess.Popen([palmetto, "demo", "--empty", "--insecure", "--listening-url-file=url"],
                               cwd=directory, env=environment(directory), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        banner = ""
        while "Console account" not in banner:
            line = process.stdout.readline()
            assert line, banner
            banner += line
        host, port = re.search(r"\(webui\) +http://([^:/]+):(\d+)$", banner, re.M).groups()
        name, password = re.search(r'Console account: "(\w+)", password: "(\w+)"', banner).groups()
        login(Client((False, host, int(port))), name, password)
    finally:
        process.kill()
        process.communicate()


def main():
    palmetto = str(pathlib.Path(sys.argv[1]).resolve())
    os.environ.setdefault("PGCONNECT_TIMEOUT", "20")
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("test_")}
    wanted = sys.argv[2:] or list(cases)
    failed = 0
    for name in wanted:
        with tempfile.TemporaryDirectory() as directory:
            try:
                cases[name](palmetto, pathlib.Path(directory))
                print(f"ok   {name}", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                import traceback
                traceback.print_exc()
                print(f"FAIL {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
            finally:
                Server.kill_all()
    print(f"{len(wanted) - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

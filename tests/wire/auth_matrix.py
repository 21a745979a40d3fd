#!/usr/bin/env python3
"""Logins against a real server: authentication methods by what the client presents, over TLS 1.2, TLS 1.3 and a Unix
socket; certificates; SCRAM on bare sockets; HBA rules, identity maps, connection limits, sessions ended by others.

    auth_matrix.py PALMETTO
"""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from harness import TIMEOUT_S, Server, environment, wait_for  # noqa: E402

WRONG = "password authentication failed for user {user}"
NOLOGIN = "{user} does not have login privilege"
EXPIRED = "password is expired"
REJECTED = "authentication rejected by configuration"
NO_CERTIFICATE = "no TLS peer certificates, but required for auth"
OTHER = 'certificate authentication failed for user "{user}"'
NOT_SENT = "no password supplied"

# What a client presents: user, password (None: none), whose certificate (None: none).
PRESENTED = {
    "right": ("alice", "secret", None),
    "wrong": ("alice", "Secret", None),
    "empty": ("alice", "", None),
    "prefix": ("alice", "secre", None),
    "nothing": ("alice", None, None),
    "no password set": ("plain", "secret", None),
    "expired": ("expired", "secret", None),
    "expired, wrong": ("expired", "wrong", None),
    "nologin": ("nologin", "secret", None),
    "nologin, wrong": ("nologin", "wrong", None),
    "nosqllogin": ("nosql", "secret", None),
    "unknown": ("nobody", "secret", None),
    "upper case": ("ALICE", "secret", None),
    "certificate": ("alice", None, "alice"),
    "certificate of another": ("alice", None, "bob"),
    "certificate of another, and password": ("alice", "secret", "bob"),
    "certificate, nologin": ("nologin", None, "nologin"),
    "certificate of nobody": ("nobody", None, "nobody"),
}
SOME = ("right", "wrong", "unknown", "certificate", "certificate of another")
BY_PASSWORD = {
    "right": "ok", "wrong": WRONG, "empty": NOT_SENT, "prefix": WRONG, "nothing": NOT_SENT, "no password set": WRONG,
    "expired": EXPIRED, "expired, wrong": WRONG, "nologin": NOLOGIN, "nologin, wrong": WRONG, "nosqllogin": NOLOGIN,
    "unknown": WRONG, "upper case": "ok", "certificate": NOT_SENT, "certificate of another": NOT_SENT,
    "certificate of another, and password": "ok", "certificate, nologin": NOT_SENT, "certificate of nobody": NOT_SENT,
}
BY_CERTIFICATE = {
    "certificate": "ok", "certificate of another": OTHER, "certificate of another, and password": OTHER,
    "certificate, nologin": NOLOGIN, "certificate of nobody": WRONG,
}
TRUSTED = {"nologin": NOLOGIN, "nologin, wrong": NOLOGIN, "nosqllogin": NOLOGIN, "unknown": WRONG,
           "certificate, nologin": NOLOGIN, "certificate of nobody": WRONG}
METHODS = {
    "trust": lambda what: TRUSTED.get(what, "ok"),
    "reject": lambda what: REJECTED,
    "password": BY_PASSWORD.get,
    "scram-sha-256": BY_PASSWORD.get,
    "cert": lambda what: BY_CERTIFICATE.get(what, NO_CERTIFICATE),
    "cert-password": lambda what: BY_CERTIFICATE.get(what, BY_PASSWORD[what]),
    "cert-scram-sha-256": lambda what: BY_CERTIFICATE.get(what, BY_PASSWORD[what]),
}
LOCAL_METHODS = ("trust", "reject", "password", "scram-sha-256")


# Debian's /usr/bin/psql is a script that looks for this one, slowly.
PSQL = max(map(str, pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql")), default="psql")


class Cluster:
    """A secure server with users and certificates."""

    def __init__(self, palmetto, directory):
        self.palmetto, self.directory = palmetto, directory
        self.server = Server(palmetto, directory, "--certs-dir=certs", "--store=type=mem,size=64MiB",
                             f"--socket-dir={directory}")
        self.url = self.server.wait()
        self.port = int(re.search(r":(\d+)/", self.url).group(1))
        self.certs = directory / "certs"
        for user in ("alice", "bob", "nologin", "nobody"):
            run([palmetto, "cert", "create-client", user, "--certs-dir=certs", "--ca-key=certs/ca.key"], directory)
        self.root("CREATE USER alice WITH PASSWORD 'secret'; CREATE USER bob WITH PASSWORD 'secret';"
                  "CREATE USER plain; CREATE USER nologin WITH PASSWORD 'secret' NOLOGIN;"
                  "CREATE USER nosql WITH PASSWORD 'secret' NOSQLLOGIN;"
                  "CREATE USER expired WITH PASSWORD 'secret' VALID UNTIL '2001-01-01'")

    def root(self, statements):
        done = psql(self, "root", None, "root", statements=statements)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def root_error(self, statements):
        done = psql(self, "root", None, "root", statements=statements)
        assert done.returncode != 0, done.stdout
        return done.stderr.strip()

    def rules(self, *lines):
        self.root("SET CLUSTER SETTING server.host_based_authentication.configuration = e'" + "\\n".join(lines) + "'")


def run(command, directory, **options):
    done = subprocess.run(command, cwd=directory, env=environment(directory), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False, **options)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def psql(cluster, user, password, certificate, statements="SELECT 1", host="localhost", **parameters):
    settings = {"host": host, "port": cluster.port, "user": user, "dbname": "defaultdb"}
    if not host.startswith("/"):
        settings |= {"sslmode": "verify-full", "sslrootcert": cluster.certs / "ca.crt", "sslcert": "/nowhere",
                     "sslkey": "/nowhere"}
    if certificate is not None:
        name = certificate if "/" in certificate else f"client.{certificate}"
        settings |= {"sslcert": cluster.certs / f"{name}.crt", "sslkey": cluster.certs / f"{name}.key"}
    settings |= parameters
    conninfo = " ".join(f"{key}='{value}'" for key, value in settings.items())
    more = {} if password is None else {"PGPASSWORD": password}
    return subprocess.run([PSQL, "-X", "-w", "-At", conninfo, "-c", statements],
                          env=environment(cluster.directory, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=TIMEOUT_S, check=False)


def expect(what, expected, user, done):
    text = "ok" if done.returncode == 0 and done.stdout == "1\n" else done.stderr
    assert expected.format(user=user.lower()) in text, f"{what}: expected {expected!r}, got {text!r}"


def try_all(cluster, label, expected, only=PRESENTED, **parameters):
    for what in only:
        user, password, certificate = PRESENTED[what]
        if "host" in parameters and certificate is not None:
            continue
        done = psql(cluster, user, password, certificate, **parameters)
        expect(f"{label}, {what}", expected(what), user, done)


# ---- the matrix

def test_matrix(cluster):
    for method, expected in METHODS.items():
        cluster.rules(f"host all all all {method}")
        for version, only in (("TLSv1.3", PRESENTED), ("TLSv1.2", SOME)):
            try_all(cluster, f"{method} over {version}", expected, only, ssl_min_protocol_version=version,
                    ssl_max_protocol_version=version)
        done = psql(cluster, "alice", "secret", None, sslmode="disable")
        expect(f"{method} without TLS", "node is running secure mode, SSL connection required", "alice", done)


def test_unix_socket(cluster):
    for method in LOCAL_METHODS:
        cluster.rules(f"local all all {method}", "host all all all reject")
        try_all(cluster, f"{method} over a Unix socket", METHODS[method], host=str(cluster.directory))


def test_default_rules(cluster):
    cluster.root("RESET CLUSTER SETTING server.host_based_authentication.configuration")
    try_all(cluster, "default rules", METHODS["cert-password"])
    try_all(cluster, "default rules, Unix socket", METHODS["scram-sha-256"], host=str(cluster.directory))


def test_ssl_modes(cluster):
    cluster.rules("host all all all cert-password")
    for mode in ("allow", "prefer", "require", "verify-ca", "verify-full"):
        expect(mode, "ok", "alice", psql(cluster, "alice", "secret", None, sslmode=mode))
    refused = psql(cluster, "alice", "secret", None, sslrootcert=cluster.certs / "client.alice.crt")
    assert "certificate verify failed" in refused.stderr, refused.stderr
    for binding in ("disable", "prefer", "require"):
        expect(binding, "ok", "alice", psql(cluster, "alice", "secret", None, channel_binding=binding))
    cluster.rules("host all all all password")
    done = psql(cluster, "alice", "secret", None, channel_binding="require")
    assert "channel binding required" in done.stderr, done.stderr


# ---- certificates that do not hold

def make_certificates(cluster):
    """rogue/: of the right name, by nobody, by another CA, expired."""
    rogue = cluster.certs / "rogue"
    rogue.mkdir(exist_ok=True)
    subject = "/O=Palmetto/CN=alice"

    def openssl(*arguments):
        run(["openssl", *map(str, arguments)], rogue)

    key = ("-newkey", "rsa:2048", "-nodes", "-subj", subject)
    openssl("req", "-x509", *key, "-keyout", "self.key", "-out", "self.crt", "-days", "30")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other CA", "-keyout", "other_ca.key", "-out",
            "other_ca.crt", "-days", "30")
    openssl("req", *key, "-keyout", "foreign.key", "-out", "foreign.csr")
    openssl("x509", "-req", "-in", "foreign.csr", "-CA", "other_ca.crt", "-CAkey", "other_ca.key", "-CAcreateserial",
            "-out", "foreign.crt", "-days", "30")
    openssl("req", *key, "-keyout", "old.key", "-out", "old.csr")
    (rogue / "index").write_text("")
    (rogue / "ca.conf").write_text("[ca]\ndefault_ca = d\n[d]\ndatabase = index\nnew_certs_dir = .\nserial = serial\n"
                                   "default_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n"
                                   "organizationName = optional\n")
    openssl("ca", "-batch", "-config", "ca.conf", "-cert", cluster.certs / "ca.crt", "-keyfile", cluster.certs / "ca.key",
            "-in", "old.csr", "-out", "old.crt", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z",
            "-rand_serial", "-notext")
    for path in rogue.glob("*.key"):
        path.chmod(0o600)


def test_bad_certificates(cluster):
    make_certificates(cluster)
    cluster.rules("host all all all cert-password")
    for name, alert in (("self", "unknown ca"), ("foreign", "unknown ca"), ("old", "certificate expired")):
        done = psql(cluster, "alice", "secret", f"rogue/{name}")
        assert done.returncode != 0 and alert in done.stderr, (name, done.stderr)
    expect("node's certificate", OTHER, "alice", psql(cluster, "alice", None, "node", sslcert=cluster.certs / "node.crt",
                                                      sslkey=cluster.certs / "node.key"))


# ---- the protocol by hand

def read_exactly(stream, n):
    data = b""
    while len(data) < n:
        part = stream.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def read_message(stream):
    kind, length = struct.unpack("!ci", read_exactly(stream, 5))
    return kind.decode(), read_exactly(stream, length - 4)


def error_text(body):
    fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
    return f"{fields[b'C']} {fields[b'M']}"


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


class Raw:
    """One login, step by step."""

    def __init__(self, cluster, user="alice", tls=True):
        self.stream = socket.create_connection(("localhost", cluster.port), timeout=TIMEOUT_S)
        if tls:
            self.stream.sendall(struct.pack("!ii", 8, 80877103))
            assert read_exactly(self.stream, 1) == b"S"
            context = ssl.create_default_context(cafile=cluster.certs / "ca.crt")
            self.stream = context.wrap_socket(self.stream, server_hostname="localhost")
        self.user = user

    def start(self):
        body = struct.pack("!i", 196608) + b"user\0" + self.user.encode() + b"\0database\0defaultdb\0\0"
        self.stream.sendall(struct.pack("!i", len(body) + 4) + body)
        return read_message(self.stream)

    def send(self, body):
        self.stream.sendall(message(b"p", body))
        return read_message(self.stream)

    def sasl_first(self, mechanism=b"SCRAM-SHA-256", header=b"n,,", nonce=b"abcdefghijklmnopqr"):
        self.bare = b"n=,r=" + nonce
        data = header + self.bare
        kind, body = self.send(mechanism + b"\0" + struct.pack("!i", len(data)) + data)
        if kind == "R":
            self.server_first = body[4:]
        return kind, body

    def sasl_final(self, password, header=b"n,,", binding=b"", nonce=None):
        fields = dict(part.split(b"=", 1) for part in self.server_first.split(b","))
        nonce = fields[b"r"] if nonce is None else nonce
        salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = b"c=" + base64.b64encode(header + binding) + b",r=" + nonce
        signed = b",".join((self.bare, self.server_first, without_proof))
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return self.send(without_proof + b",p=" + base64.b64encode(proof))

    def end_point(self):
        return hashlib.sha256(self.stream.getpeercert(binary_form=True)).digest()


def scram(cluster, password, user="alice", **final):
    raw = Raw(cluster, user)
    kind, body = raw.start()
    assert kind == "R" and body[:4] == struct.pack("!i", 10), (kind, body)
    kind, body = raw.sasl_first()
    kind, body = raw.sasl_final(password, **final)
    return "ok" if kind == "R" else error_text(body)


def test_scram_by_hand(cluster):
    cluster.rules("host all all all scram-sha-256")
    cluster.root("CREATE USER unprepared WITH PASSWORD e'a\\u00aab'")
    assert scram(cluster, b"secret") == "ok"
    assert scram(cluster, b"wrong") == "28P01 password authentication failed for user alice"
    # Soft prepared: the feminine ordinal is an "a" to SASLprep.
    assert scram(cluster, "aab".encode(), "unprepared") == "ok"
    assert scram(cluster, "a\u00aab".encode(), "unprepared") == "28P01 password authentication failed for user unprepared"
    # A nonce that is not the server's; the final message of another login.
    assert scram(cluster, b"secret", nonce=b"abcdefghijklmnopqrstuvwxyz").startswith("08P01 "), "foreign nonce"
    raw = Raw(cluster)
    raw.start()
    raw.sasl_first()
    other = Raw(cluster)
    other.start()
    other.sasl_first()
    raw.server_first, other.server_first = other.server_first, raw.server_first
    kind, body = raw.sasl_final(b"secret")
    assert kind == "E" and error_text(body).startswith("08P01 "), body
    # Nothing tells a user from nobody before the proof: the same salt each time, the same count.
    firsts = set()
    for _ in range(2):
        raw = Raw(cluster, "nobody")
        raw.start()
        raw.sasl_first()
        firsts.add(re.sub(rb"r=[^,]*,", b"", raw.server_first))
    assert len(firsts) == 1 and firsts.pop().endswith(b",i=4096")


def test_channel_binding_by_hand(cluster):
    cluster.rules("host all all all scram-sha-256")
    header, plus = b"p=tls-server-end-point,,", b"SCRAM-SHA-256-PLUS"
    for binding, expected in (("right", "R"), ("wrong", "E")):
        raw = Raw(cluster)
        _, body = raw.start()
        assert plus in body, body
        raw.sasl_first(plus, header)
        end_point = raw.end_point() if binding == "right" else b"\0" * 32
        kind, body = raw.sasl_final(b"secret", header, end_point)
        assert kind == expected, (binding, body)
    # Somebody took the offer out: the client says that it could have bound.
    raw = Raw(cluster)
    raw.start()
    kind, body = raw.sasl_first(header=b"y,,")
    assert (kind, error_text(body)) == ("E", "28000 SCRAM channel binding negotiation error"), body
    raw = Raw(cluster)
    raw.start()
    kind, body = raw.sasl_first(header=header)
    assert kind == "E" and error_text(body).startswith("08P01 "), body


def closes(raw, data):
    """The server hangs up instead of going on, with an error or without a word."""
    try:
        raw.stream.sendall(data)
        while True:
            kind, body = read_message(raw.stream)
            if kind == "E":
                return error_text(body)
    except (EOFError, ConnectionError, ssl.SSLError):
        return ""


def test_hostile_messages(cluster):
    cluster.rules("host all all all password")
    raw = Raw(cluster)
    kind, body = raw.start()
    assert (kind, body) == ("R", struct.pack("!i", 3)), body
    assert error_text(raw.send(b"wrong\0")[1]) == "28P01 password authentication failed for user alice"
    for name, body in (("no NUL", b"secret"), ("bytes after", b"secret\0x\0"), ("nothing", b"")):
        raw = Raw(cluster)
        raw.start()
        kind, answer = raw.send(body)
        assert kind == "E" and error_text(answer) == "08P01 malformed password message", (name, answer)
    raw = Raw(cluster)
    raw.start()
    text = closes(raw, message(b"p", b"x" * (1 << 20) + b"\0"))
    assert text == "" or text.startswith("08P01 message size 1.0 MiB bigger than maximum allowed message size"), text
    raw = Raw(cluster)
    raw.start()
    assert closes(raw, message(b"Q", b"SELECT 1\0")).startswith("08P01 "), "a query before the login"
    # Encryption asked for twice; TLS within TLS; TLS without asking; something sent before the handshake.
    raw = Raw(cluster)
    assert closes(raw, struct.pack("!ii", 8, 80877103)) == ""
    raw = Raw(cluster, tls=False)
    assert closes(raw, b"\x16\x03\x01\x00\x05hello" + b"\0" * 64) in ("", "08P01 invalid length of startup packet")
    raw = Raw(cluster, tls=False)
    body = struct.pack("!i", 196608) + b"user\0alice\0\0"
    raw.stream.sendall(struct.pack("!ii", 8, 80877103) + struct.pack("!i", len(body) + 4) + body)
    assert read_exactly(raw.stream, 1) in (b"S", b"E")
    assert closes(raw, b"") == ""
    raw = Raw(cluster, tls=False)
    kind, body = raw.start()
    assert error_text(body) == "08P01 node is running secure mode, SSL connection required"


# ---- rules

def test_rules(cluster):
    alice = ("alice", "secret", None)
    cluster.rules("# the office", "host all alice,bob 127.0.0.0/8 password  # by name", "host all alice,bob ::1/128 password",
                  "host all all all reject")
    expect("listed", "ok", "alice", psql(cluster, *alice))
    expect("not listed", REJECTED, "expired", psql(cluster, "expired", "secret", None))
    cluster.rules("host all all 10.0.0.0 255.0.0.0 trust", "hostnossl all all all trust", "local all all trust")
    text = psql(cluster, *alice).stderr
    assert re.search(r'no server.host_based_authentication.configuration entry for host "[^"]*:\d+", user "alice"', text), text
    cluster.rules('host all "all" all trust', "hostssl all alice all password")
    expect("a quoted all is a name", WRONG, "alice", psql(cluster, "alice", "wrong", None))
    # Root is never locked out, but over the Unix socket only if a rule lets it in.
    cluster.rules("host all all all reject", "local all all reject")
    assert cluster.root("SELECT current_user") == "root"
    cluster.root("ALTER USER root WITH PASSWORD 'topsecret'")
    expect("root by password", "ok", "root", psql(cluster, "root", "topsecret", None))
    expect("root, wrong", WRONG, "root", psql(cluster, "root", "secret", None))
    expect("root, Unix socket", REJECTED, "root",
           psql(cluster, "root", "topsecret", None, host=str(cluster.directory)))


def test_refused_configurations(cluster):
    cluster.rules("host all all all cert-password")
    for lines, error in (
            ("host all all all magic", 'unimplemented: unknown auth method "magic"'),
            ("host all all all gss", 'unimplemented: unknown auth method "gss"'),
            ("host db all all trust", "unimplemented: per-database HBA rules are not supported"),
            ("host all,db all all trust", "unimplemented: per-database HBA rules are not supported"),
            ("host all all example.com trust", "unimplemented: hostname-based HBA rules are not supported"),
            ("host all +staff all trust", "unimplemented: line 1: groups and files of users in HBA rules"),
            ("host all all 10.0.0.0/33 trust", 'line 1: invalid CIDR address "10.0.0.0/33"'),
            ("host all all 10.0.0.0 255.0.255.0 trust", 'line 1: invalid IP mask "255.0.255.0"'),
            ("host all all 10.0.0.0 trust", 'line 1: missing IP mask or prefix length after "10.0.0.0"'),
            ("\\nhost all all", "line 2: end-of-line before IP address specification"),
            ("host all all all", "line 1: end-of-line before authentication method specification"),
            ("host", "line 1: end-of-line before database specification"),
            ("hosts all all all trust", 'line 1: unknown connection type "hosts"'),
            ("host all all all cert clientcert=1", 'line 1: unsupported option "clientcert=1"'),
            ("local all all cert", 'line 1: method "cert" is not usable over Unix sockets'),
            ('host all "all all trust', "line 1: unterminated quote"),
            ("host all alice,,bob all trust", "line 1: misplaced comma"),
            ("# nothing", "no entries")):
        text = cluster.root_error(
            f"SET CLUSTER SETTING server.host_based_authentication.configuration = e'{lines}'")
        assert error in text, (lines, text)
    assert cluster.root("SHOW CLUSTER SETTING server.host_based_authentication.configuration") == \
        "host all all all cert-password"
    text = cluster.root_error("SET CLUSTER SETTING server.identity_map.configuration = 'staff alice'")
    assert "line 1: expected: map-name system-identity database-username" in text, text
    text = cluster.root_error("SET CLUSTER SETTING server.identity_map.configuration = 'staff /( alice'")
    assert 'line 1: invalid regular expression "("' in text, text


def test_identity_map(cluster):
    cluster.rules("host all all all cert map=staff")
    cluster.root(r"SET CLUSTER SETTING server.identity_map.configuration = "
                 r"e'staff bob alice\nstaff /^(.*)$ \\1\nstaff bob root\nother alice bob'")
    expect("another's by map", "ok", "alice", psql(cluster, "alice", None, "bob"))
    expect("his own by expression", "ok", "alice", psql(cluster, "alice", None, "alice"))
    expect("not mapped", 'system identity "alice" did not map to database role "bob"', "bob",
           psql(cluster, "bob", None, "alice"))
    expect("never root", OTHER, "root", psql(cluster, "root", None, "bob"))
    done = psql(cluster, "alice", None, "bob", statements="SELECT current_user, current_setting('system_identity')")
    assert done.stdout == "alice|bob\n", done
    cluster.root("RESET CLUSTER SETTING server.identity_map.configuration")


# ---- passwords

def test_password_rules(cluster):
    cluster.root("SET CLUSTER SETTING server.user_login.min_password_length = 8")
    text = cluster.root_error("CREATE USER short WITH PASSWORD 'secret'")
    assert "password too short" in text and "Passwords must be 8 characters or longer." in text, text
    cluster.root("RESET CLUSTER SETTING server.user_login.min_password_length")
    cluster.rules("host all all all password")
    cluster.root("CREATE USER turn WITH PASSWORD 'first'")
    expect("first", "ok", "turn", psql(cluster, "turn", "first", None))
    cluster.root("ALTER USER turn WITH PASSWORD 'second'")
    expect("rotated", WRONG, "turn", psql(cluster, "turn", "first", None))
    expect("rotated", "ok", "turn", psql(cluster, "turn", "second", None))
    cluster.root("ALTER USER turn WITH PASSWORD NULL")
    expect("taken", WRONG, "turn", psql(cluster, "turn", "second", None))
    cluster.root("SET CLUSTER SETTING server.user_login.password_hashes.default_cost.scram_sha_256 = 5000;"
                 "ALTER USER turn WITH PASSWORD 'third'")
    verifier = cluster.root("SELECT convert_from(\"hashedPassword\", 'UTF8') FROM system.users WHERE username = 'turn'")
    assert verifier.startswith("SCRAM-SHA-256$5000:"), verifier
    cluster.root("RESET CLUSTER SETTING server.user_login.password_hashes.default_cost.scram_sha_256")
    # A verifier is a password where verifiers are not taken.
    cluster.root("SET CLUSTER SETTING server.user_login.store_client_pre_hashed_passwords.enabled = false;"
                 f"ALTER USER turn WITH PASSWORD '{verifier}'")
    expect("a verifier as password", WRONG, "turn", psql(cluster, "turn", "third", None))
    cluster.root("RESET CLUSTER SETTING server.user_login.store_client_pre_hashed_passwords.enabled")


# ---- sessions

class Open:
    """A session that stays: psql that reads from a pipe."""

    def __init__(self, cluster, user):
        conninfo = (f"host=localhost port={cluster.port} user={user} dbname=defaultdb sslmode=verify-full "
                    f"sslrootcert={cluster.certs / 'ca.crt'} sslcert=/nowhere sslkey=/nowhere")
        self.process = subprocess.Popen([PSQL, "-X", "-w", "-At", conninfo],
                                        env=environment(cluster.directory, PGPASSWORD="secret"), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.ask("SELECT 1") == "1"

    def ask(self, statement):
        self.process.stdin.write(statement + ";\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def last_words(self):
        self.process.stdin.write("SELECT 2;\n")
        return self.process.communicate(timeout=TIMEOUT_S)[1]


def count(cluster, user):
    return int(cluster.root(f"SELECT count(*) FROM [SHOW SESSIONS] WHERE user_name = '{user}'"))


def test_sessions_end(cluster):
    cluster.rules("host all all all cert-password")
    ended = "terminating connection due to administrator command"
    session = Open(cluster, "alice")
    assert count(cluster, "alice") == 1
    cluster.root("CANCEL SESSIONS (SELECT session_id FROM [SHOW SESSIONS] WHERE user_name = 'alice')")
    wait_for(lambda: count(cluster, "alice") == 0)
    assert ended in session.last_words()
    cluster.root("CREATE USER leaver WITH PASSWORD 'secret'")
    session, other = Open(cluster, "leaver"), Open(cluster, "bob")
    cluster.root("DROP USER leaver")
    wait_for(lambda: count(cluster, "leaver") == 0)
    assert ended in session.last_words()
    assert other.ask("SELECT 3") == "3"
    cluster.root("ALTER USER bob NOLOGIN")
    wait_for(lambda: count(cluster, "bob") == 0)
    assert ended in other.last_words()
    cluster.root("ALTER USER bob LOGIN")


def test_connection_limit(cluster):
    session = Open(cluster, "alice")
    cluster.root("SET CLUSTER SETTING server.max_connections_per_gateway = 1")
    expect("one too many", "sorry, too many clients already", "bob", psql(cluster, "bob", "secret", None))
    assert session.ask("SELECT 4") == "4"
    session.process.communicate(timeout=TIMEOUT_S)
    wait_for(lambda: count(cluster, "alice") == 0)
    expect("room again", "ok", "bob", psql(cluster, "bob", "secret", None))
    cluster.root("SET CLUSTER SETTING server.max_connections_per_gateway = 0")
    expect("nobody", "sorry, too many clients already", "bob", psql(cluster, "bob", "secret", None))
    cluster.root("RESET CLUSTER SETTING server.max_connections_per_gateway")


def test_role_connection_limit(cluster):
    refused = 'too many connections for role "limited"'
    cluster.root("CREATE USER limited WITH PASSWORD 'secret' CONNECTION LIMIT 2")
    sessions = [Open(cluster, "limited"), Open(cluster, "limited")]
    for attempt in range(3):  # who is refused does not count
        expect("the third", refused, "limited", psql(cluster, "limited", "secret", None))
    expect("another user", "ok", "bob", psql(cluster, "bob", "secret", None))
    expect("wrong password tells nothing of it", WRONG, "limited", psql(cluster, "limited", "wrong", None))
    sessions[0].process.communicate(timeout=TIMEOUT_S)
    wait_for(lambda: count(cluster, "limited") == 1)
    expect("room again", "ok", "limited", psql(cluster, "limited", "secret", None))
    cluster.root("ALTER USER limited CONNECTION LIMIT 0")
    expect("none", refused, "limited", psql(cluster, "limited", "secret", None))
    assert sessions[1].ask("SELECT 6") == "6"  # who is in stays
    cluster.root("GRANT admin TO limited")
    expect("administrators always", "ok", "limited", psql(cluster, "limited", "secret", None))
    cluster.root("REVOKE admin FROM limited; ALTER USER limited CONNECTION LIMIT -1")
    expect("no limit", "ok", "limited", psql(cluster, "limited", "secret", None))
    cluster.root("DROP USER limited")


def main():
    palmetto = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:]
    tests = [(name, test) for name, test in globals().items()
             if name.startswith("test_") and (not wanted or name in wanted)]
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        try:
            cluster = Cluster(palmetto, pathlib.Path(directory))
            for name, test in tests:
                try:
                    test(cluster)
                    print(f"ok   {name}", flush=True)
                except Exception as error:  # every one is to be seen
                    failed += 1
                    print(f"FAIL {name}\n  {type(error).__name__}: {error}", flush=True)
            status, _, err = cluster.server.stop()
            if status != 0:
                failed += 1
                print(f"FAIL stop\n  {err}")
        finally:
            Server.kill_all()
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Drivers and ORMs as they are, each with a program that does what an application of its kind does.

    client_test.py PALMETTO BUILD CLIENT ...

BUILD keeps what is compiled and installed between runs. The program gets the URL of a database of its own in DATABASE_URL,
which asks for TLS with a verified server and holds a password, and ends with `N passed, N failed, N skipped`. A client whose
tools or packages cannot be had is skipped, but not one whose program does not compile. A client is a row of CLIENTS.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from harness import Server  # noqa: E402

INSTALL_S, RUN_S = 900, 120
PASSWORD = "pass/word of 'app'"


class Missing(Exception):
    """What a client needs is not here."""


class Broken(Exception):
    """A program does not compile."""


def run(command, directory, kind=Missing, **env):
    """A step of an installation: `kind` is what its failure means."""
    if shutil.which(command[0]) is None:
        raise Missing(f"no {command[0]}")
    done = subprocess.run(command, cwd=directory, env={**os.environ, **env}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=INSTALL_S, check=False)
    if done.returncode != 0:
        raise kind(f"{' '.join(command)}: {done.stdout[-2000:]}")


def newer(product, *sources):
    return product.exists() and all(product.stat().st_mtime >= source.stat().st_mtime for source in sources)


def python(build, program, *arguments):
    """./dev installs the packages."""
    interpreter = build.parent / "venv" / "bin" / "python"
    run([str(interpreter), "-c", "import django, django_cockroachdb, psycopg, psycopg2"], HERE)
    return [str(interpreter), str(HERE / "python" / program), *arguments]


def python_with(build, program, *requirements):
    """Packages of its own."""
    venv = build / "python" / pathlib.Path(program).stem
    interpreter = venv / "bin" / "python"
    if not newer(venv / "done", HERE / "client_test.py"):
        run(["python3", "-m", "venv", str(venv)], HERE)
        run([str(interpreter), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *requirements], HERE)
        (venv / "done").touch()
    return [str(interpreter), str(HERE / "python" / program)]


def node(_build, program):
    directory = HERE / "node"
    if not newer(directory / "node_modules" / ".package-lock.json", directory / "package-lock.json"):
        run(["npm", "ci", "--silent"], directory)
    return ["node", str(directory / program)]


def go(build, program):
    binary = build / "go" / program
    run(["go", "mod", "download"], HERE / "go")
    run(["go", "build", "-o", str(binary), f"./{program}"], HERE / "go", Broken)
    return [str(binary)]


def java(build, program):
    directory, pom = build / "java", HERE / "java" / program / "pom.xml"
    jars, classes, source = directory / program / "lib", directory / program / "classes", pom.parent / "Main.java"
    if not newer(jars, pom):
        run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"], HERE)
        jars.touch()
    path = f"{classes}:{jars}/*"
    if not newer(classes / "Main.class", source):
        classes.mkdir(parents=True, exist_ok=True)
        run(["javac", "-Xlint:all", "-Werror", "-cp", path, "-d", str(classes), str(source)], HERE, Broken)
    return ["java", "-cp", path, "Main"]


def rust(build, program):
    target = build / "rust"
    run(["cargo", "fetch", "--quiet"], HERE / "rust")
    run(["cargo", "build", "--quiet", "--bin", program], HERE / "rust", Broken, CARGO_TARGET_DIR=str(target))
    return [str(target / "debug" / program)]


def ruby(_build, program):
    """Debian has the packages."""
    run(["ruby", "-e", "require 'active_record'; require 'pg'"], HERE)
    return ["ruby", str(HERE / "ruby" / program)]


CLIENTS = {
    "psycopg": (python, "psycopg_app.py"),
    "django": (python, "django_app.py", "django_cockroachdb"),
    "node-postgres": (node, "pg.js"),
    "knex": (node, "knex.js"),
    "sequelize": (node, "sequelize.js"),
    "typeorm": (node, "typeorm.js"),
    "pgx": (go, "pgx"),
    "lib-pq": (go, "libpq"),
    "pgjdbc": (java, "pgjdbc"),
    "tokio-postgres": (rust, "tokio-postgres"),
    "active-record": (ruby, "active_record.rb"),
    "django-postgresql": (python, "django_app.py", "django.db.backends.postgresql"),
    "optuna": (python_with, "optuna_app.py", "optuna==4.5.0", "psycopg2-binary==2.9.10"),
    "gorm": (go, "gorm"),
    "hibernate": (java, "hibernate"),
}
# Made for PostgreSQL: their database has its dialect.
POSTGRESQL = {"django-postgresql", "optuna", "gorm", "hibernate"}


def prepare(url, dialect):
    """A user with a password and a database of its own; returns its URL."""
    name, host = "app", urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(host.query))
    quoted = PASSWORD.replace("'", "''")
    statements = [f"CREATE USER {name} WITH PASSWORD '{quoted}' CREATEDB", "CREATE DATABASE shop OWNER app",
                  f"ALTER DATABASE shop SET dialect = '{dialect}'"]
    for statement in statements:
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", statement], check=True)
    root = urllib.parse.quote(query["sslrootcert"], safe="/")
    return (f"postgresql://{name}:{urllib.parse.quote(PASSWORD, safe='')}@localhost:{host.port}/shop"
            f"?sslmode=verify-full&sslrootcert={root}")


def test(palmetto, build, name):
    """Returns passed, failed, skipped."""
    installer, *arguments = CLIENTS[name]
    began = time.monotonic()
    try:
        command = installer(build, *arguments)
    except (Missing, subprocess.TimeoutExpired) as e:
        print(f"skip: {name}: {e}")
        return 0, 0, 1
    except Broken as e:
        print(f"{name}: {e}")
        return 0, 1, 0
    installed = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(palmetto, pathlib.Path(directory), "--certs-dir=certs", "--store=type=mem,size=1GiB", "--log-dir=logs")
        url = prepare(server.wait(), "postgresql" if name in POSTGRESQL else "cockroachdb")
        try:
            done = subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=RUN_S, check=False)
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as e:
            output, status = (e.stdout or b"").decode() + "timed out", 1
        server_status, _, err = server.stop()
    counts = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
    passed, failed, skipped = map(int, counts[-1]) if counts else (0, 1, 0)
    if status != 0 or server_status != 0 or failed:
        failed = max(failed, 1)
        print(output, f"status {status}, the server's {server_status} {err}")
    print(f"{name}: {passed} passed, {failed} failed; {installed - began:.1f} s to install, {time.monotonic() - installed:.1f} s to run")
    return passed, failed, skipped


def main():
    palmetto, build = os.path.realpath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    build.mkdir(parents=True, exist_ok=True)
    try:
        results = [test(palmetto, build, name) for name in sys.argv[3:] or CLIENTS]
    finally:
        Server.kill_all()
    total = [sum(column) for column in zip(*results)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(total[1] != 0)


if __name__ == "__main__":
    main()

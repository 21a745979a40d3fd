"""psycopg 3: binary and text, pipelines, server cursors, COPY, cancellation, retries."""

import datetime
import decimal
import ipaddress
import threading
import uuid

import psycopg
from psycopg import crdb, sql
from psycopg.rows import dict_row
from psycopg.types.enum import EnumInfo
from psycopg.types.json import Jsonb

from check import URL, check, main, rejection

connection = crdb.connect(URL, autocommit=True)
utc = datetime.timezone.utc
ROW = {
    "id": 1, "flag": True, "i2": -2, "i4": 2**31 - 1, "f4": 1.5, "f8": 0.1, "n": decimal.Decimal("12.500"), "s": "é\U0001f600'\\", "b": b"\0\xff",
    "d": datetime.date(1815, 12, 10), "t": datetime.time(1, 2, 3, 4), "ts": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
    "tz": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, utc), "iv": datetime.timedelta(days=3, seconds=5), "u": uuid.UUID(int=7),
    "j": {"a": [1, None, "x"]}, "ip": ipaddress.ip_interface("10.1.2.3/24"), "ss": ["a,b", 'c"d', None], "ii": [1, 2],
    "nn": [decimal.Decimal("1.5")], "dd": [datetime.date(2020, 1, 1)],
}


@check
def server():
    assert connection.info.vendor == "CockroachDB" and connection.info.server_version >= 240100
    assert connection.pgconn.ssl_in_use and connection.info.backend_pid > 0


@check
def schema():
    connection.execute("""CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, i2 INT2, i4 INT4, f4 FLOAT4, f8 FLOAT8, n DECIMAL(12,3), s STRING, b BYTES, d DATE, t TIME,
          ts TIMESTAMP, tz TIMESTAMPTZ, iv INTERVAL, u UUID, j JSONB, ip INET, ss STRING[], ii INT[], nn DECIMAL[], dd DATE[]);
        CREATE TABLE accounts (id INT PRIMARY KEY, owner STRING NOT NULL UNIQUE, balance DECIMAL NOT NULL CHECK (balance >= 0))""")


@check
def every_type_there_and_back():
    columns = sql.SQL(", ").join(map(sql.Identifier, ROW))
    for form in ("%s", "%b", "%t"):
        marks = sql.SQL(", ").join(sql.SQL(form) for _ in ROW)
        # numbers that are no integers, and JSON, have no binary form of their own in psycopg
        values = [Jsonb(v) if k == "j" else v for k, v in ROW.items()]
        connection.execute(sql.SQL("UPSERT INTO kinds ({}) VALUES ({})").format(columns, marks), values)
        for binary in (False, True):
            with connection.cursor(binary=binary, row_factory=dict_row) as cursor:
                got = cursor.execute("SELECT * FROM kinds WHERE id = %s", (1,)).fetchone()
                assert got == ROW, (form, binary, got)


@check
def nulls_and_small_integers():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kinds (id, i2, i4, s) VALUES (%s, %s, %s, %s)", (2, 1, None, None))
        assert cursor.execute("SELECT %s + id, %s::INT2 FROM kinds WHERE id = %s", (1, 7, 2)).fetchone() == (3, 7)
        assert cursor.execute("SELECT id FROM kinds WHERE id = ANY(%s) ORDER BY id", ([1, 2, 3],)).fetchall() == [(1,), (2,)]


@check
def prepared_by_use():
    for i in range(8):
        assert connection.execute("SELECT owner FROM accounts WHERE id = %s", (i,)).fetchone() is None
    names = connection.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE '\\_pg3\\_%'").fetchall()
    assert len(names) >= 1
    rejection(psycopg.errors.DivisionByZero, lambda: connection.execute("SELECT 1 / %s", (0,)))


@check
def many_at_once():
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO accounts VALUES (%s, %s, %s) RETURNING id", [(i, f"owner {i}", 100) for i in range(1, 101)], returning=True)
        assert [results.fetchone()[0] for results in cursor.results()] == list(range(1, 101))


@check
def pipeline():
    with connection.pipeline() as pipe, connection.transaction():
        cursors = [connection.execute("SELECT balance + %s FROM accounts WHERE id = %s", (i, i)) for i in range(1, 11)]
        pipe.sync()
        assert [int(cursor.fetchone()[0]) for cursor in cursors] == list(range(101, 111))


@check
def server_cursor():
    with connection.transaction(), connection.cursor(name="rows") as cursor:
        cursor.itersize = 30
        cursor.execute("SELECT id FROM accounts WHERE id > %s ORDER BY id", (10,))
        assert [row[0] for row in cursor] == list(range(11, 101))
    streamed = connection.cursor().stream("SELECT g FROM generate_series(1, %s) AS g(g)", (1000,))
    assert sum(row[0] for row in streamed) == 500500


@check
def copy_both_ways():
    connection.execute("CREATE TABLE lines (n INT PRIMARY KEY, s STRING, at TIMESTAMPTZ)")
    at = datetime.datetime(2024, 1, 1, tzinfo=utc)
    with connection.cursor() as cursor:
        with cursor.copy("COPY lines (n, s, at) FROM STDIN") as copy:
            for i in range(500):
                copy.write_row((i, f"tab\t{i}" if i % 2 else None, at))
        with cursor.copy("COPY lines (n, s, at) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "text", "timestamptz"])
            for i in range(500, 1000):
                copy.write_row((i, "x", at))
        with cursor.copy("COPY (SELECT n, s, at FROM lines WHERE n < 3 ORDER BY n) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "text", "timestamptz"])
            assert list(copy.rows()) == [(0, None, at), (1, "tab\t1", at), (2, None, at)]
        assert cursor.execute("SELECT count(*) FROM lines").fetchone() == (1000,)


@check
def errors():
    e = rejection(psycopg.errors.UniqueViolation, lambda: connection.execute("INSERT INTO accounts VALUES (999, 'owner 1', 1)"))
    assert (e.diag.constraint_name, e.diag.table_name, e.diag.message_detail) == \
        ("accounts_owner_key", "accounts", "Key (owner)=('owner 1') already exists.")
    rejection(psycopg.errors.CheckViolation, lambda: connection.execute("UPDATE accounts SET balance = -1 WHERE id = 1"))
    e = rejection(psycopg.errors.NotNullViolation, lambda: connection.execute("INSERT INTO accounts VALUES (998, %s, 1)", (None,)))
    assert e.diag.column_name == "owner"
    rejection(psycopg.errors.UndefinedTable, lambda: connection.execute("SELECT * FROM nowhere"))
    rejection(psycopg.errors.InvalidTextRepresentation, lambda: connection.execute("SELECT %s::INT", ("x",)))


@check
def transactions():
    with connection.transaction():
        connection.execute("UPDATE accounts SET balance = balance + 1 WHERE id = 1")
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM accounts")
        rejection(psycopg.errors.UniqueViolation, nested_failure)
    assert connection.execute("SELECT count(*), max(balance) FROM accounts").fetchone() == (100, 101)


def nested_failure():
    with connection.transaction():
        connection.execute("INSERT INTO accounts VALUES (1, 'x', 1)")


def add_one(other):
    """The retry loop that CockroachDB's documentation asks for."""
    while True:
        try:
            with other.transaction():
                balance = other.execute("SELECT balance FROM accounts WHERE id = 2").fetchone()[0]
                other.execute("UPDATE accounts SET balance = %s WHERE id = 2", (balance + 1,))
            return
        except psycopg.errors.SerializationFailure:
            pass


@check
def contended_rows():
    def work():
        with crdb.connect(URL, autocommit=True) as other:
            for _ in range(5):
                add_one(other)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("SELECT balance FROM accounts WHERE id = 2").fetchone() == (120,)


@check
def enums():
    info = EnumInfo.fetch(connection, "mood")
    assert info is not None and list(info.labels) == ["sad", "ok"]
    psycopg.types.enum.register_enum(info, connection)
    mood = connection.execute("SELECT 'ok'::mood, ARRAY['sad']::mood[]").fetchone()
    assert (mood[0].name, [m.name for m in mood[1]]) == ("ok", ["sad"])


@check
def cancel():
    with crdb.connect(URL, autocommit=True) as other:
        failed = []
        thread = threading.Thread(target=lambda: failed.append(rejection(psycopg.errors.QueryCanceled,
                                                                        lambda: other.execute("SELECT pg_sleep(60)"))))
        thread.start()
        while connection.execute("SELECT count(*) FROM [SHOW CLUSTER STATEMENTS] WHERE query LIKE '%pg_sleep(60%'").fetchone() == (0,):
            pass
        other.cancel_safe()
        thread.join()
        assert len(failed) == 1 and other.execute("SELECT 1").fetchone() == (1,)


main()

"""The two systems, as what they answer: rows as text, or an SQLSTATE."""

import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE.parent.parent / "build" / "venv" / "bin" / "python"

try:
    from psycopg import pq
except ImportError:
    if pathlib.Path(sys.prefix) != VENV.parent.parent and VENV.exists():
        os.execv(VENV, [str(VENV), *sys.argv])
    print("skip: no psycopg")
    sys.exit(77)

sys.path.insert(0, str(HERE.parent / "cli"))
sys.path.insert(0, str(HERE.parent / "isolation"))

from harness import Server  # noqa: E402
from run import Postgres  # noqa: E402

PALMETTO, POSTGRES = 0, 1
TEXT, BINARY = 0, 1
# Results that are larger, and statements that take longer, are not compared.
ROWS_MAX, STATEMENT_TIMEOUT = 5000, "10s"
TOO_MANY = "57014"


class Outcome:
    """What a statement led to. `rows` are lists of bytes or None; `error` is an SQLSTATE, '' without one."""

    def __init__(self, rows=(), types=(), error="", message="", tag=""):
        self.rows, self.types, self.error, self.message, self.tag = rows, types, error, message, tag

    def __repr__(self):
        if self.error:
            return f"{self.error} {self.message}"
        shown = [" | ".join("NULL" if v is None else v.decode("utf-8", "replace") for v in row) for row in self.rows[:12]]
        more = [f"({len(self.rows)} rows)"] if len(self.rows) > 12 else []
        return f"{self.tag} {list(self.types)}\n    " + "\n    ".join(shown + more)


class Session:
    """A connection that speaks in text."""

    def __init__(self, url, label):
        self.url, self.label = url, label
        self.conn = None
        self.connect()

    def connect(self):
        if self.conn is not None:
            self.conn.finish()
        self.conn = pq.PGconn.connect(self.url.encode())
        if self.conn.status != pq.ConnStatus.OK:
            raise AssertionError(f"{self.label}: {self.conn.error_message}")
        self.conn.exec_(b"SET client_min_messages = error")

    def run(self, sql):
        """By the simple protocol. Rows come one by one, so that a result that is too large is given up before it is here."""
        self.conn.send_query(sql.encode())
        self.conn.set_single_row_mode()
        rows, last, many = [], None, False
        while (result := self.conn.get_result()) is not None:
            if result.status == pq.ExecStatus.SINGLE_TUPLE:
                if not many:
                    rows.append([result.get_value(0, j) for j in range(result.nfields)])
                if len(rows) > ROWS_MAX and not many:
                    many = True
                    self.conn.get_cancel().cancel()
            else:
                last = result
        if many:
            return Outcome(error=TOO_MANY, message=f"more than {ROWS_MAX} rows")
        outcome = self.outcome(last)
        if not outcome.error:
            outcome.rows = rows
        return outcome

    def run_extended(self, sql, result_format=TEXT):
        return self.outcome(self.conn.exec_params(sql.encode(), None, result_format=result_format))

    def run_parameters(self, sql, values):
        """By the extended protocol, with parameters in text whose types are for the server to find."""
        return self.outcome(self.conn.exec_params(sql.encode(), [value.encode() for value in values]))

    def copy_out(self, sql):
        """The data of COPY … TO STDOUT, or the outcome that is an error."""
        result = self.conn.exec_(sql.encode())
        if result.status != pq.ExecStatus.COPY_OUT:
            return self.outcome(result)
        data = b""
        while (got := self.conn.get_copy_data(0))[0] > 0:
            data += bytes(got[1])
        return self.finished(data)

    def finished(self, data):
        """`data`, unless the end of a COPY is an error."""
        while (result := self.conn.get_result()) is not None:
            if result.status != pq.ExecStatus.COMMAND_OK:
                data = self.outcome(result)
        return data

    def copy_in(self, sql, data):
        """COPY … FROM STDIN of this data; an outcome."""
        result = self.conn.exec_(sql.encode())
        if result.status != pq.ExecStatus.COPY_IN:
            return self.outcome(result)
        self.conn.put_copy_data(data)
        self.conn.put_copy_end()
        return self.finished(Outcome(tag="COPY"))

    def read_back(self, outcome):
        """Rows that came in binary, as text: sent back as binary parameters of their types. None when there are none."""
        rows = []
        for row in outcome.rows[:20]:
            parameters = ", ".join(f"${i + 1}" for i in range(len(row)))
            result = self.outcome(self.conn.exec_params(f"SELECT {parameters}".encode(), row, outcome.types, [BINARY] * len(row), TEXT))
            if result.error:
                return result
            rows += result.rows
        return Outcome(rows, outcome.types) if len(outcome.rows) <= 20 else None

    def must(self, sql):
        outcome = self.run(sql)
        if outcome.error:
            raise AssertionError(f"{self.label}: {outcome}: {sql}")
        return outcome

    def outcome(self, result):
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY):
            columns = range(result.nfields)
            rows = [[result.get_value(i, j) for j in columns] for i in range(result.ntuples)]
            tag = (result.command_status or b"").decode()
            return Outcome(rows, [result.ftype(j) for j in columns], tag=tag)
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        if state is None:
            raise AssertionError(f"{self.label}: the connection broke: {message}")
        return Outcome(error=state.decode(), message=message.decode("utf-8", "replace"))

    def close(self):
        self.conn.finish()


class Palmetto:
    """A server of its own in memory, in `directory`."""

    def __init__(self, program, directory):
        self.server = Server(os.path.realpath(program), pathlib.Path(directory), "--insecure", "--store=type=mem,size=1GiB")
        self.url = re.sub(r"\?.*", "", self.server.wait()) + "?sslmode=disable"

    def session(self):
        session = Session(self.url, "palmetto")
        session.must(f"SET null_ordered_last = on; SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        return session

    def check_alive(self):
        if self.server.process.poll() is not None:
            raise AssertionError("the server ended: " + "".join(self.server.process.communicate())[-5000:])


def postgres_session(postgres):
    session = Session(postgres.url, "postgresql")
    session.must("SET TimeZone = 'UTC'")
    session.must(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    session.must("SET jit = off")
    return session

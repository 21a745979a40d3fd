#!/usr/bin/env python3
"""Every function, operator and cast that Palmetto and PostgreSQL both have, on a grid of edge values, and the values' forms.

    functions.py PALMETTO [--only NAME] [--calls N] [--list]

What both have is read from pg_proc and pg_operator; casts are tried between all types of the grid. Results and the classes
of SQLSTATEs are compared; what differs by design is listed in differences.py. --list prints what is compared.
"""

import argparse
import collections
import itertools
import os
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from compare import difference  # noqa: E402
from differences import function_by_design, reasons  # noqa: E402
from systems import BINARY, TEXT, Palmetto, Postgres, postgres_session  # noqa: E402

PAGE = HERE.parent.parent / "docs" / "COMPATIBILITY.md"
# Edge values by type, as texts.
GRID = {
    "int8": ["0", "1", "-1", "2", "7", "-13", "63", "64", "100", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808"],
    "float8": ["0", "-0", "1", "-1", "0.5", "2.5", "-2.5", "1e300", "-1e300", "1e-300", "123456.789", "Infinity", "-Infinity", "NaN"],
    "numeric": ["0", "1", "-1", "0.5", "1.5", "2.5", "-2.5", "-3.14159", "100", "0.000001", "1e20", "99999999999999999999.999", "NaN"],
    "text": ["", "a", "A", "abc", "aBc Def", " x ", "äöü", "日本語", "e\u0301", "🐘", "100", "-1.5", "%", "_a%", "a,b,,c", "\\", "'", "a.b*", "abcabc", "tést\tx\ny"],
    "bool": ["true", "false"],
    "date": ["2000-01-01", "1970-01-01", "2024-02-29", "1999-12-31", "0001-01-01", "4713-01-01 BC", "9999-12-31", "2023-01-01", "infinity", "-infinity"],
    "time": ["00:00:00", "12:34:56.789012", "23:59:59.999999", "24:00:00"],
    "timetz": ["00:00:00+00", "12:34:56.789+02", "23:59:59.999999-11:30"],
    "timestamp": ["2000-01-01 00:00:00", "1970-01-01 00:00:00", "2024-02-29 12:34:56.789012", "1999-12-31 23:59:59.999999", "0001-01-01 00:00:00",
                  "9999-12-31 23:59:59", "infinity", "-infinity", "0044-03-15 12:00:00 BC"],
    "timestamptz": ["2000-01-01 00:00:00+00", "1970-01-01 00:00:00+00", "2024-02-29 12:34:56.789012+02", "1999-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00",
                    "2024-07-01 00:00:00-07", "infinity", "-infinity"],
    "interval": ["0", "1 day", "-1 day", "1 mon", "1 year 2 mons 3 days 04:05:06.789", "-1 year", "25:00:00", "00:00:00.000001", "35 days", "13 mons", "1 day -01:00:00"],
    "bytea": ["", "\\x00", "\\x61", "\\x616263", "\\xff00ff", "\\xc3a4"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "12345678-9abc-def0-1234-56789abcdef0"],
    "jsonb": ["null", "true", "1", "-1.5", '"s"', "[]", "{}", "[1, 2, null]", '{"a": 1}', '{"a": {"b": [1, "x"]}, "c": null}', '"\\u00e4"', "1e10", '[[1, 2], {"a": []}]'],
    "_int8": ["{}", "{1}", "{1,2,3}", "{NULL}", "{1,NULL,1}"],
    "_text": ["{}", "{a}", "{a,b}", "{NULL,x}", '{"","a b"}'],
    "inet": ["192.168.1.5", "192.168.1.5/24", "10.0.0.0/8", "0.0.0.0/0", "255.255.255.255", "::1", "fe80::1:2/64", "::ffff:1.2.3.4"],
    "cidr": ["10.0.0.0/8", "10.1", "192.168.1", "0.0.0.0/0", "255.255.255.255", "224", "::1", "fe80::/64", "::/0"],
    "macaddr": ["00:00:00:00:00:00", "08:00:2b:01:02:03", "8-0-2B-1-2-3", "0800.2b01.0203", "ffffffffffff"],
    "macaddr8": ["00:00:00:00:00:00:00:00", "08:00:2b:01:02:03", "08002b:0102030405", "0800.2bff.fe01.0203", "ff-ff-ff-ff-ff-ff-ff-ff"],
    "tsvector": ["", "'a' 'b'", "'cat':1 'dog':2,3A", "'a':1B 'b':2 'c':3C,4", "'A''b' 'x y':5"],
    "tsquery": ["", "cat & dog", "!a | b", "a <-> b", "'cat':A*", "(a | b) & !c", "a <2> c"],
    "pg_lsn": ["0/0", "0/1", "16/B374D848", "7FFFFFFF/FFFFFFFF", "80000000/0", "FFFFFFFF/FFFFFFFF"],
    "jsonpath": ["$", "$.a", "$[*]", "strict $.b", "$.a ? (@ > 1)", "$.a == 1", "$.*.type()", "-1", "+$.a - 2 * ($.b + 3) / 4",
                 "$ ? (@.a like_regex \"^x\" flag \"i\" || exists(@.b) && !(@.c starts with \"y\"))", "($.a > 1) is unknown", "$[0, 1 to last - 1].\"k k\"",
                 "$var.size()", "1.50", "null", "(1 + 2).abs()", "$.a.b[*].*", ""],
    "ltree": ["", "a", "a.b", "a.b.c", "a.b.c.b", "b", "c.d", "A.b_1"],
    "varbit": ["", "0", "1", "0101", "11111111", "1000000000"],
}
# Types and values whose text and binary forms are compared beside those of the grid.
FORMS = {
    "int2": ["0", "-1", "32767", "-32768"], "int4": ["0", "2147483647", "-2147483648"],
    "float4": ["0", "-0", "1.5", "3.4028235e38", "1e-45", "Infinity", "-Infinity", "NaN", "0.1", "16777216", "123456.7"],
    "float8": ["1.7976931348623157e308", "5e-324", "0.1", "1e15", "1e16", "1e-4", "1e-5", "9007199254740993"],
    "numeric": ["0.00", "-0.0000", "12345678901234567890123456789012345678901234567890.123456789", "10000", "9999", "0.0001", "1.10", "100000000", "-99999999.9999"],
    "numeric(5,2)": ["1.005", "999.99", "-0.001"], "varchar(3)": ["abcd", "ä"], "name": ["abc", ""], '"char"': ["a", ""],
    "bit(3)": ["101", "000"], "oid": ["0", "4294967295"], "regtype": ["int8", "text"], "int2vector": ["1 2 3"], "oidvector": ["1 4294967295"],
    "date": ["4714-11-24 BC", "5874897-12-31", "0001-12-31 BC", "10000-01-01"], "timestamp": ["4714-11-24 00:00:00 BC", "2024-06-01 12:00:00.5"],
    "timestamp(3)": ["2000-01-01 00:00:00.123456", "2000-01-01 00:00:00.9999"], "timestamptz": ["4714-11-24 00:00:00+00 BC", "2024-06-01 12:00:00.000001+05:30"],
    "timetz": ["24:00:00+00", "00:00:00+15:59:59", "00:00:00-15:59"],
    "interval": ["178000000 years", "-178000000 years", "00:00:00.1", "P1Y2M3DT4H5M6S", "1-2", "3 4:05:06", "1 day 2 hours ago", "2147483647 days"],
    "cidr": ["10", "128.1", "1.2.3.4", "2001:db8::/32"], "macaddr": ["08002b:010203"], "macaddr8": ["08002b010203"],
    "inet": ["::", "::1/0", "1.2.3.4/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1::2:0:0:0:3"],
    "uuid": ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "A0EEBC999C0B4EF8BB6D6BB9BD380A11"], "bytea": ["abc\\000def", "\\\\"],
    "jsonb": ["1.0", "1.10", '"\\u0001"', '[{"a":[1,{"b":null}]}]', " [ 1 , 2 ] "], "bool": ["yes", "off", "tr", "maybe"],
}
# By design: large decimals print with an exponent; an extension's types have other OIDs.
FORMS_APART = {("jsonb", "1e10"), ("numeric", "1e20")} | {("ltree", value) for value in GRID["ltree"]}
# Arguments of functions that mean something special: (function, position of the argument) to its values.
DATE_FIELDS = ["year", "month", "day", "hour", "minute", "second", "epoch", "dow", "isodow", "doy", "week", "quarter", "century", "decade",
               "millennium", "isoyear", "julian", "milliseconds", "microseconds", "timezone", "nonsense"]
NUMBER_FORMATS = ["999", "FM999.00", "S9990.99", "0000", "9,999,999", "999.99", "FM9", "99PR", "MI999", "9.99EEEE", "RN", "FMRN", "L999", "00.00"]
TIME_FORMATS = ["YYYY-MM-DD HH24:MI:SS.US", "Day DD Month YYYY", "IYYY-IW-ID", "Q CC J DDD", "HH12:MI AM", "FMMonth FMDD", "Dy, DD Mon YY", "SSSS MS", "WW W D",
                "YYYY BC", "\"text\" YYYY", "DDth", "mon MON Mon"]
SPECIAL = {
    ("extract", 0): DATE_FIELDS, ("date_part", 0): DATE_FIELDS, ("date_trunc", 0): DATE_FIELDS,
    ("to_char", 1): {"float8": NUMBER_FORMATS, "numeric": NUMBER_FORMATS, "int8": NUMBER_FORMATS, "": TIME_FORMATS},
    ("date_trunc", 2): ["UTC", "Europe/Berlin", "America/New_York", "nowhere"],
    ("timezone", 0): ["UTC", "Europe/Berlin", "America/New_York", "nowhere"],
    ("to_date", 0): ["2024-02-29", "1999-12-31", "2000-13-01", "20240229"], ("to_date", 1): ["YYYY-MM-DD", "YYYYMMDD"],
    ("to_timestamp", 0): ["2024-02-29 12:34:56", "1999-12-31 23:59:59", "2000-01-01 00:00:00"], ("to_timestamp", 1): ["YYYY-MM-DD HH24:MI:SS"],
    ("to_number", 0): ["12,454.8-", "-1.5", "100", "1,000"], ("to_number", 1): ["99G999D9S", "9.9", "S999", "9,999"],
    ("encode", 1): ["hex", "base64", "escape", "nonsense"], ("decode", 1): ["hex", "base64", "escape"],
    ("convert_from", 1): ["UTF8"], ("convert_to", 1): ["UTF8"], ("make_timestamptz", 6): ["UTC", "Europe/Berlin"],
}
SAME = {"int2": "int8", "int4": "int8", "oid": None, "varchar": "text", "bpchar": "text", "name": None, "bit": "varbit", "float4": None, "anyarray": "_int8",
        "anyelement": "int8", "anycompatiblearray": "_int8", "anycompatible": "int8", "_int4": "_int8", "anynonarray": None}
# Not functions of their arguments, or about the server itself.
EXCLUDED = {"random", "setseed", "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "gen_random_uuid", "version",
            "current_setting", "set_config", "nextval", "currval", "setval", "lastval", "to_regclass", "to_regtype", "to_regproc", "to_regnamespace",
            "to_regrole", "format_type", "obj_description", "col_description", "shobj_description", "current_schemas", "getdatabaseversion", "get_current_ts_config"}
PREFIXES = ("pg_", "has_", "inet_server", "inet_client", "txid_", "lo_", "row_security", "binary_upgrade", "current_", "session_user", "repeat")
# Input and output functions of types; SQL reaches them as casts.
SUFFIXES = ("out", "_out", "send", "recv", "_in")
CALLS = 120
# No such function, operator or cast: of those, one has more than the other.
MISSING = ("42883", "42846", "0A000")


def signatures(session):
    """(name, argument types) to whether its arguments are those of a strict function; names as in the grid."""
    found = session.must("SELECT p.proname, p.provolatile, p.proretset, p.proargtypes::TEXT, p.prokind FROM pg_catalog.pg_proc p "
                         "JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'pg_catalog'")
    types = {row[0].decode(): row[1].decode() for row in session.must("SELECT oid::TEXT, typname FROM pg_catalog.pg_type").rows}
    out = {}
    for name, volatility, is_set, arguments, kind in found.rows:
        name = name.decode()
        if kind != b"f" or is_set == b"t" or volatility == b"v" or excluded(name):
            continue
        given = [types.get(oid, "?") for oid in arguments.decode().split()]
        grid = tuple(grid_type(t) for t in given)
        if None not in grid:
            if (name, grid) not in out or given.count("int8") > out[name, grid].count("int8"):
                out[name, grid] = given
    return out


def excluded(name):
    return name in EXCLUDED or name.startswith(PREFIXES) or name.endswith(SUFFIXES)


def grid_type(name):
    if name in GRID:
        return name
    return SAME.get(name)


def operators(session):
    found = session.must("SELECT o.oprname, l.typname, r.typname FROM pg_catalog.pg_operator o LEFT JOIN pg_catalog.pg_type l ON l.oid = o.oprleft "
                         "JOIN pg_catalog.pg_type r ON r.oid = o.oprright")
    out = {}
    for name, left, right in found.rows:
        given = (left.decode() if left else "", right.decode())
        grid = tuple(grid_type(t) if t else "" for t in given)
        if None not in grid:
            # An operator with the grid's own types is taken before one with smaller integers.
            key = (name.decode(), *grid)
            if key not in out or given.count("int8") > out[key].count("int8"):
                out[key] = given
    return out


class Grid:
    """Compares call after call."""

    def __init__(self, palmetto, postgres, arguments):
        self.palmetto, self.postgres, self.arguments = palmetto, postgres, arguments
        self.random = random.Random(1)
        self.counts = collections.Counter()
        self.failed = collections.OrderedDict()

    def combinations(self, kinds, theirs, name=""):
        """Arguments, as far as PostgreSQL's types can hold them."""
        values = [[None, *(value for value in grid_values(name, i, kinds) if fits(value, other))] for i, other in enumerate(theirs)]
        every = list(itertools.islice(itertools.product(*values), 20000))
        return every if len(every) <= self.arguments.calls else self.random.sample(every, self.arguments.calls)

    def compare(self, subject, ours, theirs):
        """One call in each dialect."""
        a, b = self.palmetto.run(f"SELECT {ours}"), self.postgres.run(f"SELECT {theirs}")
        b.types = a.types if a.types and b.types and kindred(a.types[0], b.types[0]) else b.types
        self.counts["calls"] += 1
        if a.error in MISSING or b.error in MISSING:
            self.counts["not in both"] += 1
            return
        what = difference(a, b, True)
        if what is None:
            return
        reason = function_by_design(subject, what, a, b, ours)
        if reason is not None:
            self.counts[f"by design: {reason}"] += 1
            return
        self.failed.setdefault(subject, []).append(f"{what}: {ours}\n      palmetto: {shown(a)}\n      postgresql: {shown(b)}")

    def functions(self):
        mine, theirs = signatures(self.palmetto), signatures(self.postgres)
        for name, kinds in sorted(set(mine) & set(theirs)):
            subject = f"{name}({', '.join(kinds)})"
            if self.skip(subject):
                continue
            others = given(theirs[name, kinds], kinds)
            for values in self.combinations(kinds, others, name):
                self.compare(subject, *(f"{quoted(name)}({', '.join(map(literal, values, k))})" for k in (kinds, others)))

    def operators(self):
        mine, theirs = operators(self.palmetto), operators(self.postgres)
        for key in sorted(set(mine) & set(theirs)):
            name, *kinds = key
            subject = f"{kinds[0]} {name} {kinds[1]}"
            if self.skip(subject):
                continue
            kinds = [kind for kind in kinds if kind]
            others = given([t for t in theirs[key] if t], kinds)
            for values in self.combinations(kinds, others):
                self.compare(subject, *(operation(name, list(map(literal, values, k))) for k in (kinds, others)))

    def casts(self):
        for source, target in itertools.product(GRID, GRID):
            subject = f"{source}::{target}"
            if self.skip(subject):
                continue
            for values in self.combinations([source], [source]):
                text = f"({literal(values[0], source)})::{sql_name(target)}"
                self.compare(subject, text, text)

    def forms(self):
        """Text and binary forms of values and of arrays of them, and what is read from the binary ones again."""
        for kind, value in [(kind, value) for grid in (GRID, FORMS) for kind, values in grid.items() for value in values]:
            subject = f"forms of {kind}"
            if (kind, value) in FORMS_APART or self.skip(subject):
                continue
            one = literal(value, kind)
            for sql in [f"SELECT {one}"] + [f"SELECT ARRAY[{one}, NULL]"] * (kind[0] != "_" and not kind.endswith("vector")):
                self.forms_of(subject, sql)

    def forms_of(self, subject, sql):
        text, binary = (self.palmetto.run_extended(sql, form) for form in (TEXT, BINARY))
        others = [self.postgres.run_extended(sql, form) for form in (TEXT, BINARY)]
        self.counts["calls"] += 2
        what = difference(text, others[0], True)
        if what is None and not text.error and binary.rows != others[1].rows:
            what = f"binary {binary.rows} {others[1].rows}"
        if what is None and not text.error and self.palmetto.read_back(binary).rows != text.rows:
            what = f"read back from binary {self.palmetto.read_back(binary)}"
        if what is not None:
            self.failed.setdefault(subject, []).append(f"{what}: {sql}\n      palmetto: {shown(text)}\n      postgresql: {shown(others[0])}")

    def skip(self, subject):
        if self.arguments.only and self.arguments.only not in subject:
            return True
        self.counts["functions, operators, casts"] += 1
        if self.arguments.list:
            print(subject)
        return self.arguments.list

    def report(self):
        for subject, lines in self.failed.items():
            print(f"FAIL {subject}: {len(lines)} differences")
            for line in lines[:self.arguments.shown]:
                print(f"    {line}")
        for what, n in sorted(self.counts.items()):
            print(f"{n:8} {what}")


def kindred(ours, theirs):
    """Numbers of the other kinds, json and jsonb: which one a function returns is not compared here."""
    numbers, json = (20, 701, 1700), (114, 3802)
    return ours in numbers and theirs in numbers or ours in json and theirs in json


def operation(name, operands):
    return f"{operands[0]} {name} {operands[1]}" if len(operands) == 2 else f"{name} {operands[0]}"


def given(types, kinds):
    """PostgreSQL's smaller integers where it has no function of the larger ones."""
    return [t if t in ("int2", "int4") else kind for t, kind in zip(types, kinds)]


def grid_values(name, position, kinds):
    special = SPECIAL.get((name, position))
    if isinstance(special, dict):
        return special.get(kinds[0], special[""])
    return special or GRID[kinds[position]]


def fits(value, type_):
    bits = {"int2": 15, "int4": 31}.get(type_)
    return bits is None or -(1 << bits) <= int(value) < 1 << bits


def quoted(name):
    return f'pg_catalog."{name}"' if name not in ("left", "right", "overlay", "position", "substring") else f'"{name}"'


def sql_name(kind):
    return f"{kind[1:]}[]" if kind.startswith("_") else kind


def literal(value, kind):
    if value is None:
        return f"NULL::{sql_name(kind)}"
    escaped = value.replace("'", "''")
    return f"'{escaped}'::{sql_name(kind)}"


def shown(outcome):
    if outcome.error:
        return f"{outcome.error} {outcome.message}"
    return f"{outcome.rows[0][0]!r} (type {outcome.types[0]})" if outcome.rows else "no rows"


def document(write):
    """Whether the page lists all reasons of differences.py and no others."""
    begin, end = "<!-- differences -->\n", "<!-- end of differences -->"
    text = PAGE.read_text()
    before, rest = text.split(begin)
    listed, after = rest.split(end)
    wanted = "".join(f"- {reason}\n" for reason in reasons())
    if write:
        PAGE.write_text(before + begin + wanted + end + after)
    return write or listed == wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("palmetto")
    parser.add_argument("--only", help="what the name of a function, operator or cast must contain")
    parser.add_argument("--calls", type=int, default=CALLS, help="at most so many calls of each")
    parser.add_argument("--shown", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--document", action="store_true", help="writes the list of differences by design into its page")
    arguments = parser.parse_args()
    documented = document(arguments.document)
    if Postgres.find() is None:
        print("skip: no PostgreSQL server")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as home:
        palmetto = Palmetto(os.path.realpath(arguments.palmetto), directory)
        postgres = Postgres(home)
        try:
            admin = postgres_session(postgres)
            admin.must("CREATE DATABASE d TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
            admin.close()
            postgres.url = postgres.url.replace("/postgres?", "/d?")
            extended = postgres_session(postgres)
            for extension in ("fuzzystrmatch", "ltree", "pg_trgm"):  # where they are installed
                extended.run(f"CREATE EXTENSION {extension} SCHEMA pg_catalog")
            extended.close()
            grid = Grid(palmetto.session(), postgres_session(postgres), arguments)
            grid.functions()
            grid.operators()
            grid.casts()
            grid.forms()
            palmetto.check_alive()
        finally:
            postgres.stop()
            palmetto.server.stop()
    grid.report()
    total = grid.counts["functions, operators, casts"]
    failed = len(grid.failed) + (not documented)
    if not documented:
        print(f"{PAGE} does not list the differences by design: functions.py --document")
    print(f"{total + documented - len(grid.failed)} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

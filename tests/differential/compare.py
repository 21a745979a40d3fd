"""When two outcomes are the same, and the differences that are by design."""

import decimal
import json
import math
import re

FLOATS, NUMERIC, JSON = (700, 701), 1700, (114, 3802)
INTEGERS = (20, 21, 23, 26)
STRINGS = (18, 19, 25, 1042, 1043, 705)
BITS = (1560, 1562)
BIT_ARRAYS = (1561, 1563)
INTEGER_ARRAYS = (1016, 1005, 1007)
FLOAT_ARRAYS = (1021, 1022)
STRING_ARRAYS = (1009, 1015, 1014, 1002, 1003)
RELATIVE = 1e-9
UTC = re.compile(r"^(\d+-\d\d-\d\dT[\d:.]+)\+00:00$")  # times in JSON (a difference by design)


def number(text):
    value = float(text)
    return 0.0 if value == 0 else value
EXTENSION = 16384  # types of extensions have OIDs from here on, each server its own


def reading(oid):
    """How a column's text is read: into a value that is compared, and a key that sorts rows."""
    if oid in FLOATS or oid == NUMERIC:
        return number
    if oid in FLOAT_ARRAYS:
        return lambda text: Json([None if item == "NULL" else number(item) for item in text.strip("{}").split(",")] if len(text) > 2 else [])
    if oid in JSON:
        return lambda text: Json(json.loads(text, parse_int=float, parse_float=float))
    return lambda text: text


class Json:
    """Keys have no order; numbers are compared as numbers."""

    def __init__(self, value):
        self.value = value
        self.key = json.dumps(rounded(value), sort_keys=True)

    def __eq__(self, other):
        return isinstance(other, Json) and self.key == other.key

    def __repr__(self):
        return self.key


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, str):
        return UTC.sub(r"\1Z", value)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


DIGITS = re.compile(r"^-?\d*\.\d{10,}(e-?\d+)?$")  # a float as text, of which the last digit is nobody's promise


def same_value(a, b):
    if isinstance(a, str) and isinstance(b, str) and a != b and DIGITS.match(a) and DIGITS.match(b):
        a, b = float(a), float(b)
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b or abs(a - b) <= RELATIVE * max(abs(a), abs(b))
    return a == b


def sort_key(row):
    """Numbers that differ in their last digits only must come at the same place."""
    return [(value is not None, f"{value:.6g}" if isinstance(value, float) else repr(value)) for value in row]


def read_rows(outcome):
    """The rows as values that can be compared."""
    readers = [reading(oid) for oid in outcome.types]
    rows = []
    for row in outcome.rows:
        rows.append([None if v is None else read(v.decode("utf-8", "surrogateescape")) for read, v in zip(readers, row)])
    return rows


def type_class(oid):
    for kinds in (INTEGERS, STRINGS, BITS, BIT_ARRAYS, INTEGER_ARRAYS, STRING_ARRAYS):
        if oid in kinds:
            return kinds[0]
    return EXTENSION if oid >= EXTENSION else oid


def same_rows(a, b, ordered):
    """Whether two outcomes have the same rows; unless they are ordered, as multisets."""
    if len(a.rows) != len(b.rows):
        return False
    left, right = read_rows(a), read_rows(b)
    if not ordered:
        left.sort(key=sort_key)
        right.sort(key=sort_key)
    return all(same_value(x, y) for one, other in zip(left, right) for x, y in zip(one, other))


def difference(ours, theirs, ordered):
    """What differs between Palmetto's and PostgreSQL's outcome, in a word or two, or None."""
    if ours.error or theirs.error:
        return error_difference(ours, theirs)
    if [type_class(oid) for oid in ours.types] != [type_class(oid) for oid in theirs.types]:
        return "types"
    if ours.types == () or len(ours.types) == 0:
        return None if row_count(ours.tag) == row_count(theirs.tag) else "row count"
    return None if same_rows(ours, theirs, ordered) else "rows"


def row_count(tag):
    found = re.search(r"(\d+)$", tag)
    return found[1] if found else tag.split(" ")[0]


def error_difference(ours, theirs):
    if ours.error[:2] == theirs.error[:2]:
        return None
    if ours.error and theirs.error:
        return f"errors {ours.error} {theirs.error}"
    return f"error {ours.error}" if ours.error else f"no error {theirs.error}"

"""The differences that are by design, with their reasons."""

import re

TYPE_ERRORS = ("22023", "42804", "42883", "42601", "42P18", "42725", "42846")

# (kind of difference as compare.py names it, a pattern of the statement, a pattern of the errors, reason): patterns of
# regular expressions; the errors are "OURS message / THEIRS message". The statement has been made as small as it can be while
# it still differs in this way, so that a pattern meets what the difference is about.
LISTED = [
    ("^(no error|errors 21000) (23502|23514)", r"ON CONFLICT", "", "a row that meets a conflict is not inserted, so its NULLs and checks are not looked at"),
    ("^error 2BP01", r"^ALTER TABLE \w+ RENAME COLUMN", "because view", "a column that a view reads cannot be renamed"),
    ("^error 2BP01", r"^ALTER TABLE \w+ (RENAME|DROP) COLUMN", "because function", "a column that a function uses cannot be renamed or dropped"),
    ("^error 2BP01", r"^ALTER TABLE \w+ DROP COLUMN", "because view", "a view with * in a correlated subquery holds all columns of its tables"),
    ("error 2201B", r"regexp|~", "", "regular expressions are PCRE2's"),
    ("^error 21000", r"ON CONFLICT .* DO UPDATE .* WHERE", "", "a row that a command meets twice is an error whether or not WHERE lets it change"),
    ("^no error 22003", r"exp\(|\*|/|\^|power|sinh", "underflow|overflow", "floats overflow to Infinity and underflow to 0"),
    ("^no error 22003", r"acos|asin|atanh|acosh|sind|tan|sin\(|cos\(|cot", "input is out of range",
     "trigonometric functions outside of their domain are NaN"),
    ("^types", r"\bdiv\(", "", "div() of integers is an integer"),
    ("^no error 2201F", r"\^|power", "", "floats overflow to Infinity and underflow to 0"),
    ("error", r"chr\(", "null character not permitted|requested character|chr\\(\\)", "chr() takes 0, and reports code points that do not exist with another SQLSTATE"),
    ("^no error 22023", r"::(INT8|DECIMAL|BOOL|FLOAT8)", "cannot cast jsonb null", "a JSON null becomes NULL when it is cast"),
    ("^error 22007", r"::(DATE|TIME|TIMESTAMP|TIMESTAMPTZ|INTERVAL)\b", "could not parse", "dates and times with punctuation that is not theirs are refused"),
    ("^rows", r"jsonb.*TIMESTAMPTZ", "", "TIMESTAMPTZ in JSON ends with Z in UTC"),
    ("^row", r"OVERLAPS", "", "OVERLAPS with a NULL is NULL"),
    ("^error 22023", r"\|\|", "invalid concatenation of jsonb", "a scalar and an object cannot be concatenated"),
    ("^error 22P02", r"#-", "path element", "a path into an array must be numbers, even where nothing is there"),
    ("^(no error 55000|rows)", r"setval.*SELECT lastval\(\)$", "", "lastval() is also what setval() has set"),
    ("^no error 22023", r"ALTER SEQUENCE", "/ 22023 RESTART value", "a sequence may stand outside of bounds that it is given later"),
    ("^no error 22021", r"convert_from", "", "strings can hold the character 0"),
    ("^error 22023", r"set_masklen", "mask length: -1", "set_masklen(): -1 is refused"),
    ("^rows", r"::INTERVAL [*/]", r"", "fractions of microseconds of multiplied and divided intervals are rounded at the end"),
    ("^row", r"quote_ident|%I", "", "quote_ident() quotes CockroachDB's keywords"),
    ("^row", r"quote_(literal|nullable)", "", "escape strings begin with a small e"),
    ("^error 22", r"\bIN \(|\bBETWEEN\b|\bA(NY|LL) \(|CASE .* WHEN|\) IS (NOT )?NULL|\)\[", "", "operands are evaluated in any order"),
    ("^no error 22004", r"array_position", "", "array_position(), width_bucket(): a NULL start or threshold is passed over"),
    ("^error 22025", r"SIMILAR TO", "must not end", "a pattern that ends with its escape character is an error"),
    ("^(no error|errors 54000) 22003", "", "integer out of range$", "functions take 64-bit integers where PostgreSQL's take 32-bit ones"),
]


CONSTANTS = "PostgreSQL evaluates constant expressions when it plans, whether or not there are rows"
NULLS = "PostgreSQL does not evaluate the arguments of a strict function beside a constant NULL"


def by_design(what, ours, theirs, sql, planned=None, unfolded=None):
    """The reason why this difference is meant to be, or None. `planned()`: PostgreSQL's outcome when it only plans the
    statement; `unfolded()`: when it cannot know that a NULL is one."""
    if what is None:
        return None
    if "57014" in (ours.error, theirs.error):
        return "too many rows, or too long"
    if what.startswith("errors") and ours.error in TYPE_ERRORS and theirs.error in TYPE_ERRORS:
        return "operators without an implementation for their types are 22023"
    errors = f"{ours.error} {ours.message} / {theirs.error} {theirs.message}"
    for kind, pattern, error, reason in LISTED:
        if re.search(kind, what) and re.search(pattern, sql, re.S) and re.search(error, errors):
            return reason
    if what.startswith("no error 2") and planned is not None and planned().error == theirs.error:
        return CONSTANTS
    if what.startswith("error 22") and "NULL" in sql and unfolded is not None and unfolded().error[:2] == "22":
        return NULLS
    return None


# (pattern of the subject, kind of difference, a pattern of the call and its outcomes, reason), as above.
FUNCTIONS = [
    (r"^levenshtein_less_equal", "rows", "", "levenshtein_less_equal() beyond its limit gives the next number"),
    (r"^(index|subpath)\(ltree, ", r"", r"-?214748364[78]", "positions in paths may be any numbers"),
    (r"^(text::ltree|text2ltree|text \|\| ltree|ltree \|\| text)", "no error 42601", r"'-", "labels of paths may contain -"),
    (r"^similarity", "types", "", "similarity() is a FLOAT of 64 bits"),
    (r"^show_trgm", "rows", r"0x", "trigrams with other letters than those of ASCII are shown as they are"),
    (r"^similar_(to_)?escape", "", "", "similar_escape(): nothing to escape is an error, escaped letters stand for themselves, no escape gives NULL"),
    (r"", "", r"infinity", "dates and times that are infinite have no fields, and cannot be subtracted or put into bins"),
    (r"^(a?(cos|sin|tan|cot)[dh]?|a?tanh|acosh)\(", "no error 22003", "", "trigonometric functions outside of their domain are NaN"),
    (r"^(exp|pow|power)\(float|float8 [*/^] ", "no error 2", "", "floats overflow to Infinity and underflow to 0"),
    (r"numeric \^|^pow(er)?\(numeric", "", "", "powers of decimals have 20 digits, and a bound of their exponents"),
    (r"^(float8|numeric) [<>]=? ", "rows", "NaN", "NaN is smaller than all other numbers"),
    (r"^(_int8|inet|tsvector|tsquery) [<>]=? ", "rows", "", "arrays, inet and text search values have another order"),
    (r"^int8 / int8", "types|rows|no error 22003", "", "/ of integers gives a decimal"),
    (r"^(numeric::|jsonb|to_jsonb)", "rows", r"1e10|1e20", "large decimals print with an exponent"),
    (r"^jsonb::", "no error 22023", "null", "a JSON null becomes NULL when it is cast"),
    (r"^jsonb (\|\||#-|->>?|- )", "", "", "scalars are no arrays of one element; paths and keys must fit what they are used on"),
    (r"^jsonb_(set|insert|pretty)", "", "", "empty arrays and objects print in one line, and can be replaced by an empty path"),
    (r"^inet::text|^(inet|netmask|broadcast|hostmask|network)", "types|rows|no error 22003", "", "addresses without a mask print without one; wide results wrap"),
    (r"^set_masklen", "error 22023", "-1", "set_masklen(): -1 is refused"),
    (r"^ascii", "error 22023", "", "ascii('') is an error"),
    (r"^chr", "", "", "chr() takes 0, and reports code points that do not exist with another SQLSTATE"),
    (r"^quote_(literal|nullable)", "rows", "", "escape strings begin with a small e"),
    (r"^overlaps", "rows", "NULL", "OVERLAPS with a NULL is NULL"),
    (r"^sha\d+", "types|rows", "", "sha256() and its kin give hexadecimal text"),
    (r"^(cos|sin|tan)d\(", "rows", "1e300", "sind() and its kin: degrees are not reduced to one turn first"),
    (r"^int8 (<<|>>)", "error 22023", "", "shifts by less than 0 or more than 63 are errors"),
    (r"^width_bucket\(", "", r"1e300|1e20|99999", "width_bucket(): buckets are computed as floats"),
    (r"^(sign|log|div|mod)\(|numeric [%/] numeric|float8 / float8", "", "NaN", "NaN is checked after the bounds of the arguments"),
    (r"^(lpad|rpad|overlay|round|trunc|right)\(", "", "2147483647|2147483648", "lpad(), round() and others: lengths and scales are 64-bit integers with bounds of their own"),
    (r"^(array_position|width_bucket)\(", "no error 22004", "", "array_position(), width_bucket(): a NULL start or threshold is passed over"),
    (r"^width_bucket", "no error 22003", "", "functions take 64-bit integers where PostgreSQL's take 32-bit ones"),
    (r"^substring\(text, text, text\)", "error 22025", "", "substring(): a pattern that ends with its escape character is an error"),
    (r"^to_char\((float8|numeric)", "rows", "NaN|'-0'|e300|Infinity", "to_char() of numbers: NaN has too many digits, -0 is 0, floats keep their decimals"),
    (r"^to_char\((int8|numeric)", "", "RN|99999", "to_char() of numbers: numbers too large for Roman numerals are no error"),
    (r"^to_char\(interval", "rows", "J DDD|-1 day", "to_char() of intervals: no Julian days; the sign is not part of a number's width"),
    (r"^to_char\(timestamp", "rows", " BC'", "to_char(): ISO years before 1 are negative"),
    (r"^to_(number|date|timestamp)\(", "", "", "to_number(), to_date(), to_timestamp(): the text must follow the format"),
    (r"^to_regprocedure", "no error 22P02", "", "to_regprocedure(): a name without arguments is enough"),
    (r"interval \* float8|float8 \* interval|interval / float8", "rows", r"\.\d{6}|-24:00:00", "fractions of microseconds of multiplied and divided intervals are rounded at the end"),
]


def reasons():
    """All of them, as docs/COMPATIBILITY.md lists them."""
    return sorted({entry[-1] for entry in LISTED + FUNCTIONS} | {CONSTANTS, NULLS}, key=str.lower)


def function_by_design(subject, what, ours, theirs, sql):
    """The reason why this difference of a function, operator or cast is meant to be, or None."""
    text = f"{sql} {ours} {theirs}"
    for pattern, kind, seen, reason in FUNCTIONS:
        if re.search(pattern, subject) and re.search(kind, what) and re.search(seen, text):
            return reason
    return None

"""Templates of expressions by the type they give, literals, aggregates and window functions.

{int} and its kin stand for an expression of that type; [[a@@b]] is a for Palmetto and b for PostgreSQL. What stands in TOTAL
cannot fail on the data of these tests but by overflow; what can is in PARTIAL.
"""

# name: SQL type, values of columns and literals
TYPES = {
    "int": ("INT8", ["0", "1", "2", "3", "-1", "7", "10", "42", "-100", "1000", "5", "4"]),
    "dec": ("DECIMAL", ["0", "1", "1.5", "-2.25", "100", "3.14", "0.01", "-7", "42.42", "1000.5"]),
    "flt": ("FLOAT8", ["0", "1", "1.5", "-2.25", "100", "0.5", "-0.125", "123456", "3.75", "-1000"]),
    "text": ("TEXT", ["", "a", "ab", "abc", "B", "hello world", "a%b_c", " x ", "äöü", "日本", "zz", "10", "A,b,C", "\\\\"]),
    "bool": ("BOOL", ["true", "false"]),
    "date": ("DATE", ["2024-01-31", "2024-02-29", "1999-12-31", "2000-01-01", "1970-01-01", "2023-03-15", "1582-10-15"]),
    "time": ("TIME", ["00:00:00", "12:34:56.789", "23:59:59.999999", "06:00:00"]),
    "ts": ("TIMESTAMP", ["2024-01-31 12:00:00", "1999-12-31 23:59:59.999999", "2000-01-01 00:00:00",
                         "2024-02-29 06:30:15.25", "1970-01-01 00:00:00"]),
    "tstz": ("TIMESTAMPTZ", ["2024-01-31 12:00:00+00", "1999-12-31 23:59:59.999999+00", "2000-01-01 00:00:00+00",
                             "2024-03-31 01:30:00+01", "1970-01-01 00:00:00+00"]),
    "ivl": ("INTERVAL", ["1 day", "2 hours", "-3 days 04:05:06", "1 mon", "1 year 2 mons 3 days", "00:00:00", "90 minutes"]),
    "bytea": ("BYTEA", ["", "\\x00", "\\x6162", "\\xff00", "\\x616263"]),
    "uuid": ("UUID", ["00000000-0000-0000-0000-000000000000", "11111111-2222-3333-4444-555555555555",
                      "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    "jsonb": ("JSONB", ['{"a": 1}', "[1, 2, 3]", "null", '"s"', "1.5", '{"a": {"b": [1, null]}, "c": "x"}', "[]", "{}",
                        "true", '["a", "b"]']),
    "ints": ("INT8[]", ["{}", "{1}", "{1,2,3}", "{NULL,5}", "{3,2,1}", "{-1,0}"]),
    "texts": ("TEXT[]", ["{}", "{a}", "{a,b}", "{NULL,x}", '{"",zz}']),
    "inet": ("INET", ["192.168.0.1", "10.0.0.0/8", "::1", "192.168.1.0/24", "fe80::1/64"]),
    "bit": ("VARBIT", ["1", "0101", "1111", "10000000", "0000"]),
    "mood": ("mood", ["sad", "ok", "happy", "so so"]),
}
# Arrays of the other types: name, type of the elements.
ARRAYS = {"decs": "dec", "flts": "flt", "bools": "bool", "dates": "date", "times": "time", "tss": "ts", "tstzs": "tstz", "ivls": "ivl", "byteas": "bytea", "uuids": "uuid", "inets": "inet",
          "bits": "bit", "moods": "mood"}


def array_text(elements):
    """The array of these elements in text."""
    return "{" + ",".join("NULL" if e is None else '"' + e.replace("\\", "\\\\") + '"' for e in elements) + "}"


for _name, _element in ARRAYS.items():
    _sql, _values = TYPES[_element]
    TYPES[_name] = (f"{_sql}[]", ["{}", array_text(_values[:1]), array_text(_values[1:3]), array_text([_values[-1], None]), array_text([None, _values[0], _values[0]])])
# Types that have to be made first.
MADE = ["CREATE TYPE mood AS ENUM ('sad', 'so so', 'ok', 'happy')"]
# Ordered differently by the two: arrays by where NULL elements come, inet by what counts first.
UNORDERED = {"jsonb", "ints", "texts", "inet", *ARRAYS}
ORDERED = [name for name in TYPES if name not in UNORDERED]

COMPARED = ["int", "int", "dec", "flt", "text", "text", "bool", "date", "time", "ts", "tstz", "ivl", "bytea", "uuid", "ints",
            "texts", "inet", "bit", "mood"]


def comparisons():
    for name in COMPARED:
        for operator in ["=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]:
            yield f"({{{name}}} {operator} {{{name}}})"
        if name not in UNORDERED:
            for operator in ["<", "<=", ">", ">="]:
                yield f"({{{name}}} {operator} {{{name}}})"
            yield f"({{{name}}} BETWEEN {{{name}}} AND {{{name}}})"
            yield f"({{{name}}} NOT BETWEEN {{{name}}} AND {{{name}}})"
        yield f"({{{name}}} IN ({{{name}}}, {{{name}}}))"
        yield f"({{{name}}} NOT IN ({{{name}}}, {{{name}}}, {{{name}}}))"
        yield f"({{{name}}} IS NULL)"
        yield f"({{{name}}} IS NOT NULL)"


def everywhere(name):
    """What gives every type."""
    value = f"{{{name}}}"
    yield f"coalesce({value}, {value})"
    yield f"CASE WHEN {{bool}} THEN {value} ELSE {value} END"
    yield f"CASE WHEN {{bool}} THEN {value} WHEN {{bool}} THEN {value} END"
    yield f"CASE {{int}} WHEN {{int}} THEN {value} ELSE {value} END"
    if name not in UNORDERED:
        yield f"nullif({value}, {value})"
        yield f"greatest({value}, {value})"
        yield f"least({value}, {value})"


TOTAL = {
    "int": ["({int} + {int})", "({int} - {int})", "({int} * {int})", "(- {int})", "abs({int})", "({int} % 7)", "mod({int}, 5)",
            "({int} [[//@@/]] 5)", "length({text})", "char_length({text})", "octet_length({text})", "bit_length({text})",
            "strpos({text}, {text})", "position({text} IN {text})", "({int} & {int})", "({int} | {int})", "({int} # {int})",
            "(~ {int})", "({int} << 3)", "({int} >> 2)", "extract(year FROM {date})::INT8", "extract(month FROM {ts})::INT8",
            "extract(day FROM {tstz})::INT8", "extract(dow FROM {date})::INT8", "extract(doy FROM {ts})::INT8",
            "extract(week FROM {date})::INT8", "extract(hour FROM {ivl})::INT8", "extract(isodow FROM {ts})::INT8",
            "array_length({ints}, 1)", "cardinality({texts})", "({date} - {date})", "({bool}::INT4::INT8)",
            "array_position({ints}, {int})", "({ints})[2]", "({ints})[{int4}]", "length({bytea})", "length({bit})",
            "octet_length({bytea})", "({dec}::INT8)", "masklen({inet})", "family({inet})", "get_byte('\\x0102'::BYTEA, 1)",
            "array_upper({ints}, 1)", "array_lower({texts}, 1)", "num_nulls({int}, {text})", "num_nonnulls({int}, {bool}, {ts})",
            "jsonb_array_length(jsonb_build_array({int}, {text}))", "ascii({text} || 'x')", "bit_count({bytea})", "extract(hour FROM {tstz})::INT8",
            "array_ndims({ints})", "array_length(regexp_split_to_array({text}, 'b'), 1)", "length(to_tsvector('simple', {text}))", "array_length(enum_range({mood}, {mood}), 1)",
            "({ints})[array_upper({ints}, 1)]", "extract(epoch FROM {ivl})::INT8"],
    "dec": ["({dec} + {dec})", "({dec} - {dec})", "({dec} * {dec})", "(- {dec})", "abs({dec})", "round({dec}, 1)",
            "round({dec})", "trunc({dec})", "trunc({dec}, 1)", "ceil({dec})", "floor({dec})", "sign({dec})", "({dec} % 7)",
            "({int}::DECIMAL)", "({int} + {dec})", "({dec} * {int})", "mod({dec}, 3)", "div({dec}, 3)",
            "round({dec} / 7, 6)", "round(({int})::DECIMAL / 3, 6)"],
    "flt": ["({flt} + {flt})", "({flt} - {flt})", "({flt} * {flt})", "(- {flt})", "abs({flt})", "floor({flt})", "ceil({flt})",
            "round({flt})", "trunc({flt})", "({int}::FLOAT8)", "({flt} / 4)", "sign({flt})", "({dec}::FLOAT8)",
            "sqrt(abs({flt}))", "atan({flt})", "cbrt({flt})", "degrees({flt})", "radians({flt})"],
    "text": ["({text} || {text})", "upper({text})", "lower({text})", "substr({text}, 2)", "substr({text}, 1, 2)",
             "substring({text} FROM 2 FOR 3)", "replace({text}, {text}, {text})", "trim({text})", "ltrim({text}, {text})",
             "rtrim({text}, 'a')", "btrim({text}, {text})", "reverse({text})", "left({text}, 2)", "right({text}, -1)",
             "left({text}, {int4})", "lpad({text}, 5, '*')", "rpad({text}, 4)", "repeat({text}, 2)", "split_part({text}, 'b', 1)",
             "initcap({text})", "concat({text}, {int}, {bool})", "concat_ws('-', {text}, {int}, {text})", "md5({text})",
             "({int}::TEXT)", "({bool}::TEXT)", "({date}::TEXT)", "({uuid}::TEXT)", "({dec}::TEXT)", "({ints}::TEXT)",
             "({ivl}::TEXT)", "({time}::TEXT)", "({ts}::TEXT)", "host({inet})", "({bit}::TEXT)", "({bytea}::TEXT)",
             "({texts}::TEXT)", "({texts})[1]", "to_hex({int})", "translate({text}, 'abc', 'xy')", "quote_ident({text})",
             "quote_literal({text})", "quote_nullable({text})", "regexp_replace({text}, '[a-c]+', '<\\&>', 'g')",
             "regexp_replace({text}, 'b', 'x')", "array_to_string({texts}, ',')", "array_to_string({ints}, '|', 'N')",
             "encode({bytea}, 'hex')", "encode({bytea}, 'base64')", "host({inet})", "({jsonb} ->> 'a')", "(jsonb_build_array({text}, {int}) ->> 0)",
             "({jsonb} #>> '{a,b}')", "jsonb_typeof({jsonb})", "format('%s-%I', {text}, coalesce({text}, '') || 'q')", "overlay({text} PLACING {text} FROM 2)",
             "substring({text} FROM '[a-z]+')", "to_char({ts}, 'YYYY-MM-DD HH24:MI:SS')", "to_char({date}, 'DDD Mon IYYY-IW')",
             "({int} || {text})", "({text} || {dec})", "starts_with({text}, {text})::TEXT", "chr(abs({int4} % 50) + 40)",
             "abbrev({inet})", "host({inet})", "({mood}::TEXT)",
             "({tstz}::TEXT)", "to_char({tstz}, 'YYYY-MM-DD HH24:MI:SS')", "(to_tsvector('simple', {text})::TEXT)", "(to_tsvector('english', {text} || ' running dogs')::TEXT)",
             "array_to_string(({texts})[1:2], '+')", "(jsonb_path_query_first({jsonb}, '$.a')::TEXT)"],
    "bool": [*comparisons(), "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({bool} AND {bool} AND {bool})",
             "({bool} OR {bool} OR {bool})", "({bool} IS TRUE)", "({bool} IS NOT FALSE)", "({bool} IS UNKNOWN)", "({text} LIKE {text} || '%')",
             "({text} LIKE '%a%')", "({text} NOT LIKE '_b%')", "({text} ILIKE 'A%')", "({text} ~ '^[a-z]')", "({text} ~* 'B')",
             "({text} !~ 'a.*b')", "({text} SIMILAR TO '(a|b)%')", "starts_with({text}, {text})", "({int} = ANY ({ints}))",
             "({int} < ALL ({ints}))", "({text} = ANY ({texts}))", "({text} <> ALL ({texts}))", "({ints} @> {ints})", "({ints} <@ {ints})",
             "({texts} && {texts})", "({jsonb} @> {jsonb})", "({jsonb} <@ {jsonb})", "({jsonb} ? 'a')", "({jsonb} ?| ARRAY['a', 'c'])",
             "({jsonb} ?& ARRAY['a', 'c'])", "({jsonb} = {jsonb})", "({inet} << {inet})",
             "({inet} && {inet})", "(({int}, {text}) = ({int}, {text}))", "(({int}, {dec}) < ({int}, {dec}))",
             "(({int}, {text}) IN (({int}, {text}), ({int}, {text})))", "({int} = {dec})", "({int} < {flt})", "({dec} >= {int})",
             "({date} < {ts})", "(({date}, {date}) OVERLAPS ({date}, {date}))", "({int} <> 0 AND {int} % coalesce(nullif({int}, 0), 1) = 0)",
             "(({int}, {bool}) IS NULL)", "(({int}, {text}) IS NOT NULL)", "({int} = ANY (ARRAY[{int}, {int}]))", "isfinite({ts})",
             "(to_tsvector('english', {text}) @@ to_tsquery('english', 'world | ab'))", "(to_tsvector('simple', {text}) @@ plainto_tsquery('simple', {text}))",
             "({jsonb} @? '$.a')", "jsonb_path_exists({jsonb}, '$.* ? (@ > 0)')", "({jsonb} @? '$[*] ? (@ == 2)')", "({jsonb} @> '{{\"a\": 1}}')", "({jsonb} -> 'a' = '1')", "({jsonb} -> 'a' -> 'b' IS NOT NULL)",
             "({jsonb} ->> 'a' = {text})", "({jsonb} <@ '[1, 2, 3, 4]')", "({ints} && {ints})", "({texts} @> {texts})", "({texts} <@ {texts})", "({mood} = {mood})", "({text} LIKE 'a%')", "({text} LIKE '%b%')",
             "({jsonb} ? {text})", "({jsonb} IS NULL)"],
    "date": ["({date} + {int4} % 1000)", "({date} - {int4} % 1000)", "({ts}::DATE)", "({tstz}::DATE)", "date_trunc('month', {date}::TIMESTAMP)::DATE"],
    "time": ["({ts}::TIME)", "({time} + {ivl})", "({time} - {ivl})"],
    "ts": ["({ts} + {ivl})", "({ts} - {ivl})", "({date}::TIMESTAMP)", "({date} + {time})", "date_trunc('hour', {ts})", "date_trunc('week', {ts})",
           "date_trunc('quarter', {ts})", "({tstz} AT TIME ZONE 'Europe/Berlin')", "({tstz}::TIMESTAMP)", "({tstz} AT TIME ZONE 'Australia/Lord_Howe')", "({date} + {ivl})", "date_trunc('month', {ts})"],
    "tstz": ["({tstz} + {ivl})", "({tstz} - {ivl})", "({ts} AT TIME ZONE 'UTC')", "({ts} AT TIME ZONE 'America/New_York')",
             "date_trunc('day', {tstz})", "date_trunc('year', {tstz})", "({ts}::TIMESTAMPTZ)", "({date}::TIMESTAMPTZ)",
             "date_trunc('day', {tstz}, 'America/New_York')", "({ts} AT TIME ZONE 'Asia/Kolkata')", "({ts} AT TIME ZONE 'Europe/Berlin')"],
    "ivl": ["({ivl} + {ivl})", "({ivl} - {ivl})", "(- {ivl})", "({ts} - {ts})", "({ivl} * 2)", "({ivl} / 2)", "age({ts}, {ts})", "({tstz} - {tstz})",
            "justify_hours({ivl})", "justify_days({ivl})", "justify_interval({ivl})", "({time} - {time})"],
    "bytea": ["({bytea} || {bytea})", "substr({bytea}, 1, 2)", "convert_to({text}, 'UTF8')"],
    "uuid": [],
    "jsonb": ["({jsonb} -> 'a')", "(jsonb_build_array({text}, {int}) -> 1)", "({jsonb} #> '{a,b}')", "to_jsonb({int})", "to_jsonb({text})", "jsonb_build_object('k', {int}, 'l', {text})",
              "jsonb_build_array({int}, {bool}, {text})", "to_jsonb({ints})", "jsonb_strip_nulls({jsonb})", "(jsonb_build_object('a', {int}) || jsonb_build_object('b', {text}))",
              "(jsonb_build_array({int}) || {jsonb})", "jsonb_set('{\"a\": 1}'::JSONB, '{a}', coalesce({jsonb}, '1'))", "jsonb_build_object(coalesce({text}, '') || 'k', {dec})",
              "to_jsonb({ts})", "to_jsonb({bool})", "jsonb_insert('[0, 1]'::JSONB, '{1}', coalesce({jsonb}, 'null'))"],
    "ints": ["ARRAY[{int}, {int}]", "({ints} || {ints})", "({ints} || {int})", "({int} || {ints})", "array_append({ints}, {int})", "array_prepend({int}, {ints})",
             "array_remove({ints}, {int})", "array_cat({ints}, {ints})", "array_replace({ints}, {int}, {int})", "array_positions({ints}, {int})::INT8[]", "ARRAY[{int}]"],
    "texts": ["ARRAY[{text}, {text}]", "({texts} || {texts})", "string_to_array({text}, ',')", "string_to_array({text}, NULL)", "({texts} || {text}::TEXT)", "array_append({texts}, {text})", "({ints}::TEXT[])",
              "array_remove({texts}, {text})", "regexp_split_to_array({text}, '[b ]')", "string_to_array({text}, 'b', 'a')"],
    "inet": ["({inet} + abs({int} % 100))", "broadcast({inet})", "netmask({inet})", "hostmask({inet})", "set_masklen({inet}, 8)"],
    "bit": ["({bit} || {bit})", "(~ {bit})"],
    "mood": ["enum_first({mood})", "enum_last({mood})"],
}
for _name, _element in ARRAYS.items():
    _a, _e = f"{{{_name}}}", f"{{{_element}}}"
    TOTAL[_name] = [f"ARRAY[{_e}, {_e}]", f"({_a} || {_a})", f"array_append({_a}, {_e})", f"array_prepend({_e}, {_a})", f"array_remove({_a}, {_e})", f"array_cat({_a}, {_a})",
                    f"array_replace({_a}, {_e}, {_e})", f"({_a})[1:2]"]
    TOTAL["bool"] += [f"({_a} = {_a})", f"({_a} <> {_a})", f"({_a} @> {_a})", f"({_a} && {_a})", f"({_e} = ANY (({_a})::{TYPES[_name][0]}))", f"({_e} <> ALL (({_a})::{TYPES[_name][0]}))", f"({_a} IS NULL)"]
    TOTAL["int"] += [f"cardinality({_a})", f"array_length({_a}, 1)", f"array_position({_a}, {_e})", f"array_length(array_positions({_a}, {_e}), 1)"]
    TOTAL["text"] += [f"({_a}::TEXT)", f"array_to_string({_a}, ';', '-')"]
    TOTAL[_element] += [f"({_a})[1]", f"({_a})[{{int4}}]"]
    TOTAL["jsonb"].append(f"to_jsonb({_a})")
# What types an expression has whose parts have several, or none.
TOTAL["dec"] += ["coalesce({int}, {dec})", "CASE WHEN {bool} THEN {int} ELSE {dec} END", "CASE WHEN {bool} THEN NULL WHEN {bool} THEN {dec} ELSE {int} END", "greatest({dec}, {int})", "nullif({dec}, {int})",
                 "coalesce(NULL, {dec}, {int})", "coalesce('1.5', {dec})", "(ARRAY[{int}, {dec}])[2]"]
TOTAL["flt"] += ["coalesce({flt}, {int})", "CASE WHEN {bool} THEN {int} ELSE {flt} END", "least({flt}, {int})", "coalesce({flt}, '2.5')", "(ARRAY[{int}, {flt}])[1]"]
TOTAL["int"] += ["coalesce({int}, '7')", "CASE WHEN {bool} THEN '5' ELSE {int} END", "nullif({int}, '3')", "coalesce(NULL, NULL, {int})", "CASE {int} WHEN '1' THEN {int} END", "greatest('4', {int}, NULL)"]
TOTAL["text"] += ["coalesce({text}, 'x')", "CASE WHEN {bool} THEN 'a' WHEN {bool} THEN NULL ELSE {text} END", "coalesce(NULL, {text}::VARCHAR)", "least({text}, 'b')"]
TOTAL["date"] += ["coalesce({date}, '2020-02-02')", "CASE WHEN {bool} THEN '2020-02-02' ELSE {date} END"]
TOTAL["ivl"] += ["coalesce({ivl}, '1 day')", "CASE WHEN {bool} THEN {ivl} ELSE '2 hours' END"]
TOTAL["ints"] += ["coalesce({ints}, '{1,2}')", "CASE WHEN {bool} THEN '{3}' ELSE {ints} END"]
for _name, _list in TOTAL.items():
    _list.extend(everywhere(_name))

# Expressions that can fail on some values: only where both systems evaluate them for the same rows.
PARTIAL = {
    "int": ["({int} % {int})", "({text}::INT8)", "({flt}::INT8)", "({int} [[//@@/]] {int})", "factorial({int})::INT8", "jsonb_array_length({jsonb})",
            "({jsonb}::INT8)", "get_byte({bytea}, {int4})", "div({int}, {int})", "gcd({int}, {int})", "lcm({int}, {int})",
            "({int} * 9223372036854775807)", "ascii({text} || 'x')", "width_bucket({dec}, 0, {dec}, 5)", "array_position({ints}, {int}, {int4})",
            "get_bit({bytea}, {int})", "({int}::INT2::INT8)", "({dec} * 1e18)::INT8"],
    "dec": ["round({dec} / {dec}, 4)", "({dec} % {dec})", "({text}::DECIMAL)", "round(sqrt({dec}), 4)", "round(ln({dec}), 4)", "round(log({dec}), 4)", "round(power({dec}, 2), 4)",
            "round({dec}, {int4} % 5)", "({flt}::DECIMAL)", "({dec}::DECIMAL(5,2))", "round(exp({dec} % 10), 4)", "div({dec}, {dec})", "({jsonb}::DECIMAL)"],
    "flt": ["({flt} / {flt})", "sqrt({flt})", "ln({flt})", "exp({flt})", "power({flt}, {flt})", "({text}::FLOAT8)", "asin({flt})", "acos({flt})", "({flt} ^ {flt})", "log({flt})",
            "atan2({flt}, {flt})", "sin({flt})", "cos({flt})", "tan({flt})", "cot({flt})", "sinh({flt})", "acosh({flt})", "atanh({flt})"],
    "text": ["substr({text}, {int4}, {int4})", "chr({int4})", "repeat({text}, {int4})", "split_part({text}, {text}, {int4})", "lpad({text}, {int4}, {text})",
             "regexp_replace({text}, {text}, 'x')", "convert_from({bytea}, 'UTF8')", "overlay({text} PLACING {text} FROM {int4} FOR {int4})", "({text}::VARCHAR(2))", "({text} LIKE {text})::TEXT",
             "to_char({ivl}, 'HH24:MI:SS')", "to_char({int}, '999')", "to_char({dec}, 'FM990.00')", "({bytea}::TEXT)", "encode({bytea}, 'escape')", "right({text}, {int4})", "({flt}::TEXT)",
             "substring({text} FROM {int4})"],
    "bool": ["({text}::BOOL)", "({text} ~ {text})", "({text} LIKE {text})", "({jsonb}::BOOL)", "({text} SIMILAR TO {text})"],
    "date": ["({text}::DATE)", "make_date({int4} % 3000, {int4} % 14, {int4} % 32)"],
    "time": ["({text}::TIME)"],
    "ts": ["({text}::TIMESTAMP)", "make_timestamp(2024, 2, {int4} % 31, 1, 2, 3.5)"],
    "tstz": ["({text}::TIMESTAMPTZ)"],
    "ivl": ["({text}::INTERVAL)", "({ivl} * {int})"],
    "bytea": ["decode({text}, 'hex')", "decode({text}, 'base64')", "set_byte({bytea}, {int4}, 7)"],
    "uuid": ["({text}::UUID)"],
    "jsonb": ["({text}::JSONB)", "({jsonb} - 'a')", "({jsonb} - 0)", "({jsonb} #- '{a}')", "({jsonb} || {jsonb})", "jsonb_set({jsonb}, '{a}', {jsonb})", "jsonb_object({texts})"],
    "ints": ["({text}::INT8[])", "({ints})[{int4}:{int4}]"],
    "texts": ["({text}::TEXT[])", "string_to_array({text}, {text})", "regexp_split_to_array({text}, {text})", "regexp_match({text}, {text})"],
    "inet": ["({text}::INET)", "set_masklen({inet}, {int4})", "({inet} & {inet})", "({inet} | {inet})", "(~ {inet})", "({inet} + {int})"],
    "bit": ["({bit} & {bit})", "({bit} | {bit})", "({bit} # {bit})", "({text}::VARBIT)", "({bit} << 1)", "({bit} >> 2)", "set_bit({bit}, {int4}, 1)"],
    "mood": ["({text}::mood)"],
}

# Aggregates whose result does not depend on the order of rows.
AGGREGATES = {
    "int": ["count(*)", "count({any})", "count(DISTINCT {ordered})", "min({int})", "max({int})", "bit_and({int})", "bit_or({int})", "sum({int})::INT8",
            "percentile_disc(0.5) WITHIN GROUP (ORDER BY {int})", "regr_count({flt}, {flt})", "min({int} % 5)"],
    "dec": ["sum({dec})", "sum({int})", "round(avg({dec}), 6)", "min({dec})", "max({dec})", "round(avg({int}), 6)", "sum(DISTINCT {dec})", "round(stddev({int}), 6)", "round(var_pop({dec}), 6)",
            "round(variance({int}), 6)"],
    "flt": ["sum({flt})", "avg({flt})", "min({flt})", "max({flt})", "round(stddev_pop({flt})::DECIMAL, 4)::FLOAT8", "percentile_cont(0.25) WITHIN GROUP (ORDER BY {flt})"],
    "text": ["min({text})", "max({text})", "string_agg({text}, ',' ORDER BY {same})", "string_agg(DISTINCT {text}, ';' ORDER BY {same})"],
    "bool": ["bool_and({bool})", "bool_or({bool})", "every({bool})"],
    "date": ["min({date})", "max({date})"],
    "time": ["min({time})", "max({time})"],
    "ts": ["min({ts})", "max({ts})"],
    "tstz": ["min({tstz})", "max({tstz})"],
    "ivl": ["min({ivl})", "max({ivl})", "sum({ivl})"],
    "bytea": ["string_agg({bytea}, '\\x00' ORDER BY {same})"],
    "uuid": [],
    "jsonb": ["jsonb_agg({int} ORDER BY {same})", "jsonb_agg(DISTINCT {int} ORDER BY {same})", "jsonb_agg({text} ORDER BY {same} DESC)"],
    "ints": ["array_agg({int} ORDER BY {same})", "array_agg(DISTINCT {int} ORDER BY {same})", "array_agg({int} ORDER BY {same} DESC)"],
    "texts": ["array_agg({text} ORDER BY {same})", "array_agg(DISTINCT {text} ORDER BY {same} DESC)"],
    "inet": [],
    "bit": [],
    "mood": ["min({mood})", "max({mood})"],
}
for _name, _element in ARRAYS.items():
    PARTIAL[_name] = [f"({{text}}::{TYPES[_name][0]})"]
    AGGREGATES[_name] = [f"array_agg({{{_element}}} ORDER BY {{same}})", f"array_agg(DISTINCT {{{_element}}} ORDER BY {{same}} DESC)"] if _element not in UNORDERED else []
FILTERED = 0.2

# Window functions: `peers` give the same for all peers, the others want a total order.
PEERS = {
    "int": ["rank()", "dense_rank()", "count(*)", "count({any})", "min({int})", "max({int})", "sum({int})::INT8"],
    "dec": ["sum({dec})", "sum({int})", "max({dec})"],
    "flt": ["percent_rank()", "cume_dist()", "max({flt})", "avg({flt})"],
    "text": ["min({text})", "max({text})"],
    "bool": ["bool_or({bool})", "bool_and({bool})"],
}
ORDERED_ONLY = {
    "int": ["row_number()", "ntile(3)", "lag({int})", "lead({int}, 2)", "lag({int}, 1, {int})", "first_value({int})", "last_value({int})", "nth_value({int}, 2)"],
    "text": ["lag({text})", "lead({text}, 1, 'none')", "first_value({text})", "last_value({text})", "nth_value({text}, 3)", "string_agg({text}, '/')"],
    "dec": ["lead({dec})", "first_value({dec})"],
    "date": ["lag({date})", "last_value({date})"],
    "ints": ["array_agg({int})"],
    "jsonb": ["jsonb_agg({int})"],
}

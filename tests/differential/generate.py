"""Random schemas, rows and statements from a seed, the same for every system."""

import random

from expressions import (AGGREGATES, ARRAYS, FILTERED, MADE, ORDERED, ORDERED_ONLY, PARTIAL, PEERS, TOTAL, TYPES, UNORDERED)
from nodes import List, Node, template

SQL = {name: entry[0] for name, entry in TYPES.items()}
ROWS_MAX, ROWS_MANY = 24, 60
# Types of columns; those that most expressions want come more often.
COMMON = ["int"] * 7 + ["text"] * 6 + ["dec"] * 3 + ["flt", "bool", "date", "ts", "tstz", "ivl", "jsonb", "ints"] * 2 + list(TYPES)


# Columns and indexed expressions that are computed from a column: (type, expression).
COMPUTED = {
    "int": [("int", "{} + 1"), ("int", "{} % 5"), ("int", "coalesce({}, 0) * 2"), ("bool", "{} > 3")],
    "text": [("text", "upper({})"), ("int", "length({})::INT8"), ("text", "{} || 'x'")],
    "dec": [("dec", "abs({})"), ("dec", "round({}, 1)")],
    "jsonb": [("text", "{} ->> 'a'")],
}


class Table:
    """`columns`: (name, type); the first is the key. `computed`: (name, type, expression) of those that are not written."""

    def __init__(self, name, written, not_null=(), unique=(), computed=()):
        self.name, self.written, self.not_null, self.unique, self.computed = name, written, not_null, unique, computed
        self.columns = written + [entry[:2] for entry in computed]
        self.next_id = 0
        self.rows = 0  # at first
        self.references = {}  # column: number of rows that it refers to at first
        self.arbiters = []  # of ON CONFLICT, beside the key and unique columns: texts


class Scope:
    """What expressions can refer to. `columns`: (text, type). In a grouped query `inner` is the scope of the aggregates'
    arguments. `key`: texts that together are unique among the rows, None when nothing is known to be."""

    def __init__(self, columns, inner=None, key=None, outer=None):
        self.columns, self.inner, self.key, self.outer = columns, inner, key, outer
        self.windows = False
        self.grouping = []  # texts that GROUPING() takes

    def of(self, type_):
        return [text for text, kind in self.columns if kind == type_]


class Query:
    """A SELECT as a node, with the names and types of its columns. `ordered`: its rows come in one order only."""

    def __init__(self, node, columns, ordered):
        self.node, self.columns, self.ordered = node, columns, ordered


class Generator:
    """`partial`: expressions may fail."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.partial = False
        self.tables = []
        self.ctes = []
        self.functions = []  # (name, types of the parameters, type of the result)
        self.row_functions = []  # (name, types of the parameters, columns)
        self.names = 0

    # ---- chance

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return self.random.choice(items)

    def fresh(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    # ---- schema and rows

    def schema(self):
        """Statements that make tables and fill them; texts, or pairs of them."""
        out = list(MADE)
        for i in range(self.random.randint(2, 4)):
            self.tables.append(self.table(f"t{i}"))
            out.append(self.create_table(self.tables[-1], i))
        for table in self.tables:
            if table.rows:
                out.append(self.insert_rows(table, table.rows))
        for table in self.tables:
            out += self.indexes(table)
        out += self.make_functions()
        out += self.views()
        return out

    def table(self, name):
        columns = [("id", "int")] + [(f"c{i}", self.pick(COMMON)) for i in range(self.random.randint(3, 7))]
        not_null = {"id"} | {column for column, _ in columns if self.chance(0.2)}
        unique = [column for column, kind in columns[1:] if kind in ("int", "text", "dec") and self.chance(0.1)]
        computed = []
        for column, kind in columns[1:]:
            if kind in COMPUTED and self.chance(0.15):
                made, text = self.pick(COMPUTED[kind])
                computed.append((f"g{len(computed)}", made, text.replace("{}", column)))
        table = Table(name, columns, not_null, unique, computed)
        table.rows = self.pick([0, 1, 3, 8, ROWS_MAX, ROWS_MAX, ROWS_MANY])
        return table

    def create_table(self, table, position):
        parts = []
        for column, kind in table.written:
            default = f" DEFAULT {self.constant(kind)}" if column != "id" and self.chance(0.15) else ""
            parts.append(f"{column} {SQL[kind]}{default}{' NOT NULL' if column in table.not_null else ''}")
        for column, kind, text in table.computed:
            how = self.pick(["STORED", "VIRTUAL"])
            parts.append((f"{column} {SQL[kind]} AS ({text}) {how}", f"{column} {SQL[kind]} GENERATED ALWAYS AS ({text}) STORED"))
        parts.append("PRIMARY KEY (id)")
        for column in table.unique:
            parts.append(f"UNIQUE ({column})")
        for column, kind in table.written[1:]:
            if kind in ("int", "dec") and self.chance(0.15):
                parts.append(f"CHECK ({column} > -5000)")
        if self.chance(0.5):
            for column in [column for column, kind in table.written[1:] if kind == "int" and column not in table.not_null][:2]:
                other = self.random.randint(max(0, position - 2), position)
                table.references[column] = self.tables[other].rows
                delete = self.pick(["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE SET DEFAULT", " ON DELETE RESTRICT"])
                update = self.pick(["", "", " ON UPDATE CASCADE", " ON UPDATE SET NULL"])
                when = self.pick(["", "", " DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"])
                parts.append(f"FOREIGN KEY ({column}) REFERENCES t{other} (id){delete}{update}{when}")
        return tuple(f"CREATE TABLE {table.name} ({', '.join(part if isinstance(part, str) else part[i] for part in parts)})" for i in (0, 1))

    def insert_rows(self, table, n):
        rows = []
        for _ in range(n):
            row = []
            for column, kind in table.written:
                row.append(self.column_value(table, column, kind))
            rows.append(f"({', '.join(row)})")
        conflict = " ON CONFLICT DO NOTHING"
        return f"INSERT INTO {table.name} ({', '.join(c for c, _ in table.written)}) VALUES {', '.join(rows)}{conflict}"

    def column_value(self, table, column, kind):
        if column == "id":
            table.next_id += 1
            return str(table.next_id)
        if column not in table.not_null and self.chance(0.2) or table.references.get(column) == 0:
            return "NULL"
        if column in table.references:
            return str(self.random.randint(1, table.references[column]))
        if kind == "int" and self.chance(0.5):
            return str(self.random.randint(0, 12))
        return self.constant(kind)

    def constant(self, kind):
        value = self.pick(TYPES[kind][1])
        if kind == "int":
            return f"({value})" if value.startswith("-") else value
        if kind == "bool":
            return value
        escaped = value.replace("'", "''")
        if "\\" in value and kind in ("text",):
            return f"'{escaped}'"
        return f"'{escaped}'::{SQL[kind]}"

    def indexes(self, table):
        """Plans differ with them, results do not."""
        out = []
        usable = [column for column, kind in table.columns if kind not in ("jsonb", "ints", "texts", *ARRAYS)]
        inverted = [column for column, kind in table.columns if kind in ("jsonb", "ints", "texts")]
        for _ in range(self.random.randint(0, 3)):
            columns = self.random.sample(usable, min(len(usable), self.random.randint(1, 3)))
            keys = ", ".join(column + self.pick(["", "", " DESC"]) for column in columns)
            where = ""
            if self.chance(0.25):
                scope = Scope([(column, kind) for column, kind in table.columns if column in usable])
                where = f" WHERE {self.pick(columns)} IS NOT NULL" if self.chance(0.5) else self.partial_predicate(scope)
            storing = ""
            rest = [column for column in usable if column not in columns and column != "id"]
            if rest and self.chance(0.3):
                storing = f" STORING ({rest[0]})"
            out.append((f"CREATE INDEX ON {table.name} ({keys}){storing}{where}", ""))
        for column, kind in table.written:
            if kind in COMPUTED and self.chance(0.1):
                made, text = self.pick(COMPUTED[kind])
                out.append((f"CREATE INDEX ON {table.name} (({text.replace('{}', column)}), id)", ""))
        if len(usable) > 1 and self.chance(0.15):
            column, other = self.random.sample([column for column in usable if column != "id"] * 2, 2)
            if column != other:
                out.append(f"CREATE UNIQUE INDEX ON {table.name} ({column}, {other}, id) WHERE {other} IS NOT NULL")
                table.arbiters.append(f"({column}, {other}, id) WHERE {other} IS NOT NULL")
        if inverted and self.chance(0.5):
            out.append((f"CREATE INVERTED INDEX ON {table.name} ({inverted[0]})", ""))
        if self.chance(0.3):
            out.append((f"ANALYZE {table.name}", ""))
        return out

    def partial_predicate(self, scope):
        texts = [f"{text} {self.pick(['=', '>', '<', '<='])} {self.constant(kind)}" for text, kind in scope.columns
                 if kind in ("int", "text", "dec", "date")]
        return f" WHERE {self.pick(texts)}" if texts else ""

    def views(self):
        out = []
        for i in range(self.random.randint(0, 3)):
            query = self.query(1, None, view=True)
            name = f"v{i}"
            node = Node([f"CREATE VIEW {name} ({', '.join(column for column, _ in query.columns)}) AS ", query.node])
            out.append((node.text(0), node.text(1)))
            view = Table(name, query.columns)
            self.view_tables = getattr(self, "view_tables", []) + [view]
        return out

    def make_functions(self):
        """Of tables they use ids alone, which no change of a schema takes away."""
        out = []
        for i in range(self.random.randint(0, 3)):
            kinds = [self.pick(COMMON) for _ in range(self.random.randint(1, 3))]
            parameters = ", ".join(f"p{j} {SQL[kind]}" for j, kind in enumerate(kinds))
            scope = Scope([(f"p{j}", kind) for j, kind in enumerate(kinds)])
            language = f"{self.pick([' STABLE', ' STABLE STRICT'])} LANGUAGE SQL"  # volatile ones see in PostgreSQL what their caller has written so far
            table = self.pick(self.tables).name
            if self.chance(0.3):
                made = [self.pick(COMMON) for _ in range(2)]
                columns = ", ".join(f"q{j} {SQL[kind]}" for j, kind in enumerate(made))
                body = Node(["SELECT ", List([self.expression(kind, scope, 1) for kind in made], least=2), f" FROM {table} WHERE id % 4 = length(", self.expression("text", scope, 1), ")"])
                self.row_functions.append((f"fr{i}", kinds, [(f"q{j}", kind) for j, kind in enumerate(made)]))
                result = f"TABLE ({columns})"
            else:
                kind = self.pick(COMMON)
                value = self.expression(kind, scope, 2)
                body = Node(["SELECT ", value] if self.chance(0.6) else ["SELECT ", value, f" FROM {table} WHERE id > ", self.expression("int", scope, 1), " ORDER BY id LIMIT 1"])
                self.functions.append((f"f{i}", kinds, kind))
                result = SQL[kind]
            name = f"{'fr' if result.startswith('TABLE') else 'f'}{i}"
            texts = [f"CREATE FUNCTION {name} ({parameters}) RETURNS {result}{language} AS $${body.text(dialect)}$$" for dialect in (0, 1)]
            out.append(tuple(texts))
        return out

    def called(self, name, kinds, scope, depth):
        return [f"{name}(", List([self.expression(kind, scope, depth) for kind in kinds], least=len(kinds)), ")"]

    # ---- expressions

    def expression(self, type_, scope, depth):
        if depth <= 0 or self.chance(0.25):
            return self.leaf(type_, scope, depth)
        if scope.windows and self.chance(0.2) and (type_ in PEERS or type_ in ORDERED_ONLY):
            return self.window(type_, scope, depth)
        if self.chance(0.07) and not self.partial:
            return self.subquery_expression(type_, scope, depth)
        mine = [(name, kinds) for name, kinds, kind in self.functions if kind == type_]
        if mine and not self.partial and self.chance(0.1):
            return Node(self.called(*self.pick(mine), scope, depth - 1), type_, minimal(type_))
        pool = TOTAL[type_]
        if self.partial and PARTIAL.get(type_) and self.chance(0.4):
            pool = PARTIAL[type_]
        if not pool:
            return self.leaf(type_, scope, depth)
        return self.fill(self.pick(pool), type_, scope, depth)

    def fill(self, text, type_, scope, depth):
        node = self.call(text, type_, scope, depth)
        if type_ == "int":  # PostgreSQL's functions often give the smaller one
            node.parts = ["(", *node.parts, ")", ("", "::INT8")]
        return node

    def call(self, text, type_, scope, depth):
        last = [None]

        def one(name):
            if name == "int4":
                return Node([self.expression("int", scope, depth - 1), ("", "::INT4")])
            if name not in TYPES and name not in ("any", "ordered", "same"):
                return None
            if name != "same":
                kind = self.pick(list(TYPES)) if name == "any" else self.pick(ORDERED) if name == "ordered" else name
                last[0] = self.expression(kind, scope, depth - 1)
            return last[0]
        return Node(template(text, one), type_, minimal(type_))

    def leaf(self, type_, scope, depth):
        if scope.inner is not None and AGGREGATES[type_] and self.chance(0.5):
            return self.aggregate(type_, scope)
        if type_ == "int" and scope.grouping and self.chance(0.3):
            return Node([f"grouping({', '.join(scope.grouping)})::INT8"], type_, minimal(type_))
        columns = scope.of(type_)
        if columns and self.chance(0.8):
            return Node([self.pick(columns)], type_, minimal(type_))
        if scope.outer is not None and self.chance(0.5):
            columns = scope.outer.of(type_)
            if columns:
                return Node([self.pick(columns)], type_, minimal(type_))
        if self.chance(0.08) and not self.partial:
            return Node([f"NULL::{SQL[type_]}"], type_)
        return self.literal(type_)

    def literal(self, type_):
        text = self.constant(type_)
        if type_ == "int":
            return Node([(text, f"{text}::INT8")], type_)
        if type_ in ("text", "bool"):
            typed = f"{text}::TEXT"
            return Node([text if type_ == "bool" else typed if self.partial else (text, typed)], type_)
        return Node([text], type_)

    def aggregate(self, type_, scope):
        inner = Scope(scope.inner.columns, outer=None)
        text = self.pick(AGGREGATES[type_])
        cast = "::INT8" if text.endswith("::INT8") else ""
        node = self.call(text.removesuffix(cast), type_, inner, self.random.randint(0, 2))
        if self.chance(FILTERED) and not node.parts[0].startswith("round("):
            node.parts += [" FILTER (WHERE ", self.expression("bool", inner, 1), ")"]
        node.parts.append(cast)
        return node

    def window(self, type_, scope, depth):
        plain = Scope(scope.columns, scope.inner, scope.key, scope.outer)
        total = scope.key is not None and scope.inner is None and type_ in ORDERED_ONLY and (type_ not in PEERS or self.chance(0.6))
        if not total and type_ not in PEERS:
            return self.leaf(type_, scope, depth)
        text = self.pick((ORDERED_ONLY if total else PEERS)[type_])
        cast = "::INT8" if text.endswith("::INT8") else ""
        node = self.call(text.removesuffix(cast), type_, plain, min(depth, 1))
        keys = [self.sort_key(self.expression(self.pick(ORDERED), plain, 1)) for _ in range(self.random.randint(0, 2))]
        frame = ""
        if total:
            keys += [self.sort_key(Node([text])) for text in scope.key]
            frame = self.frame(["ROWS", "GROUPS"])
        elif keys and self.chance(0.25):
            keys, frame = self.range_offsets(plain)
        elif keys:
            frame = self.frame(["RANGE", "GROUPS"])
        if self.chance(0.15) and "count(*)" not in node.text(0) and any(word in node.text(0) for word in ("sum(", "max(", "min(", "count(")):
            node.parts += [" FILTER (WHERE ", self.expression("bool", plain, 1), ")"]
        node.parts.append(" OVER (")
        if self.chance(0.5):
            node.parts += [Node(["PARTITION BY ", self.expression(self.pick(ORDERED), plain, 1), " "], None, "")]
        if keys:
            node.parts += ["ORDER BY ", List(keys), frame]
        node.parts.append(f"){cast}")
        return node

    def range_offsets(self, scope):
        """One key, and a frame of the rows whose key is so much less or more."""
        kind, offsets = self.pick([("int", ["1", "3"]), ("dec", ["0.5", "2"]), ("flt", ["1.5"]), ("date", ["'1 mon'", "'3 days'"]), ("ts", ["'1 year'", "'2 hours'"]), ("tstz", ["'40 days'"]),
                                   ("time", ["'90 minutes'"]), ("ivl", ["'1 day'"])])
        cast = "::INTERVAL" if offsets[0][0] == "'" else ""
        bounds = ["UNBOUNDED PRECEDING", *(f"{offset}{cast} PRECEDING" for offset in offsets), "CURRENT ROW", *(f"{offset}{cast} FOLLOWING" for offset in reversed(offsets)), "UNBOUNDED FOLLOWING"]
        first = self.random.randrange(0, len(bounds) - 1)
        last = self.random.randrange(max(first, 1), len(bounds))
        if "FOLLOWING" in bounds[first] or "PRECEDING" in bounds[last]:
            first, last = 0, len(bounds) // 2
        key = Node([self.expression(kind, scope, 1), self.pick(["", " DESC", " NULLS FIRST"])])
        return [key], Node([f" RANGE BETWEEN {bounds[first]} AND {bounds[last]}{self.pick(['', '', ' EXCLUDE TIES', ' EXCLUDE GROUP'])}"], None, "")

    def sort_key(self, node):
        """PostgreSQL's order of NULLs is that of null_ordered_last."""
        return Node([node, self.pick(["", "", " DESC", " ASC", " NULLS FIRST", " DESC NULLS LAST"])])

    def frame(self, modes):
        if self.chance(0.4):
            return ""
        mode = self.pick(modes)
        offsets = mode != "RANGE"
        bounds = ["UNBOUNDED PRECEDING", *(["2 PRECEDING", "1 PRECEDING"] if offsets else []), "CURRENT ROW",
                  *(["1 FOLLOWING", "3 FOLLOWING"] if offsets else []), "UNBOUNDED FOLLOWING"]
        first = self.random.randrange(0, len(bounds) - 1)
        last = self.random.randrange(max(first, 1), len(bounds))
        exclude = self.pick(["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES", " EXCLUDE NO OTHERS"])
        if mode == "RANGE" and "CURRENT ROW" in exclude:
            exclude = ""
        return Node([f" {mode} BETWEEN {bounds[first]} AND {bounds[last]}{exclude}"], None, "")

    def subquery_expression(self, type_, scope, depth):
        visible = Scope(scope.columns, outer=scope.outer)
        if type_ == "bool":
            form = self.pick(["EXISTS", "NOT EXISTS", "IN", "NOT IN", "ANY", "ALL", "ROW"])
            if form.endswith("EXISTS"):
                return Node([f"{form} (", self.query(1, visible).node, ")"], "bool", "true")
            if form == "ROW":
                kinds = [self.pick(ORDERED), self.pick(ORDERED)]
                left = [self.expression(kind, visible, 1) for kind in kinds]
                query = self.query(1, visible, kinds)
                return Node(["((", left[0], ", ", left[1], f") {self.pick(['IN', 'NOT IN'])} (", query.node, "))"], "bool", "true")
            kind = self.pick(ORDERED)
            left = self.expression(kind, visible, 1)
            operator = form if form.endswith("IN") else f"{self.pick(['=', '<>', '<', '>='])} {form}"
            return Node(["(", left, f" {operator} (", self.query(1, visible, [kind]).node, "))"], "bool", "true")
        if type_ in AGGREGATES and AGGREGATES[type_] and self.chance(0.7):
            return Node(["(", self.scalar_aggregate(type_, visible), ")"], type_, minimal(type_))
        if type_ in UNORDERED:
            return self.leaf(type_, scope, depth)
        query = self.query(1, visible, [type_], limit=1)
        return Node(["(", query.node, ")"], type_, minimal(type_))

    def scalar_aggregate(self, type_, outer):
        relations, scope = self.from_clause(1, outer)
        grouped = Scope([], inner=scope)
        parts = ["SELECT ", self.aggregate(type_, grouped), " FROM ", relations]
        if self.chance(0.7):
            parts.append(self.where(scope, 2))
        return Node(parts)

    # ---- FROM

    def from_clause(self, depth, outer):
        """The relations after FROM, and the scope they make."""
        node, scope = self.relation(depth, outer)
        scope.outer = outer
        for _ in range(self.pick([0, 0, 0, 1, 1, 2] if depth > 0 else [0, 0, 1])):
            kind = self.pick(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ",", "LATERAL", "LATERAL ROWS", "USING"])
            node, scope = self.join(kind, node, scope, depth, outer)
        return node, scope

    def join(self, kind, left, scope, depth, outer):
        if kind == "LATERAL":
            alias = self.fresh("l")
            query = self.query(depth - 1, Scope(scope.columns, outer=None))
            joined = Scope(scope.columns + [(f"{alias}.{c}", t) for c, t in query.columns], outer=outer)
            how = self.pick([" CROSS JOIN LATERAL (", " LEFT JOIN LATERAL ("])
            tail = " ON true" if "LEFT" in how else ""
            return self.joined(left, [how, query.node, f") AS {alias}{tail}"], joined)
        if kind == "LATERAL ROWS":
            right, other = self.function_relation(self.fresh("l"), Scope(scope.columns, outer=None))
            joined = Scope(scope.columns + other.columns, outer=outer)
            how, tail = self.pick([(" CROSS JOIN LATERAL ", ""), (" CROSS JOIN ", ""), (" LEFT JOIN LATERAL ", " ON true"), (" JOIN LATERAL ", " ON true")])
            return self.joined(left, [how, right, tail], joined)
        right, other = self.relation(depth - 1, outer)
        key = scope.key + other.key if scope.key is not None and other.key is not None else None
        both = Scope(scope.columns + other.columns, key=key, outer=outer)
        if kind in (",", "CROSS JOIN"):
            return self.joined(left, [f" {kind} " if kind != "," else ", ", right], both, kind == ",")
        if kind == "USING":
            return self.join_on(left, right, scope, other, both, "JOIN")
        return self.join_on(left, right, scope, other, both, kind)

    def join_on(self, left, right, scope, other, both, kind):
        """FULL JOIN wants conditions that PostgreSQL can hash."""
        pairs = [(a, b) for a, s in scope.columns for b, t in other.columns if s == t]
        parts = []
        if pairs and self.chance(0.85) or kind == "FULL JOIN":
            if not pairs:
                return self.joined(left, [" FULL JOIN ", right, " ON true"], both)
            a, b = self.pick(pairs)
            parts = [f"{a} = {b}"]
            if kind != "FULL JOIN" and self.chance(0.4):
                parts += [" AND ", self.expression("bool", both, 2)]
        else:
            parts = [self.expression("bool", both, 2)]
        return self.joined(left, [f" {kind} ", right, " ON ", Node(parts, None, "true")], both)

    def joined(self, left, parts, scope, comma=False):
        if comma or not self.chance(0.5):
            # A later JOIN binds tighter than a comma: what is before it is out of its reach.
            if comma:
                return Node([Node([left], "from"), " CROSS JOIN ", parts[1]], "from"), scope
            return Node([left, *parts], "from"), scope
        return Node(["(", left, *parts, ")"] if parts[0][:2] != ", " else [left, *parts], "from"), scope

    def relation(self, depth, outer):
        roll = self.random.random()
        alias = self.fresh("r")
        if self.ctes and roll < 0.15:
            name, columns = self.pick(self.ctes)
            return Node([f"{name} AS {alias}"], "from"), Scope([(f"{alias}.{c}", t) for c, t in columns])
        if depth > 0 and roll < 0.3:
            query = self.query(depth - 1, None)
            return Node(["(", query.node, f") AS {alias}"], "from"), Scope([(f"{alias}.{c}", t) for c, t in query.columns])
        if roll < 0.35:
            return self.function_relation(alias)
        if roll < 0.4:
            return self.values_relation(alias)
        views = getattr(self, "view_tables", [])
        if views and roll < 0.45:
            table = self.pick(views)
            return Node([f"{table.name} AS {alias}"], "from"), Scope([(f"{alias}.{c}", t) for c, t in table.columns])
        table = self.pick(self.tables)
        scope = Scope([(f"{alias}.{c}", t) for c, t in table.columns], key=[f"{alias}.id"])
        return Node([f"{table.name} AS {alias}"], "from"), scope

    def function_relation(self, alias, scope=None):
        """`scope`: what the arguments can refer to."""
        if self.row_functions and self.chance(0.3):
            name, kinds, columns = self.pick(self.row_functions)
            return Node([*self.called(name, kinds, scope or Scope([]), 1), f" AS {alias}"], "from"), Scope([(f"{alias}.{c}", t) for c, t in columns])
        text, columns = self.pick([
            ("generate_series([[1@@1::INT8]], {int} % 10) AS {alias} (x)", [("x", "int")]),
            ("generate_series([[1@@1::INT8]], 7, 2) WITH ORDINALITY AS {alias} (x, o)", [("x", "int"), ("o", "int")]),
            ("unnest({ints}) AS {alias} (x)", [("x", "int")]),
            ("unnest({texts}) WITH ORDINALITY AS {alias} (x, o)", [("x", "text"), ("o", "int")]),
            ("jsonb_array_elements(jsonb_build_array({int}, {text})) AS {alias} (x)", [("x", "jsonb")]),
            ("jsonb_each_text('{{\"a\": 1, \"b\": null, \"c\": \"x\"}}'::JSONB) AS {alias} (k, v)", [("k", "text"), ("v", "text")]),
            ("ROWS FROM (generate_series([[1@@1::INT8]], 3), unnest({texts})) AS {alias} (x, y)", [("x", "int"), ("y", "text")]),
            ("generate_series('2024-01-01'::TIMESTAMP, '2024-01-04'::TIMESTAMP, '1 day'::INTERVAL) AS {alias} (x)", [("x", "ts")]),
            ("regexp_split_to_table({text}, '[ ,b]') AS {alias} (x)", [("x", "text")]),
            ("unnest({dates}) WITH ORDINALITY AS {alias} (x, o)", [("x", "date"), ("o", "int")]),
            ("unnest({moods}) AS {alias} (x)", [("x", "mood")]),
            ("unnest({ints}, {texts}) AS {alias} (x, y)", [("x", "int"), ("y", "text")]),
            ("jsonb_array_elements_text(to_jsonb({ints})) WITH ORDINALITY AS {alias} (x, o)", [("x", "text"), ("o", "int")]),
            ("jsonb_object_keys(jsonb_build_object('k', {int}, 'l', {text})) AS {alias} (x)", [("x", "text")]),
            ("generate_subscripts({texts}, 1) AS {alias} (x)", [("x", "int")]),
        ])
        empty = scope or Scope([])
        text = text.replace("{alias}", alias).replace("{{", "{").replace("}}", "}")
        node = Node(template(text, lambda name: self.expression(name, empty, 1) if name in TYPES else None), "from")
        return node, Scope([(f"{alias}.{c}", t) for c, t in columns])

    def values_relation(self, alias):
        kinds = [self.pick(COMMON) for _ in range(self.random.randint(1, 3))]
        rows = [Node(["(", List([self.cast(self.literal(kind), kind) if not self.chance(0.1) else Node([f"NULL::{SQL[kind]}"]) for kind in kinds], least=len(kinds)), ")"])
                for _ in range(self.random.randint(1, 4))]
        names = [f"x{i}" for i in range(len(kinds))]
        node = Node(["(VALUES ", List(rows), f") AS {alias} ({', '.join(names)})"], "from")
        return node, Scope([(f"{alias}.{name}", kind) for name, kind in zip(names, kinds)])

    def cast(self, node, kind):
        return Node([node, f"::{SQL[kind]}"])

    def where(self, scope, depth):
        return Node([" WHERE ", self.expression("bool", scope, depth)], None, "")

    # ---- SELECT

    def query(self, depth, outer, kinds=None, limit=None, view=False):
        """A query with columns of the types `kinds`, or of any."""
        if kinds is None:
            kinds = [self.pick(COMMON) for _ in range(self.random.randint(1, 4))]
        if depth > 0 and self.chance(0.12):
            query = self.set_operation(depth, outer, kinds)
        else:
            query = self.select(depth, outer, kinds, limit)
        if limit is None and not query.ordered and depth >= 0:
            query = self.order(query)
        elif limit is not None:
            query = self.order(query, limit)
        return query

    def order(self, query, limit=None):
        """ORDER BY of all columns, so that LIMIT takes the same rows everywhere."""
        if any(kind in UNORDERED for _, kind in query.columns) or (limit is None and self.chance(0.5)):
            return query
        keys = [Node([f"{i + 1}{self.pick(['', ' DESC', '', ' NULLS FIRST', ' DESC NULLS LAST'])}"]) for i in range(len(query.columns))]
        self.random.shuffle(keys)
        inner = ["SELECT * FROM (", query.node, f") AS {self.fresh('o')}"] if query.ordered else [query.node]
        parts = [*inner, " ORDER BY ", List(keys, least=len(keys))]
        if limit is not None:
            parts.append(f" LIMIT {limit}")
        elif self.chance(0.4):
            parts.append(Node([f" LIMIT {self.random.randint(0, 10)}"], None, ""))
            if self.chance(0.4):
                parts.append(Node([f" OFFSET {self.random.randint(0, 4)}"], None, ""))
        return Query(Node(parts, "query"), query.columns, True)

    def set_operation(self, depth, outer, kinds):
        operator = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"])
        left = self.select(depth - 1, outer, kinds)
        right = self.select(depth - 1, outer, kinds)
        node = Node(["(", left.node, f") {operator} (", right.node, ")"], "query")
        return Query(node, left.columns, False)

    def select(self, depth, outer, kinds, limit=None):
        head = self.with_clause(depth, outer) if depth > 1 and self.chance(0.25) else None
        relations, scope = self.from_clause(depth, outer)
        style = self.pick(["plain"] * 5 + ["grouped"] * 2 + ["distinct", "distinct on", "windows", "windows"])
        names = [self.fresh("x") for _ in kinds]
        tail = [self.where(scope, 2)] if self.chance(0.6) else []
        target, distinct = scope, ""
        if style == "grouped":
            target, more = self.group_by(scope)
            tail += more
        elif style == "windows":
            target = Scope(scope.columns, key=scope.key, outer=scope.outer)
            target.windows = True
        elif style == "distinct on" and any(kind in UNORDERED for kind in kinds):
            style = "plain"
        items = [Node([self.expression(kind, target, self.random.randint(0, 3)), f" AS {name}"]) for kind, name in zip(kinds, names)]
        if style == "distinct":
            distinct = Node(["DISTINCT "], None, "")
        elif style == "distinct on":
            return self.distinct_on(head, items, list(zip(names, kinds)), relations, tail)
        node = Node([*([head] if head else []), "SELECT ", distinct or "", List(items), " FROM ", relations, *tail], "query")
        if head is not None:
            self.ctes = head.outer_ctes
        return Query(node, list(zip(names, kinds)), False)

    def distinct_on(self, head, items, columns, relations, tail):
        n = self.random.randint(1, len(columns))
        keys = List([f"{i + 1}" for i in range(len(columns))], least=len(columns))
        on = ", ".join(name for name, _ in columns[:n])
        inner = Node([*([head] if head else []), "SELECT ", List(items), " FROM ", relations, *tail], "query")
        if head is not None:
            self.ctes = head.outer_ctes
        alias = self.fresh("d")
        node = Node([f"SELECT DISTINCT ON ({on}) {', '.join(name for name, _ in columns)} FROM (", inner, f") AS {alias} ORDER BY ", keys], "query")
        return Query(node, columns, True)

    def group_by(self, scope):
        """The scope of a grouped query, and its GROUP BY and HAVING."""
        chosen = self.random.sample(scope.columns, min(len(scope.columns), self.random.randint(0, 2)))
        keys = [Node([text]) for text, _ in chosen]
        grouped = Scope(list(chosen), inner=scope, outer=None)
        tail = []
        if keys and self.chance(0.3):
            grouped.grouping = [text for text, _ in chosen]
            tail += [" GROUP BY ", self.grouping_sets(grouped.grouping)]
        elif keys:
            tail += [" GROUP BY ", List(keys)]
        if self.chance(0.3):
            tail.append(Node([" HAVING ", self.expression("bool", grouped, 2)], None, ""))
        return grouped, tail

    def grouping_sets(self, keys):
        """In the second form of a pair of keys the plain key comes before the sets."""
        text = ", ".join(keys)
        return self.pick([f"ROLLUP ({text})", f"CUBE ({text})", f"GROUPING SETS (({text}), ({keys[0]}), ())", f"GROUPING SETS ({text}, ({text}))", f"{keys[0]}, ROLLUP ({text})"])

    def walk(self, name):
        """A recursive query that goes from row to row of a table."""
        table = self.pick(self.tables)
        to = self.pick([column for column, kind in table.columns if kind == "int"])
        union = self.pick(["UNION", "UNION", "UNION ALL"])
        return Node([f"{name} (n, d) AS (SELECT t.id, ", ("0", "0::INT8"), f" FROM {table.name} AS t WHERE t.id < 5 {union} SELECT t.{to}, w.d + 1 FROM {name} AS w "
                     f"JOIN {table.name} AS t ON t.id = w.n WHERE w.d < {self.random.randint(1, 4)})"])

    def with_clause(self, depth, outer):
        before = list(self.ctes)
        parts = []
        recursive = self.chance(0.3)
        made = []
        for _ in range(self.random.randint(1, 2)):
            name = self.fresh("w")
            if recursive and not made and self.chance(0.4):
                parts.append(self.walk(name))
                made.append((name, [("n", "int"), ("d", "int")]))
            elif recursive and not made:
                step = self.pick([f"SELECT n + 1, s || 'x' FROM {name} WHERE n < {self.random.randint(1, 6)}",
                                  f"SELECT n * 2, s FROM {name} WHERE n < 20"])
                union = self.pick(["UNION ALL", "UNION"])
                parts.append(Node([f"{name} (n, s) AS (SELECT ", ("1", "1::INT8"), ", ", ("'a'", "'a'::TEXT"), f" {union} {step})"]))
                made.append((name, [("n", "int"), ("s", "text")]))
            else:
                query = self.query(depth - 2, None)
                hint = self.pick(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
                parts.append(Node([f"{name} AS {hint}(", query.node, ")"]))
                made.append((name, query.columns))
            self.ctes = self.ctes + [made[-1]]
        node = Head([f"WITH {'RECURSIVE ' if recursive else ''}", List(parts), " "], None, "")
        node.outer_ctes = before
        return node

    # ---- changes

    def change(self):
        """INSERT, UPDATE or DELETE with RETURNING, and the table it changes."""
        table = self.pick(self.tables)
        scope = Scope([(f"{table.name}.{c}", t) for c, t in table.columns])
        form = self.pick([self.insert, self.insert, self.insert_select, self.update, self.update, self.update_from, self.update_row, self.update_key, self.delete, self.delete_using])
        parts = form(table, scope)
        if self.chance(0.15):
            made = Node([" RETURNING ", List([Node([self.expression(kind, scope, 1), f" AS x{i}"]) for i, kind in enumerate(["int", "text"])], least=2)])
            return Node(["WITH w AS (", *parts, made, ") SELECT ", List(["count(*)", "sum(x0)", "max(x1)"]), " FROM w"]), table
        if self.chance(0.7):
            kinds = [self.pick(COMMON) for _ in range(2)]
            parts += [Node([" RETURNING ", List([Node([self.expression(kind, scope, 2), f" AS x{i}"]) for i, kind in enumerate(kinds)])], None, "")]
        return Node(parts), table

    def insert(self, table, _scope):
        columns = [column for column in table.written if column[0] == "id" or self.chance(0.8)]
        empty = Scope([])
        rows = []
        for _ in range(self.random.randint(1, 3)):
            values = [Node([str(self.random.randint(1, 40))], None) if column == "id" else
                      Node(["DEFAULT"]) if self.chance(0.1) else self.expression(kind, empty, 1) for column, kind in columns]
            rows.append(Node(["(", List(values, least=len(values)), ")"]))
        parts = [f"INSERT INTO {table.name} ({', '.join(c for c, _ in columns)}) VALUES ", List(rows)]
        roll = self.random.random()
        if roll < 0.25:
            parts.append(" ON CONFLICT DO NOTHING")
        elif roll < 0.75:
            target = self.pick(["(id)"] * 3 + [f"({column})" for column in table.unique] + table.arbiters)
            parts += [f" ON CONFLICT {target} DO UPDATE SET ", self.assignments(table, excluded=True)]
            if self.chance(0.3):
                scope = Scope([(f"{prefix}.{c}", t) for c, t in table.columns for prefix in (table.name, "excluded")])
                parts.append(self.where(scope, 2))
        return parts

    def insert_select(self, table, _scope):
        """Of rows of another table, or of the same; ids stay different from each other."""
        other = self.pick(self.tables)
        scope = Scope([(f"o.{c}", t) for c, t in other.columns])
        columns = [column for column in table.written if column[0] == "id" or self.chance(0.7)]
        values = [Node([f"o.id + {self.pick([0, 5, 1000])}"]) if column == "id" else self.expression(kind, scope, 1) for column, kind in columns]
        parts = [f"INSERT INTO {table.name} ({', '.join(c for c, _ in columns)}) SELECT ", List(values, least=len(values)), f" FROM {other.name} AS o", self.where(scope, 1), " ORDER BY o.id"]
        roll = self.random.random()
        if roll < 0.3:
            parts.append(" ON CONFLICT DO NOTHING")
        elif roll < 0.7:
            parts += [" ON CONFLICT (id) DO UPDATE SET ", self.assignments(table, excluded=True)]
        return parts

    def update_row(self, table, scope):
        """Several columns from one query."""
        settable = [entry for entry in table.written if entry[0] != "id" and entry[0] not in table.unique and entry[1] not in UNORDERED]
        chosen = self.random.sample(settable, min(len(settable), 2))
        if not chosen:
            return self.update(table, scope)
        query = self.query(1, Scope(scope.columns), [kind for _, kind in chosen], limit=1)
        return [f"UPDATE {table.name} SET ({', '.join(column for column, _ in chosen)}) = (", query.node, ")", self.where(scope, 1)]

    def assignments(self, table, excluded=False, more=()):
        scope = Scope([(f"{table.name}.{c}", t) for c, t in table.columns] + list(more))
        if excluded:
            scope.columns += [(f"excluded.{c}", t) for c, t in table.columns]
        settable = [entry for entry in table.written if entry[0] != "id" and entry[0] not in table.unique]
        chosen = self.random.sample(settable, min(len(settable), self.random.randint(1, 2)))
        return List([Node([f"{column} = ", self.expression(kind, scope, 2)]) for column, kind in chosen])

    def update(self, table, scope):
        return [f"UPDATE {table.name} SET ", self.assignments(table), self.where(scope, 2)]

    def update_key(self, table, scope):
        """What refers to the rows follows, or holds them."""
        return [f"UPDATE {table.name} SET id = id + 5000 WHERE id < 1000", Node([" AND ", self.expression("bool", scope, 1)], None, "")]

    def update_from(self, table, scope):
        """The other table is joined by its key, so that one row of it meets each row."""
        other = self.pick(self.tables)
        more = [(f"o.{c}", t) for c, t in other.columns]
        reference = self.pick(scope.of("int"))
        both = Scope(scope.columns + more)
        return [f"UPDATE {table.name} SET ", self.assignments(table, more=more), f" FROM {other.name} AS o WHERE o.id = {reference}",
                Node([" AND ", self.expression("bool", both, 2)], None, "")]

    def delete(self, table, scope):
        return [f"DELETE FROM {table.name}", self.where(scope, 2)]

    def delete_using(self, table, scope):
        other = self.pick(self.tables)
        both = Scope(scope.columns + [(f"o.{c}", t) for c, t in other.columns])
        # Which of several partners RETURNING sees is not said: it is joined by its key.
        return [f"DELETE FROM {table.name} USING {other.name} AS o WHERE o.id = {self.pick(scope.of('int'))}",
                Node([" AND ", self.expression("bool", both, 2)], None, "")]

    def alteration(self):
        """A change of a table's schema, and what makes the same change here."""
        table = self.pick(self.tables)
        free = [entry for entry in table.written[1:] if entry[0] not in table.unique and not any(entry[0] in text for _, _, text in table.computed)]
        kind = self.pick(COMMON)
        name = self.fresh("a")
        head = f"ALTER TABLE {table.name} "

        def add():
            table.written.append((name, kind))
            table.columns.insert(len(table.written) - 1, (name, kind))

        def drop():
            table.written.remove(victim)
            table.columns.remove(victim)
            table.arbiters = []

        def rename():
            table.written[table.written.index(victim)] = table.columns[table.columns.index(victim)] = (name, victim[1])
            table.not_null = {name if column == victim[0] else column for column in table.not_null}
            table.arbiters = []
        if not free or self.chance(0.35):
            default = self.pick(["", f" DEFAULT {self.constant(kind)}", f" NOT NULL DEFAULT {self.constant(kind)}"])
            return f"{head}ADD COLUMN {name} {SQL[kind]}{default}", add
        victim = self.pick(free)
        return self.pick([(f"{head}DROP COLUMN {victim[0]}", drop), (f"{head}RENAME COLUMN {victim[0]} TO {name}", rename), (f"{head}ALTER COLUMN {victim[0]} SET DEFAULT {self.constant(victim[1])}", None),
                          (f"{head}ALTER COLUMN {victim[0]} DROP DEFAULT", None), (f"{head}ALTER COLUMN {victim[0]} SET NOT NULL", None), (f"{head}ALTER COLUMN {victim[0]} DROP NOT NULL", None),
                          (f"{head}ADD CONSTRAINT {name} CHECK ({victim[0]} IS NOT NULL OR id > 3)", None), (f"{head}ADD CONSTRAINT {name} UNIQUE ({victim[0]}, id)", None)])

    def sequences(self):
        """Statements, one after the other, that make a sequence, take from it and change it."""
        name, table = self.fresh("sq"), self.fresh("st")
        step = self.pick([1, 1, 2, -1, -3, 10])
        options = [f"INCREMENT BY {step}"] if step != 1 else []
        low, high = self.pick([(1, 5), (-4, 9), (10, 30)])
        options += self.pick([[], [f"MINVALUE {low}", f"MAXVALUE {high}"], [f"MINVALUE {low}", f"MAXVALUE {high}", "CYCLE"], [f"MAXVALUE {high}", f"START {high - 1}", f"MINVALUE {low}"], ["NO MINVALUE NO MAXVALUE"]])
        if self.chance(0.2):
            options.append(self.pick(["AS INT8", "AS INT4", "AS INT2", "CACHE 1"]))
        identity = self.pick(["BY DEFAULT", "ALWAYS"])
        out = ["DISCARD SEQUENCES", f"CREATE SEQUENCE {name} {' '.join(options)}",
               f"CREATE TABLE {table} (id INT8 DEFAULT nextval('{name}'), g INT8 GENERATED {identity} AS IDENTITY, v INT8)"]
        value = self.random.randint(low - 1, high + 1)
        steps = [f"SELECT nextval('{name}')", f"SELECT nextval('{name}'), nextval('{name}')", f"SELECT currval('{name}')", "SELECT lastval()", f"SELECT setval('{name}', {value})",
                 f"SELECT setval('{name}', {value}, false)", f"SELECT last_value, is_called FROM {name}", f"INSERT INTO {table} (v) VALUES (1), (2) RETURNING id, g, v",
                 f"INSERT INTO {table} (id, v) VALUES (DEFAULT, 3), (100, 4) RETURNING *", f"INSERT INTO {table} (g, v) VALUES (7, 5) RETURNING *",
                 f"INSERT INTO {table} SELECT nextval('{name}') RETURNING *", f"UPDATE {table} SET id = DEFAULT WHERE v = 1 RETURNING id",
                 f"ALTER SEQUENCE {name} RESTART", f"ALTER SEQUENCE {name} RESTART WITH {value}", f"ALTER SEQUENCE {name} INCREMENT BY {self.pick([1, 2, -1])}", f"ALTER SEQUENCE {name} MAXVALUE {high + 5}",
                 f"ALTER SEQUENCE {name} {self.pick(['CYCLE', 'NO CYCLE', 'NO MAXVALUE', 'NO MINVALUE'])}", f"SELECT start_value, min_value, max_value, increment_by, cycle FROM pg_sequences WHERE sequencename = '{name}'",
                 f"SELECT count(*) FROM (SELECT nextval('{name}') FROM generate_series(1, 3)) AS q", f"SELECT x, nextval('{name}') FROM generate_series(1, 2) AS g (x) ORDER BY x",
                 f"ALTER TABLE {table} ALTER COLUMN g RESTART WITH 50", f"TRUNCATE {table} RESTART IDENTITY", f"SELECT seqtypid::REGTYPE::TEXT FROM pg_sequence WHERE seqrelid = '{name}'::REGCLASS"]
        out += [self.pick(steps) for _ in range(self.random.randint(4, 12))]
        return [*out, f"SELECT * FROM {table} ORDER BY v, id, g", f"DROP TABLE {table}", f"DROP SEQUENCE {name}"]

    def scalars(self):
        """Expressions that may fail, over every row of a table."""
        self.partial = True
        table = self.pick([table for table in self.tables if table.next_id > 0] or self.tables)
        scope = Scope([(c, t) for c, t in table.columns])
        kind = self.pick(list(TYPES))
        node = Node(["SELECT id, ", self.expression(kind, scope, self.random.randint(1, 3)), f" AS x FROM {table.name}"])
        self.partial = False
        return node


class Head(Node):
    """WITH …; `outer_ctes`: what was visible before."""

    __slots__ = ("outer_ctes",)


def minimal(type_):
    return f"NULL::{SQL[type_]}" if type_ != "bool" else "true"

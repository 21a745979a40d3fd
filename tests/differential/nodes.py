"""Statements as trees that can be printed in either dialect and made smaller.

A part of a node is a string, a pair (Palmetto's text, PostgreSQL's text), or a node.
"""

import re

PIECE = re.compile(r"\{(\w+)\}|\[\[(.*?)@@(.*?)\]\]")


class Node:
    """`type` names what an expression gives; nodes of one type can stand for each other. `minimal` is the least text that
    can stand here, None when nothing can but the node itself."""

    __slots__ = ("parts", "type", "minimal")

    def __init__(self, parts, type_=None, minimal=None):
        self.parts, self.type, self.minimal = list(parts), type_, minimal

    def text(self, dialect):
        out = []
        self.write(out, dialect)
        return "".join(out)

    def write(self, out, dialect):
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, tuple):
                out.append(part[dialect])
            else:
                part.write(out, dialect)

    def children(self):
        return [part for part in self.parts if isinstance(part, Node)]

    def size(self):
        return 1 + sum(child.size() for child in self.children())

    def smaller(self):
        """Nodes or texts that could stand here, most reduced first."""
        if self.minimal is not None:
            yield self.minimal
        if self.type is not None:
            yield from descendants(self, self.type)


class List(Node):
    """Nodes with a separator between them, at least `least` of them."""

    __slots__ = ("separator", "least")

    def __init__(self, items, separator=", ", least=1):
        super().__init__(items)
        self.separator, self.least = separator, least

    def write(self, out, dialect):
        for i, item in enumerate(self.parts):
            out.append(self.separator if i else "")
            if isinstance(item, Node):
                item.write(out, dialect)
            else:
                out.append(item if isinstance(item, str) else item[dialect])


def descendants(node, type_):
    """The outermost nodes of a type below a node."""
    for child in node.children():
        if child.type == type_:
            yield child
        else:
            yield from descendants(child, type_)


def template(text, fill):
    """Parts of a template: {name} is what fill(name) gives, [[a@@b]] is a in Palmetto's and b in PostgreSQL's words. Braces
    around what fill() does not know (None) are text."""
    parts, at = [], 0
    for match in PIECE.finditer(text):
        filled = fill(match[1]) if match[1] else (match[2], match[3])
        if filled is not None:
            parts += [text[at:match.start()], filled]
            at = match.end()
    parts.append(text[at:])
    return [part for part in parts if part != ""]


def reduce(root, differs, tries_max=400):
    """Deletes and replaces parts of a tree while differs(root) stays true."""
    tries, progress = 0, True
    while progress and tries < tries_max:
        progress = False
        for change, undo in list(changes(root)):
            tries += 1
            if tries >= tries_max:
                break
            change()
            if differs(root):
                progress = True
                break
            undo()
    return root


def changes(node):
    """Every one-step reduction below a node as (do, undo), the largest parts first."""
    found = []
    collect(node, found)
    found.sort(key=lambda entry: -entry[0])
    return [entry[1:] for entry in found]


def collect(node, found):
    for i, part in enumerate(node.parts):
        if isinstance(node, List) and len(node.parts) > node.least:
            size = part.size() if isinstance(part, Node) else 1
            found.append((size, *removal(node, i)))
        if isinstance(part, Node):
            for replacement in part.smaller():
                kept = replacement.size() if isinstance(replacement, Node) else 0
                found.append((part.size() - kept, *exchange(node, i, replacement)))
            collect(part, found)


def removal(node, i):
    before = node.parts
    after = before[:i] + before[i + 1:]
    return (lambda: setattr(node, "parts", after)), (lambda: setattr(node, "parts", before))


def exchange(node, i, replacement):
    before = node.parts
    after = before[:i] + [replacement] + before[i + 1:]
    return (lambda: setattr(node, "parts", after)), (lambda: setattr(node, "parts", before))

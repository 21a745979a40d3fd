#!/usr/bin/env python3
"""Assembles the Bison grammar and the keyword hash table.

usage: gen_grammar.py keywords.def OUTPUT.y OUTPUT.h PART.y...

The grammar is written in parts, one subject each: declarations, `%%`, rules. `@TOKENS@` and `@KEYWORD_RULES@` in them are replaced by what
keywords.def says. The header holds a perfect hash of the keywords (hash and displace): two table look-ups and one
comparison per word.
"""
import re
import sys

MASK = 0xFFFFFFFF
BUCKETS = 256
SLOTS = 1024


def word_hash(word):
    h = 2166136261
    for c in word.encode():
        h = ((h ^ c) * 16777619) & MASK
    return h ^ (h >> 15)


def slot_of(h, displacement):
    return ((h >> 8) + displacement * ((h >> 20) | 1)) % SLOTS


def perfect_hash(words):
    buckets = [[] for _ in range(BUCKETS)]
    for i, w in enumerate(words):
        buckets[word_hash(w) % BUCKETS].append(i)
    slots, displacements = [-1] * SLOTS, [0] * BUCKETS
    for b in sorted(range(BUCKETS), key=lambda b: -len(buckets[b])):
        for d in range(65536):
            at = [slot_of(word_hash(words[i]), d) for i in buckets[b]]
            if len(set(at)) == len(at) and all(slots[s] < 0 for s in at):
                break
        else:
            sys.exit('keywords.def: no perfect hash found; enlarge SLOTS')
        displacements[b] = d
        for i, s in zip(buckets[b], at):
            slots[s] = i
    return slots, displacements


def read_keywords(path):
    rows = re.findall(r'^KEYWORD\((\w+), (\w+), (\w+)\)$', open(path).read(), re.M)
    if [r[0] for r in rows] != sorted({r[0] for r in rows}):
        sys.exit('keywords.def: rows must be sorted and unique')
    return rows


def rule(name, words):
    return f'{name}:\n    ' + '\n  | '.join(f'"{w.upper()}"' for w in words) + '\n  ;\n'


def without_actions(rules):
    out, depth = [], 0
    for piece in re.split(r"('.'|[{}])", rules):
        depth += {'{': 1, '}': -1}.get(piece, 0)
        if depth == 0:
            out.append(piece)
    return ''.join(out)


def check_words(texts, keywords):
    """Bison would quietly make a token of a misspelt word."""
    known = {w.upper() for w, _, _ in keywords}
    used = {w for t in texts for rules in t[1:] for w in re.findall(r'"([A-Z_]+)"', without_actions(rules))}
    if used - known:
        sys.exit('not in keywords.def: ' + ', '.join(sorted(used - known)))


def write_grammar(path, keywords, parts):
    tokens = ''.join(f'%token <str> K_{w.upper()} "{w.upper()}"\n' for w, _, _ in keywords)
    rules = ''.join(
        rule(name, [w for w, c, label in keywords if test(c, label)])
        for name, test in (
            ('unreserved_keyword', lambda c, label: c == 'UNRESERVED'),
            ('column_name_keyword', lambda c, label: c == 'COLUMN_NAME'),
            ('type_function_keyword', lambda c, label: c == 'TYPE_OR_FUNCTION'),
            ('reserved_keyword', lambda c, label: c == 'RESERVED'),
            ('bare_label_keyword', lambda c, label: label == 'BARE')))
    texts = [open(part).read().split('\n%%\n') for part in parts]
    check_words(texts, keywords)
    with open(path, 'w') as out:
        out.write('\n'.join(t[0] for t in texts).replace('@TOKENS@', tokens))
        out.write('\n%%\n')
        out.write('\n'.join(t[1] for t in texts if len(t) > 1).replace('@KEYWORD_RULES@', rules))


def write_header(path, keywords):
    slots, displacements = perfect_hash([w for w, _, _ in keywords])
    with open(path, 'w') as out:
        out.write('// Generated from keywords.def by gen_grammar.py.\n')
        out.write(f'enum {{ KEYWORD_BUCKETS = {BUCKETS}, KEYWORD_SLOTS = {SLOTS} }};\n')
        out.write('static const uint16_t keyword_displacements[KEYWORD_BUCKETS] = {%s};\n' % ', '.join(map(str, displacements)))
        out.write('static const int16_t keyword_tokens[] = {%s};\n' % ', '.join('K_' + w.upper() for w, _, _ in keywords))
        out.write('static const int16_t keyword_slots[KEYWORD_SLOTS] = {%s};\n' % ', '.join(map(str, slots)))


def main():
    keywords = read_keywords(sys.argv[1])
    write_grammar(sys.argv[2], keywords, sys.argv[4:])
    write_header(sys.argv[3], keywords)


main()

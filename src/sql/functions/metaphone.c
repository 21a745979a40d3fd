// Metaphone (Lawrence Philips, "Hanging on the Metaphone", 1990): how an English word sounds, in the variant that
// PostgreSQL's fuzzystrmatch has.
#include "sql/functions/functions_int.h"
#include <string.h>

enum { INPUT_MAX = 255, CODE_MAX = 255 };

struct metaphone {
    char word[INPUT_MAX + 1]; // in upper case; letters outside ASCII and signs as they are
    size_t len, at;
    char code[CODE_MAX + 2];
    size_t code_len, code_max;
};

static char letter(const struct metaphone *m, int ahead)
{
    size_t at = m->at + (size_t)ahead;
    return (ahead >= 0 || m->at >= (size_t)-ahead) && at < m->len ? m->word[at] : '\0';
}
static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}
static bool is_alpha(char c)
{
    return c >= 'A' && c <= 'Z';
}
static bool is_vowel(char c)
{
    return is_one_of(c, "AEIOU");
}
static bool makes_soft(char c)
{
    return is_one_of(c, "EIY");
}

static void put(struct metaphone *m, const char *sounds)
{
    for (; *sounds != '\0' && m->code_len < CODE_MAX; sounds++)
        m->code[m->code_len++] = *sounds;
}

// The first letter has rules of its own.
static void first_letter(struct metaphone *m)
{
    char c = letter(m, 0), next = letter(m, 1);
    const char own[] = {c, '\0'};
    if (c == 'A' && next == 'E') {
        put(m, "E");
        m->at += 2;
    } else if (is_one_of(c, "GKP") && next == 'N') {
        put(m, "N");
        m->at += 2;
    } else if (c == 'X') {
        put(m, "S");
        m->at++;
    } else if (is_vowel(c)) {
        put(m, own);
        m->at++;
    } else if (c == 'W' && next == 'R') {
        put(m, "R");
        m->at += 2;
    } else if (c == 'W') {
        if (next == 'H')
            put(m, "H");
        else if (is_vowel(next))
            put(m, "W");
        m->at += next == 'H' || is_vowel(next) ? 2 : 1;
    }
}

static size_t sound_c(struct metaphone *m)
{
    char next = letter(m, 1);
    if (makes_soft(next)) {
        if (next == 'I' && letter(m, 2) == 'A')
            put(m, "X");
        else if (letter(m, -1) != 'S')
            put(m, "S");
        return 0;
    }
    if (next != 'H') {
        put(m, "K");
        return 0;
    }
    put(m, letter(m, 2) == 'R' || letter(m, -1) == 'S' ? "K" : "X");
    return 1;
}

static size_t sound_g(struct metaphone *m)
{
    char next = letter(m, 1), after = letter(m, 2);
    if (next == 'H') {
        if (is_one_of(letter(m, -3), "BDH") || letter(m, -4) == 'H')
            return 0;
        put(m, "F");
        return 1;
    }
    if (next == 'N') {
        if (is_alpha(after) && !(after == 'E' && letter(m, 3) == 'D'))
            put(m, "K");
        return 0;
    }
    put(m, makes_soft(next) && letter(m, -1) != 'G' ? "J" : "K");
    return 0;
}

static size_t sound_s(struct metaphone *m)
{
    char next = letter(m, 1), after = letter(m, 2);
    if (next == 'I' && (after == 'O' || after == 'A')) {
        put(m, "X");
        return 0;
    }
    if (next == 'H') {
        put(m, "X");
        return 1;
    }
    if (next == 'C' && after == 'H' && letter(m, 3) == 'W') {
        put(m, "X");
        return 2;
    }
    put(m, "S");
    return 0;
}

static size_t sound_t(struct metaphone *m)
{
    char next = letter(m, 1), after = letter(m, 2);
    if (next == 'I' && (after == 'O' || after == 'A')) {
        put(m, "X");
    } else if (next == 'H') {
        put(m, "0");
        return 1;
    } else {
        put(m, "T");
    }
    return 0;
}

// Sounds of letters that one neighbour decides about, or none.
static void plain_sound(struct metaphone *m, char c)
{
    static const char *const own[26] = {
        ['F' - 'A'] = "F", ['J' - 'A'] = "J", ['L' - 'A'] = "L", ['M' - 'A'] = "M",  ['N' - 'A'] = "N",
        ['Q' - 'A'] = "K", ['R' - 'A'] = "R", ['V' - 'A'] = "F", ['X' - 'A'] = "KS", ['Z' - 'A'] = "S",
    };
    char last = letter(m, -1), next = letter(m, 1);
    const char *sound = own[c - 'A'];
    if (c == 'B')
        sound = last == 'M' ? NULL : "B";
    else if (c == 'H')
        sound = is_vowel(next) && !is_one_of(last, "CGPST") ? "H" : NULL;
    else if (c == 'K')
        sound = last == 'C' ? NULL : "K";
    else if (c == 'P')
        sound = next == 'H' ? "F" : "P";
    else if (c == 'W')
        sound = is_vowel(next) ? "W" : NULL;
    else if (c == 'Y')
        sound = is_vowel(next) ? "Y" : NULL;
    if (sound != NULL)
        put(m, sound);
}

// Letters taken with this one.
static size_t sound(struct metaphone *m)
{
    char c = letter(m, 0);
    switch (c) {
    case 'C':
        return sound_c(m);
    case 'D':
        if (letter(m, 1) == 'G' && makes_soft(letter(m, 2))) {
            put(m, "J");
            return 1;
        }
        put(m, "T");
        return 0;
    case 'G':
        return sound_g(m);
    case 'S':
        return sound_s(m);
    case 'T':
        return sound_t(m);
    default:
        plain_sound(m, c);
        return 0;
    }
}

BODY(metaphone)
{
    struct metaphone m = {.len = args[0].s.len};
    if (m.len == 0)
        return fn_return_str(out, STR_EMPTY);
    if (m.len > INPUT_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "argument exceeds the maximum length of %d bytes", INPUT_MAX);
    if (args[1].i > CODE_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "output exceeds the maximum length of %d bytes", CODE_MAX);
    if (args[1].i <= 0)
        return err_set(err, ERR_ZERO_LENGTH_CHARACTER_STRING, "output cannot be empty string");
    m.code_max = (size_t)args[1].i;
    for (size_t i = 0; i < m.len; i++) {
        char c = args[0].s.ptr[i];
        m.word[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    while (m.at < m.len && !is_alpha(letter(&m, 0)))
        m.at++;
    first_letter(&m);
    for (; m.at < m.len && m.code_len < m.code_max; m.at++) {
        char c = letter(&m, 0);
        if (is_alpha(c) && (c != letter(&m, -1) || c == 'C'))
            m.at += sound(&m);
    }
    return fn_return_str(out, arena_str(ec->arena, (struct str){m.code, MIN(m.code_len, m.code_max)}));
}

static const struct fn_row rows[] = {
#include "sql/functions/metaphone.def"
};
const struct fn_family fn_family_metaphone = {"FUZZY STRING MATCHING", rows, ARRAY_LEN(rows)};

// Double Metaphone (Lawrence Philips, "The Double Metaphone Search Algorithm", C/C++ Users Journal, June 2000): how a
// name sounds, in two readings, of which the second is that of other languages. Codes are cut to four sounds.
//
// A function per letter decides by what stands around it, adds sounds to both readings and moves on. Past the end of
// the word stand a few blanks, which rules may ask for.
#include "sql/functions/functions_int.h"
#include <ctype.h>

enum { CODE_SOUNDS = 4, CODE_ROOM = 8, PADDING = 5, C_CEDILLA = 0xC7, N_TILDE = 0xD1, OTHER_LETTER = 1 };

struct reading {
    char sounds[CODE_ROOM];
    int n;
};

struct dmetaphone {
    const char *word; // upper case, one byte a character, and PADDING blanks
    int len, at;
    bool slavic_or_germanic;
    struct reading first, second;
};

// ---- looking around

static char at(const struct dmetaphone *m, int i)
{
    return i >= 0 && i < m->len + PADDING ? m->word[i] : '\0';
}

// Does one of the texts, with | between them, stand at i?
static bool is(const struct dmetaphone *m, int i, const char *texts)
{
    int n = 0;
    bool same = i >= 0 && i < m->len + PADDING;
    for (const char *p = texts; i >= 0 && i < m->len + PADDING; p++) {
        if (*p == '|' || *p == '\0') {
            if (same)
                return true;
            if (*p == '\0')
                return false;
            n = 0;
            same = true;
        } else {
            same = same && at(m, i + n) == *p;
            n++;
        }
    }
    return false;
}

static bool is_vowel(const struct dmetaphone *m, int i)
{
    return is(m, i, "A|E|I|O|U|Y");
}

static bool is_germanic(const struct dmetaphone *m)
{
    return is(m, 0, "VAN |VON |SCH");
}

// ---- adding sounds

static void put_sounds(struct reading *r, const char *sounds)
{
    for (; *sounds != '\0' && r->n < CODE_ROOM; sounds++)
        r->sounds[r->n++] = *sounds;
}

static void put(struct dmetaphone *m, const char *first, const char *second, int consumed)
{
    put_sounds(&m->first, first);
    put_sounds(&m->second, second);
    m->at += consumed;
}

// A sound whose letter may be doubled.
static void put_plain(struct dmetaphone *m, const char *sound)
{
    put(m, sound, sound, at(m, m->at + 1) == at(m, m->at) ? 2 : 1);
}

// ---- letters

static void vowel(struct dmetaphone *m)
{
    const char *sound = m->at == 0 ? "A" : "";
    put(m, sound, sound, 1);
}

static void letter_b(struct dmetaphone *m)
{
    put_plain(m, "P");
}

static void letters_ch(struct dmetaphone *m)
{
    int i = m->at;
    bool greek = i == 0 && is(m, 1, "HARAC|HARIS|HOR|HYM|HIA|HEM") && !is(m, 0, "CHORE");
    bool hard = is_germanic(m) || is(m, i - 2, "ORCHES|ARCHIT|ORCHID") || is(m, i + 2, "T|S") ||
                ((i == 0 || is(m, i - 1, "A|O|U|E")) && is(m, i + 2, "L|R|N|M|B|H|F|V|W| "));
    if (i > 0 && is(m, i, "CHAE"))
        put(m, "K", "X", 2);
    else if (greek || hard)
        put(m, "K", "K", 2);
    else if (i > 0)
        is(m, 0, "MC") ? put(m, "K", "K", 2) : put(m, "X", "K", 2);
    else
        put(m, "X", "X", 2);
}

static void letters_cc(struct dmetaphone *m)
{
    int i = m->at;
    if (!is(m, i + 2, "I|E|H") || is(m, i + 2, "HU"))
        put(m, "K", "K", 2);
    else if ((i == 1 && at(m, 0) == 'A') || is(m, i - 1, "UCCEE|UCCES"))
        put(m, "KS", "KS", 3);
    else
        put(m, "X", "X", 3);
}

static void letter_c(struct dmetaphone *m)
{
    int i = m->at;
    if (i > 1 && !is_vowel(m, i - 2) && is(m, i - 1, "ACH") && at(m, i + 2) != 'I' &&
        (at(m, i + 2) != 'E' || is(m, i - 2, "BACHER|MACHER")))
        put(m, "K", "K", 2);
    else if (i == 0 && is(m, i, "CAESAR"))
        put(m, "S", "S", 2);
    else if (is(m, i, "CHIA"))
        put(m, "K", "K", 2);
    else if (is(m, i, "CH"))
        letters_ch(m);
    else if (is(m, i, "CZ") && !is(m, i - 2, "WICZ"))
        put(m, "S", "X", 2);
    else if (is(m, i + 1, "CIA"))
        put(m, "X", "X", 3);
    else if (is(m, i, "CC") && !(i == 1 && at(m, 0) == 'M'))
        letters_cc(m);
    else if (is(m, i, "CK|CG|CQ"))
        put(m, "K", "K", 2);
    else if (is(m, i, "CI|CE|CY"))
        put(m, "S", is(m, i, "CIO|CIE|CIA") ? "X" : "S", 2);
    else
        put(m, "K", "K", is(m, i + 1, " C| Q| G") ? 3 : is(m, i + 1, "C|K|Q") && !is(m, i + 1, "CE|CI") ? 2 : 1);
}

static void letter_d(struct dmetaphone *m)
{
    int i = m->at;
    if (is(m, i, "DG"))
        is(m, i + 2, "I|E|Y") ? put(m, "J", "J", 3) : put(m, "TK", "TK", 2);
    else
        put(m, "T", "T", is(m, i, "DT|DD") ? 2 : 1);
}

static void letter_f(struct dmetaphone *m)
{
    put_plain(m, "F");
}

static void letters_gh(struct dmetaphone *m)
{
    int i = m->at;
    const char *sound = "";
    if (i > 0 && !is_vowel(m, i - 1))
        sound = "K";
    else if (i == 0)
        sound = at(m, 2) == 'I' ? "J" : "K";
    else if ((i > 1 && is(m, i - 2, "B|H|D")) || (i > 2 && is(m, i - 3, "B|H|D")) || (i > 3 && is(m, i - 4, "B|H")))
        sound = ""; // bough, Hugh
    else if (i > 2 && at(m, i - 1) == 'U' && is(m, i - 3, "C|G|L|R|T"))
        sound = "F"; // laugh, cough
    else if (at(m, i - 1) != 'I')
        sound = "K";
    put(m, sound, sound, 2);
}

static void letters_gn(struct dmetaphone *m)
{
    int i = m->at;
    if (i == 1 && is_vowel(m, 0) && !m->slavic_or_germanic)
        put(m, "KN", "N", 2);
    else if (!is(m, i + 2, "EY") && !m->slavic_or_germanic)
        put(m, "N", "KN", 2);
    else
        put(m, "KN", "KN", 2);
}

static void letter_g(struct dmetaphone *m)
{
    int i = m->at;
    if (at(m, i + 1) == 'H')
        letters_gh(m);
    else if (at(m, i + 1) == 'N')
        letters_gn(m);
    else if (is(m, i + 1, "LI") && !m->slavic_or_germanic)
        put(m, "KL", "L", 2);
    else if (i == 0 && is(m, 1, "Y|ES|EP|EB|EL|EY|IB|IL|IN|IE|EI|ER"))
        put(m, "K", "J", 2);
    else if (is(m, i + 1, "ER|Y") && !is(m, 0, "DANGER|RANGER|MANGER") && !is(m, i - 1, "E|I") &&
             !is(m, i - 1, "RGY|OGY"))
        put(m, "K", "J", 2);
    else if (!is(m, i + 1, "E|I|Y") && !is(m, i - 1, "AGGI|OGGI"))
        put_plain(m, "K");
    else if (is_germanic(m) || is(m, i + 1, "ET"))
        put(m, "K", "K", 2);
    else
        put(m, "J", is(m, i + 1, "IER ") ? "J" : "K", 2);
}

static void letter_h(struct dmetaphone *m)
{
    if ((m->at == 0 || is_vowel(m, m->at - 1)) && is_vowel(m, m->at + 1))
        put(m, "H", "H", 2);
    else
        m->at++;
}

static void letter_j(struct dmetaphone *m)
{
    int i = m->at, consumed = at(m, i + 1) == 'J' ? 2 : 1;
    if (is(m, i, "JOSE") || is(m, 0, "SAN ")) {
        bool spanish = (i == 0 && at(m, 4) == ' ') || is(m, 0, "SAN ");
        put(m, spanish ? "H" : "J", "H", 1);
    } else if (i == 0) {
        put(m, "J", "A", consumed);
    } else if (is_vowel(m, i - 1) && !m->slavic_or_germanic && is(m, i + 1, "A|O")) {
        put(m, "J", "H", consumed);
    } else if (i == m->len - 1) {
        put(m, "J", "", consumed);
    } else if (!is(m, i + 1, "L|T|K|S|N|M|B|Z") && !is(m, i - 1, "S|K|L")) {
        put(m, "J", "J", consumed);
    } else {
        m->at += consumed;
    }
}

static void letter_k(struct dmetaphone *m)
{
    put_plain(m, "K");
}

static void letter_l(struct dmetaphone *m)
{
    int i = m->at, last = m->len - 1;
    bool spanish = at(m, i + 1) == 'L' && ((i == m->len - 3 && is(m, i - 1, "ILLO|ILLA|ALLE")) ||
                                           ((is(m, last - 1, "AS|OS") || is(m, last, "A|O")) && is(m, i - 1, "ALLE")));
    if (spanish)
        put(m, "L", "", 2);
    else
        put_plain(m, "L");
}

static void letter_m(struct dmetaphone *m)
{
    int i = m->at;
    bool dumb = is(m, i - 1, "UMB") && (i + 1 == m->len - 1 || is(m, i + 2, "ER"));
    put(m, "M", "M", dumb || at(m, i + 1) == 'M' ? 2 : 1);
}

static void letter_n(struct dmetaphone *m)
{
    put_plain(m, "N");
}

static void letter_p(struct dmetaphone *m)
{
    if (at(m, m->at + 1) == 'H')
        put(m, "F", "F", 2);
    else
        put(m, "P", "P", is(m, m->at + 1, "P|B") ? 2 : 1);
}

static void letter_r(struct dmetaphone *m)
{
    int i = m->at;
    bool french = i == m->len - 1 && !m->slavic_or_germanic && is(m, i - 2, "IE") && !is(m, i - 4, "ME|MA");
    put(m, french ? "" : "R", "R", at(m, i + 1) == 'R' ? 2 : 1);
}

static void letters_sc(struct dmetaphone *m)
{
    int i = m->at;
    if (at(m, i + 2) != 'H')
        is(m, i + 2, "I|E|Y") ? put(m, "S", "S", 3) : put(m, "SK", "SK", 3);
    else if (is(m, i + 3, "ER|EN"))
        put(m, "X", "SK", 3);
    else if (is(m, i + 3, "OO|UY|ED|EM"))
        put(m, "SK", "SK", 3);
    else if (i == 0 && !is_vowel(m, 3) && at(m, 3) != 'W')
        put(m, "X", "S", 3);
    else
        put(m, "X", "X", 3);
}

static void letter_s(struct dmetaphone *m)
{
    int i = m->at;
    if (is(m, i - 1, "ISL|YSL")) {
        m->at++;
    } else if (i == 0 && is(m, 0, "SUGAR")) {
        put(m, "X", "S", 1);
    } else if (is(m, i, "SH")) {
        const char *sound = is(m, i + 1, "HEIM|HOEK|HOLM|HOLZ") ? "S" : "X";
        put(m, sound, sound, 2);
    } else if (is(m, i, "SIO|SIA")) {
        put(m, "S", m->slavic_or_germanic ? "S" : "X", 3);
    } else if ((i == 0 && is(m, 1, "M|N|L|W")) || is(m, i + 1, "Z")) {
        put(m, "S", "X", is(m, i + 1, "Z") ? 2 : 1);
    } else if (is(m, i, "SC")) {
        letters_sc(m);
    } else {
        bool french = i == m->len - 1 && is(m, i - 2, "AI|OI");
        put(m, french ? "" : "S", "S", is(m, i + 1, "S|Z") ? 2 : 1);
    }
}

static void letter_t(struct dmetaphone *m)
{
    int i = m->at;
    if (is(m, i, "TION|TIA|TCH"))
        put(m, "X", "X", 3);
    else if (!is(m, i, "TH|TTH"))
        put(m, "T", "T", is(m, i + 1, "T|D") ? 2 : 1);
    else if (is(m, i + 2, "OM|AM") || is_germanic(m))
        put(m, "T", "T", 2);
    else
        put(m, "0", "T", 2);
}

static void letter_v(struct dmetaphone *m)
{
    put_plain(m, "F");
}

static void letter_w(struct dmetaphone *m)
{
    int i = m->at;
    if (is(m, i, "WR")) {
        put(m, "R", "R", 2);
        return;
    }
    if (i == 0 && is_vowel(m, 1))
        put(m, "A", "F", 0);
    else if (i == 0 && is(m, 0, "WH"))
        put(m, "A", "A", 0);
    if ((i == m->len - 1 && is_vowel(m, i - 1)) || is(m, i - 1, "EWSKI|EWSKY|OWSKI|OWSKY") || is(m, 0, "SCH"))
        put(m, "", "F", 1);
    else if (is(m, i, "WICZ|WITZ"))
        put(m, "TS", "FX", 4);
    else
        m->at++;
}

static void letter_x(struct dmetaphone *m)
{
    int i = m->at;
    bool silent = i == m->len - 1 && (is(m, i - 3, "IAU|EAU") || is(m, i - 2, "AU|OU"));
    put(m, silent ? "" : "KS", silent ? "" : "KS", is(m, i + 1, "C|X") ? 2 : 1);
}

static void letter_z(struct dmetaphone *m)
{
    int i = m->at, consumed = at(m, i + 1) == 'Z' ? 2 : 1;
    if (at(m, i + 1) == 'H')
        put(m, "J", "J", 2);
    else if (is(m, i + 1, "ZO|ZI|ZA") || (m->slavic_or_germanic && i > 0 && at(m, i - 1) != 'T'))
        put(m, "S", "TS", consumed);
    else
        put(m, "S", "S", consumed);
}

// ---- words

static void (*const letters[])(struct dmetaphone *m) = {
    ['A'] = vowel,    ['B'] = letter_b, ['C'] = letter_c, ['D'] = letter_d, ['E'] = vowel,    ['F'] = letter_f,
    ['G'] = letter_g, ['H'] = letter_h, ['I'] = vowel,    ['J'] = letter_j, ['K'] = letter_k, ['L'] = letter_l,
    ['M'] = letter_m, ['N'] = letter_n, ['O'] = vowel,    ['P'] = letter_p, ['Q'] = letter_k, ['R'] = letter_r,
    ['S'] = letter_s, ['T'] = letter_t, ['U'] = vowel,    ['V'] = letter_v, ['W'] = letter_w, ['X'] = letter_x,
    ['Y'] = vowel,    ['Z'] = letter_z,
};

// One byte a character: those that have no rule are all the same.
static void prepare(struct arena *a, struct str s, struct dmetaphone *m)
{
    char *word = arena_alloc(a, s.len + PADDING + 1);
    for (size_t i = 0; i < s.len;) {
        int32_t c = utf8_next(s, &i);
        bool cedilla = c == 0xC7 || c == 0xE7, tilde = c == 0xD1 || c == 0xF1;
        word[m->len++] = (char)(c > 0 && c < 0x80 ? toupper(c) : cedilla ? C_CEDILLA : tilde ? N_TILDE : OTHER_LETTER);
    }
    memset(word + m->len, ' ', PADDING);
    m->word = word;
    for (int i = 0; i < m->len; i++)
        m->slavic_or_germanic |= is(m, i, "W|K|CZ|WITZ");
}

static struct dmetaphone sounds_of(struct arena *a, struct str s)
{
    struct dmetaphone m = {0};
    prepare(a, s, &m);
    if (is(&m, 0, "GN|KN|PN|WR|PS"))
        m.at = 1;
    else if (at(&m, 0) == 'X')
        put(&m, "S", "S", 1);
    while (m.at < m.len && (m.first.n < CODE_SOUNDS || m.second.n < CODE_SOUNDS)) {
        uint8_t c = (uint8_t)at(&m, m.at);
        if (c < ARRAY_LEN(letters) && letters[c] != NULL)
            letters[c](&m);
        else if (c == C_CEDILLA || c == N_TILDE)
            put(&m, c == N_TILDE ? "N" : "S", c == N_TILDE ? "N" : "S", 1);
        else
            m.at++;
    }
    return m;
}

static int return_reading(struct eval_context *ec, const struct reading *r, struct datum *out)
{
    return fn_return_str(out, arena_str(ec->arena, (struct str){r->sounds, (size_t)MIN(r->n, CODE_SOUNDS)}));
}

BODY(dmetaphone)
{
    struct dmetaphone m = sounds_of(ec->arena, args[0].s);
    return return_reading(ec, &m.first, out);
}
BODY(dmetaphone_alt)
{
    struct dmetaphone m = sounds_of(ec->arena, args[0].s);
    return return_reading(ec, &m.second, out);
}

static const struct fn_row rows[] = {
#include "sql/functions/dmetaphone.def"
};
const struct fn_family fn_family_dmetaphone = {"FUZZY STRING MATCHING", rows, ARRAY_LEN(rows)};

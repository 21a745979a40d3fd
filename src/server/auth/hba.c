// Lines of words: `type database user address method [option=value …]`. Words are separated by blanks, lists by commas;
// a quoted word is taken as it is; # begins a comment.

#include "server/auth/hba.h"
#include "base/util.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>

struct word {
    struct str text;
    bool quoted;
};
struct line {
    int number;
    ARENA_VEC(struct word) words; // list items are words of their own, marked by a comma before them
    ARENA_VEC(bool) continues;    // the word belongs to the list of the one before
};

// ---- words

static int at_line(const struct line *l, struct err *err, int code, const char *fmt, struct str what)
{
    char text[512];
    snprintf(text, sizeof(text), fmt, STR_FMT(what));
    return err_set(err, code, "line %d: %s", l->number, text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int read_word(struct line *l, struct arena *a, struct str text, size_t *at, struct err *err)
{
    struct word w = {0};
    size_t from = *at;
    if (text.ptr[from] == '"') {
        ptrdiff_t end = str_find(text, STR("\""), from + 1);
        if (end < 0)
            return at_line(l, err, ERR_INVALID_PARAMETER_VALUE, "unterminated quote%.*s", STR_EMPTY);
        w = (struct word){str_slice(text, from + 1, (size_t)end), true};
        *at = (size_t)end + 1;
    } else {
        while (*at < text.len && !is_blank(text.ptr[*at]) && text.ptr[*at] != ',' && text.ptr[*at] != '#')
            (*at)++;
        w.text = str_slice(text, from, *at);
    }
    ARENA_PUSH(a, &l->words, w);
    return 0;
}

static int read_line(struct line *l, struct arena *a, struct str text, struct err *err)
{
    bool comma = false;
    l->words.len = l->continues.len = 0;
    for (size_t at = 0; at < text.len && text.ptr[at] != '#';) {
        if (is_blank(text.ptr[at])) {
            at++;
        } else if (text.ptr[at] == ',') {
            if (comma || l->words.len == 0)
                return at_line(l, err, ERR_INVALID_PARAMETER_VALUE, "misplaced comma%.*s", STR_EMPTY);
            comma = true;
            at++;
        } else {
            TRY(read_word(l, a, text, &at, err));
            ARENA_PUSH(a, &l->continues, comma);
            comma = false;
        }
    }
    return comma ? at_line(l, err, ERR_INVALID_PARAMETER_VALUE, "misplaced comma%.*s", STR_EMPTY) : 0;
}

static bool is_word(const struct word *w, const char *text)
{
    return !w->quoted && str_eqc(w->text, text);
}

// ---- addresses

static bool parse_address(struct str text, struct hba_address *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char c[64];
    if (text.len == 0 || text.len >= sizeof(c))
        return false;
    memcpy(c, text.ptr, text.len);
    c[text.len] = 0;
    *out = (struct hba_address){0};
    if (inet_pton(AF_INET, c, out->bytes) == 1)
        return true;
    if (inet_pton(AF_INET6, c, out->bytes) != 1)
        return false;
    out->is_v6 = memcmp(out->bytes, mapped, sizeof(mapped)) != 0;
    if (!out->is_v6)
        memmove(out->bytes, out->bytes + 12, 4);
    return true;
}

bool hba_parse_peer(struct str peer, struct hba_address *out)
{
    size_t colon = peer.len;
    while (colon > 0 && peer.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    struct str host = str_slice(peer, 0, colon - 1);
    if (host.len > 2 && host.ptr[0] == '[')
        host = str_slice(host, 1, host.len - 1);
    return parse_address(host, out);
}

static bool in_network(const struct hba_rule *r, const struct hba_address *address)
{
    if (address->is_v6 != r->address.is_v6)
        return false;
    for (unsigned i = 0; i < r->prefix_bits; i++) {
        unsigned mask = 0x80u >> i % 8;
        if ((address->bytes[i / 8] & mask) != (r->address.bytes[i / 8] & mask))
            return false;
    }
    return true;
}

// The bits of a mask like 255.255.0.0; false when it has holes.
static bool mask_bits(const struct hba_address *mask, unsigned *bits)
{
    unsigned size = mask->is_v6 ? 128 : 32, n = 0;
    while (n < size && mask->bytes[n / 8] & 0x80u >> n % 8)
        n++;
    *bits = n;
    for (; n < size; n++)
        if (mask->bytes[n / 8] & 0x80u >> n % 8)
            return false;
    return true;
}

// ---- rules

static const struct {
    const char *name;
    enum hba_method method;
} methods[] = {
    {"trust", HBA_TRUST},
    {"reject", HBA_REJECT},
    {"password", HBA_PASSWORD},
    {"scram-sha-256", HBA_SCRAM},
    {"cert", HBA_CERT},
    {"cert-password", HBA_CERT_PASSWORD},
    {"cert-scram-sha-256", HBA_CERT_PASSWORD},
};
static const struct {
    const char *name;
    unsigned connections;
} types[] = {{"local", HBA_LOCAL}, {"host", HBA_TLS | HBA_PLAIN}, {"hostssl", HBA_TLS}, {"hostnossl", HBA_PLAIN}};

const char *hba_method_name(enum hba_method method)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (methods[i].method == method)
            return methods[i].name;
    return "";
}

struct rule_reader {
    struct arena *a;
    const struct line *l;
    size_t at;
    struct hba_rule rule;
};

static const struct word *peek(const struct rule_reader *r)
{
    return r->at < r->l->words.len ? &r->l->words.ptr[r->at] : NULL;
}

static int missing(const struct rule_reader *r, const char *what, struct err *err)
{
    return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "end-of-line before %.*s specification", str_of(what));
}

static int read_type(struct rule_reader *r, struct err *err)
{
    const struct word *w = peek(r);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (is_word(w, types[i].name))
            r->rule.connections = types[i].connections;
    r->at++;
    return r->rule.connections != 0
               ? 0
               : at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "unknown connection type \"%.*s\"", w->text);
}

static int read_database(struct rule_reader *r, struct err *err)
{
    const struct word *w = peek(r);
    if (w == NULL)
        return missing(r, "database", err);
    bool listed = r->at + 1 < r->l->words.len && r->l->continues.ptr[r->at + 1];
    if (!is_word(w, "all") || listed) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: per-database HBA rules are not supported");
        return err_hint(err, "Use the special value 'all' (without quotes) to match all databases.");
    }
    r->at++;
    return 0;
}

static int read_users(struct rule_reader *r, struct err *err)
{
    ARENA_VEC(struct str) users = {0};
    bool all = false;
    if (peek(r) == NULL)
        return missing(r, "role", err);
    do {
        const struct word *w = peek(r);
        if (!w->quoted && w->text.len > 0 && (w->text.ptr[0] == '+' || w->text.ptr[0] == '@'))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "unimplemented: line %d: groups and files of users in HBA rules", r->l->number);
        all |= is_word(w, "all");
        char *name = arena_cstr(r->a, w->text);
        for (char *c = name; *c != 0; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + ('a' - 'A'));
        ARENA_PUSH(r->a, &users, str_of(name));
        r->at++;
    } while (peek(r) != NULL && r->l->continues.ptr[r->at]);
    r->rule.users = users.ptr;
    r->rule.n_users = all ? 0 : users.len;
    return 0;
}

static int bad_address(struct rule_reader *r, struct str text, struct err *err)
{
    bool name = text.len > 0 && str_find(text, STR("/"), 0) < 0;
    if (!name)
        return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "invalid CIDR address \"%.*s\"", text);
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: hostname-based HBA rules are not supported");
    return err_hint(err, "List the numeric CIDR notation instead, for example: 127.0.0.1/8.\n"
                         "Alternatively, use 'all' (without quotes) for any IPv4/IPv6 address.");
}

static int read_network(struct rule_reader *r, struct str text, struct err *err)
{
    ptrdiff_t slash = str_find(text, STR("/"), 0);
    struct hba_address mask;
    int64_t bits;
    if (!parse_address(slash < 0 ? text : str_slice(text, 0, (size_t)slash), &r->rule.address))
        return bad_address(r, text, err);
    unsigned size = r->rule.address.is_v6 ? 128 : 32;
    r->rule.prefix_bits = size;
    if (slash >= 0) {
        if (!str_to_i64(str_slice(text, (size_t)slash + 1, text.len), &bits) || bits < 0 || bits > size)
            return bad_address(r, text, err);
        r->rule.prefix_bits = (unsigned)bits;
    } else if (peek(r) != NULL && parse_address(peek(r)->text, &mask)) {
        if (mask.is_v6 != r->rule.address.is_v6 || !mask_bits(&mask, &r->rule.prefix_bits))
            return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "invalid IP mask \"%.*s\"", peek(r)->text);
        r->at++;
    } else {
        return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "missing IP mask or prefix length after \"%.*s\"", text);
    }
    return 0;
}

static int read_address(struct rule_reader *r, struct err *err)
{
    const struct word *w = peek(r);
    r->rule.any_address = true;
    if (r->rule.connections == HBA_LOCAL)
        return 0;
    if (w == NULL)
        return missing(r, "IP address", err);
    r->at++;
    if (is_word(w, "all"))
        return 0;
    r->rule.any_address = false;
    return read_network(r, w->text, err);
}

static int read_method(struct rule_reader *r, struct err *err)
{
    const struct word *w = peek(r);
    if (w == NULL)
        return missing(r, "authentication method", err);
    r->at++;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (is_word(w, methods[i].name)) {
            r->rule.method = methods[i].method;
            if (r->rule.connections == HBA_LOCAL && (r->rule.method == HBA_CERT || r->rule.method == HBA_CERT_PASSWORD))
                return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE,
                               "method \"%.*s\" is not usable over Unix sockets", w->text);
            return 0;
        }
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: unknown auth method \"%.*s\"", STR_FMT(w->text));
    return err_hint(err, "Supported methods: cert, cert-password, cert-scram-sha-256, password, reject, scram-sha-256, "
                         "trust");
}

static int read_options(struct rule_reader *r, struct err *err)
{
    for (; peek(r) != NULL; r->at++) {
        struct str text = peek(r)->text;
        if (!str_has_prefix(text, STR("map=")) || text.len == 4)
            return at_line(r->l, err, ERR_INVALID_PARAMETER_VALUE, "unsupported option \"%.*s\"", text);
        r->rule.map = arena_str(r->a, str_slice(text, 4, text.len));
    }
    return 0;
}

static int read_rule(struct arena *a, const struct line *l, struct hba_rule *out, struct err *err)
{
    struct rule_reader r = {.a = a, .l = l};
    TRY(read_type(&r, err));
    TRY(read_database(&r, err));
    TRY(read_users(&r, err));
    TRY(read_address(&r, err));
    TRY(read_method(&r, err));
    TRY(read_options(&r, err));
    *out = r.rule;
    return 0;
}

// Passwords on Unix sockets are proven by SCRAM unless a rule says "password": the client never sends one.
static const struct hba_rule default_rules[] = {
    {.connections = HBA_TLS | HBA_PLAIN, .any_address = true, .method = HBA_CERT_PASSWORD},
    {.connections = HBA_LOCAL, .any_address = true, .method = HBA_SCRAM},
};

static struct str next_line(struct str *rest, struct line *l)
{
    ptrdiff_t end = str_find(*rest, STR("\n"), 0);
    struct str text = end < 0 ? *rest : str_slice(*rest, 0, (size_t)end);
    *rest = end < 0 ? str_slice(*rest, rest->len, rest->len) : str_slice(*rest, (size_t)end + 1, rest->len);
    l->number++;
    return text;
}

int hba_parse(struct arena *a, struct str text, struct hba *out, struct err *err)
{
    ARENA_VEC(struct hba_rule) rules = {0};
    struct line l = {0};
    struct hba_rule rule;
    if (text.len == 0) {
        *out = (struct hba){default_rules, ARRAY_LEN(default_rules)};
        return 0;
    }
    while (text.len > 0) {
        TRY(read_line(&l, a, next_line(&text, &l), err));
        if (l.words.len == 0)
            continue;
        TRY(read_rule(a, &l, &rule, err));
        ARENA_PUSH(a, &rules, rule);
    }
    *out = (struct hba){rules.ptr, rules.len};
    if (rules.len > 0)
        return 0;
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "no entries");
    return err_hint(err, "To use the default configuration, assign the empty string ('').");
}

static bool names_user(const struct hba_rule *r, struct str user)
{
    for (size_t i = 0; i < r->n_users; i++)
        if (str_eq(r->users[i], user))
            return true;
    return r->n_users == 0;
}

const struct hba_rule *hba_find(const struct hba *hba, enum hba_connection connection, struct str user,
                                const struct hba_address *address)
{
    static const struct hba_rule root = {
        .connections = HBA_TLS | HBA_PLAIN, .any_address = true, .method = HBA_CERT_PASSWORD};
    if (connection != HBA_LOCAL && str_eqc(user, "root"))
        return &root;
    for (size_t i = 0; i < hba->n; i++) {
        const struct hba_rule *r = &hba->rules[i];
        bool here = r->any_address || (address != NULL && in_network(r, address));
        if (r->connections & connection && names_user(r, user) && here)
            return r;
    }
    return NULL;
}

// ---- identity maps

static int read_map(struct arena *a, const struct line *l, struct identity_map *out, struct err *err)
{
    regex_t re;
    if (l->words.len != 3)
        return at_line(l, err, ERR_INVALID_PARAMETER_VALUE, "expected: map-name system-identity database-username%.*s",
                       STR_EMPTY);
    *out = (struct identity_map){arena_str(a, l->words.ptr[0].text), str_of(arena_cstr(a, l->words.ptr[1].text)),
                                 arena_str(a, l->words.ptr[2].text)};
    if (out->system.ptr[0] != '/')
        return 0;
    if (regcomp(&re, out->system.ptr + 1, REG_EXTENDED) != 0)
        return at_line(l, err, ERR_INVALID_PARAMETER_VALUE, "invalid regular expression \"%.*s\"",
                       str_slice(out->system, 1, out->system.len));
    regfree(&re);
    return 0;
}

int identity_maps_parse(struct arena *a, struct str text, struct identity_maps *out, struct err *err)
{
    ARENA_VEC(struct identity_map) maps = {0};
    struct line l = {0};
    struct identity_map map;
    while (text.len > 0) {
        TRY(read_line(&l, a, next_line(&text, &l), err));
        if (l.words.len == 0)
            continue;
        TRY(read_map(a, &l, &map, err));
        ARENA_PUSH(a, &maps, map);
    }
    *out = (struct identity_maps){maps.ptr, maps.len};
    return 0;
}

// `database` with \1 replaced by what the first group matched.
static bool is_expansion(struct str database, const char *system, const regmatch_t *group, struct str user)
{
    ptrdiff_t at = str_find(database, STR("\\1"), 0);
    if (at < 0)
        return str_eq(database, user);
    if (group->rm_so < 0)
        return false;
    size_t len = (size_t)(group->rm_eo - group->rm_so), before = (size_t)at, after = database.len - before - 2;
    return user.len == before + len + after && memcmp(user.ptr, database.ptr, before) == 0 &&
           memcmp(user.ptr + before, system + group->rm_so, len) == 0 &&
           memcmp(user.ptr + before + len, database.ptr + before + 2, after) == 0;
}

static bool map_fits(const struct identity_map *m, const char *system, struct str user)
{
    regex_t re;
    regmatch_t groups[2];
    if (m->system.ptr[0] != '/')
        return str_eqc(m->system, system) && str_eq(m->database, user);
    if (regcomp(&re, m->system.ptr + 1, REG_EXTENDED) != 0)
        return false;
    bool fits =
        regexec(&re, system, ARRAY_LEN(groups), groups, 0) == 0 && is_expansion(m->database, system, &groups[1], user);
    regfree(&re);
    return fits;
}

bool identity_maps_allow(const struct identity_maps *maps, struct str map, struct str system, struct str user)
{
    bool fits = false;
    if (str_eqc(user, "root") || str_eqc(user, "node"))
        return false;
    char *c_system = str_dup_c(system);
    for (size_t i = 0; i < maps->n && !fits; i++)
        fits = str_eq(maps->items[i].name, map) && map_fits(&maps->items[i], c_system, user);
    mem_free(c_system);
    return fits;
}

int auth_check_setting(struct str name, struct str value, struct err *err)
{
    struct arena a;
    struct hba hba;
    struct identity_maps maps;
    int rc = 0;
    arena_init(&a, NULL);
    if (str_eqc(name, AUTH_HBA_SETTING))
        rc = hba_parse(&a, value, &hba, err);
    else if (str_eqc(name, AUTH_IDENTITY_SETTING))
        rc = identity_maps_parse(&a, value, &maps, err);
    arena_release(&a);
    return rc;
}

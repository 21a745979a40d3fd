// ACLITEM: text form, parts of it.
#include "types/aclitem.h"
#include "types/types_int.h"
#include "base/util.h"

const struct acl_letter acl_letters[] = {
#define ACL_LETTER(letter, privilege) {letter, privilege},
#include "types/aclitem.def"
#undef ACL_LETTER
};

static bool is_safe(char c)
{
    return is_digit(c) || c == '_' || (lower(c) >= 'a' && lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static struct str skip_blanks(struct str s)
{
    size_t n = 0;
    while (n < s.len && is_blank(s.ptr[n]))
        n++;
    return str_slice(s, n, s.len);
}

// A name, in quotes or not; none is empty.
static struct str read_name(struct arena *a, struct str *rest)
{
    struct buf b = BUF_INIT;
    bool quoted = false;
    size_t at = 0;
    *rest = skip_blanks(*rest);
    for (; at < rest->len && (quoted || rest->ptr[at] == '"' || is_safe(rest->ptr[at])); at++) {
        char c = rest->ptr[at];
        bool doubled = quoted && c == '"' && at + 1 < rest->len && rest->ptr[at + 1] == '"';
        if (c == '"' && !doubled) {
            quoted = !quoted;
            continue;
        }
        at += doubled;
        buf_putc(&b, c);
    }
    *rest = skip_blanks(str_slice(*rest, at, rest->len));
    struct str name = arena_str(a, buf_view(&b));
    buf_release(&b);
    return name;
}

static int read_letters(struct str *rest, struct aclitem *item, struct err *err)
{
    uint32_t last = 0;
    size_t at = 0;
    for (; at < rest->len && rest->ptr[at] != '/' && !is_blank(rest->ptr[at]); at++) {
        if (rest->ptr[at] == '*') {
            item->grantable |= last;
            continue;
        }
        last = 0;
        for (size_t i = 0; i < ACL_LETTERS; i++)
            last |= acl_letters[i].letter == rest->ptr[at] ? UINT32_C(1) << i : 0;
        if (last == 0)
            return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                           "invalid mode character: must be one of \"arwdDxtXUCTcsAm\"");
        item->privileges |= last;
    }
    *rest = skip_blanks(str_slice(*rest, at, rest->len));
    return 0;
}

int aclitem_read(struct arena *a, struct str text, struct aclitem *out, struct err *err)
{
    *out = (struct aclitem){.grantee = read_name(a, &text), .grantor = STR("root")};
    if (text.len == 0 || text.ptr[0] != '=')
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "missing \"=\" sign");
    text = str_slice(text, 1, text.len);
    TRY(read_letters(&text, out, err));
    if (text.len > 0 && text.ptr[0] == '/') {
        text = str_slice(text, 1, text.len);
        out->grantor = read_name(a, &text);
        if (out->grantor.len == 0)
            return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "a name must follow the \"/\" sign");
    }
    if (text.len > 0)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "extra garbage at the end of the ACL specification");
    return 0;
}

void aclitem_write_name(struct buf *out, struct str name)
{
    bool safe = true;
    for (size_t i = 0; i < name.len; i++)
        safe &= is_safe(name.ptr[i]);
    if (safe) {
        buf_str(out, name);
        return;
    }
    buf_quoted(out, name, '"');
}

void aclitem_write(struct buf *out, const struct aclitem *item)
{
    aclitem_write_name(out, item->grantee);
    buf_putc(out, '=');
    for (size_t i = 0; i < ACL_LETTERS; i++) {
        if ((item->privileges >> i & 1) != 0)
            buf_putc(out, acl_letters[i].letter);
        if ((item->grantable >> i & 1) != 0)
            buf_putc(out, '*');
    }
    buf_putc(out, '/');
    aclitem_write_name(out, item->grantor);
}

int aclitem_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                        struct datum *out, struct err *err)
{
    struct aclitem item;
    TRY(aclitem_read(a, text, &item, err));
    struct buf b = BUF_INIT;
    aclitem_write(&b, &item);
    out->s = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

void aclitem_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int aclitem_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return utf8_valid(bytes) ? aclitem_parse_datum(a, t, bytes, NULL, out, err) : binary_error(err, t);
}

void aclitem_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int aclitem_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t aclitem_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

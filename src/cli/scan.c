#include "cli/scan_int.h"
#include <ctype.h>

void sql_scanner_reset(struct sql_scanner *scanner)
{
    *scanner = (struct sql_scanner){.state = SCAN_STATE_NORMAL};
}

static bool is_identifier_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static char char_at(struct str s, size_t i)
{
    return i < s.len ? s.ptr[i] : '\0';
}

// Length of "$tag$" at s[i], 0 when there is none.
static size_t dollar_tag_length(struct str s, size_t i)
{
    size_t end = i + 1;
    while (is_identifier_char(char_at(s, end)) && s.ptr[end] != '$')
        end++;
    bool digit_first = isdigit((unsigned char)char_at(s, i + 1));
    return char_at(s, end) == '$' && !digit_first ? end + 1 - i : 0;
}

static size_t scan_word(struct sql_scanner *scanner, struct str s, size_t i)
{
    size_t start = i;
    while (is_identifier_char(char_at(s, i)))
        i++;
    bool prefix = i == start + 1 && strchr("eEbB", s.ptr[start]) != NULL;
    if (prefix && char_at(s, i) == '\'') {
        scanner->state = SCAN_STATE_ESCAPED_STRING;
        i++;
    }
    return i;
}

static size_t scan_token(struct sql_scanner *scanner, struct str s, size_t i)
{
    char c = s.ptr[i];
    scanner->in_statement = true;
    scanner->complete = false;
    if (c == '\'' || c == '"') {
        scanner->state = c == '"' ? SCAN_STATE_IDENTIFIER : SCAN_STATE_STRING;
        return i + 1;
    }
    size_t tag_len = c == '$' ? dollar_tag_length(s, i) : 0;
    if (tag_len > 0 && tag_len <= sizeof scanner->dollar_tag) {
        memcpy(scanner->dollar_tag, s.ptr + i, tag_len);
        scanner->dollar_tag_len = tag_len;
        scanner->state = SCAN_STATE_DOLLAR_STRING;
        return i + tag_len;
    }
    return is_identifier_char(c) ? scan_word(scanner, s, i) : i + 1;
}

static size_t scan_normal(struct sql_scanner *scanner, struct str s, size_t i)
{
    char c = s.ptr[i], next = char_at(s, i + 1);
    if (isspace((unsigned char)c))
        return i + 1;
    if (c == '-' && next == '-') {
        while (i < s.len && s.ptr[i] != '\n')
            i++;
        return i;
    }
    if (c == '/' && next == '*') {
        scanner->state = SCAN_STATE_BLOCK_COMMENT;
        scanner->comment_depth = 1;
        return i + 2;
    }
    if (c == ';') {
        scanner->statements += scanner->in_statement;
        scanner->in_statement = false;
        scanner->complete = true;
        return i + 1;
    }
    return scan_token(scanner, s, i);
}

static size_t scan_quoted(struct sql_scanner *scanner, struct str s, size_t i)
{
    char quote = scanner->state == SCAN_STATE_IDENTIFIER ? '"' : '\'';
    if (scanner->state == SCAN_STATE_ESCAPED_STRING && s.ptr[i] == '\\')
        return MIN(i + 2, s.len);
    if (s.ptr[i] != quote)
        return i + 1;
    if (char_at(s, i + 1) == quote)
        return i + 2;
    scanner->state = SCAN_STATE_NORMAL;
    return i + 1;
}

static size_t scan_block_comment(struct sql_scanner *scanner, struct str s, size_t i)
{
    char c = s.ptr[i], next = char_at(s, i + 1);
    if (c == '/' && next == '*') {
        scanner->comment_depth++;
        return i + 2;
    }
    if (c == '*' && next == '/') {
        if (--scanner->comment_depth == 0)
            scanner->state = SCAN_STATE_NORMAL;
        return i + 2;
    }
    return i + 1;
}

static size_t scan_dollar_string(struct sql_scanner *scanner, struct str s, size_t i)
{
    struct str tag = {scanner->dollar_tag, scanner->dollar_tag_len};
    ptrdiff_t end = str_find(s, tag, i);
    if (end < 0)
        return s.len;
    scanner->state = SCAN_STATE_NORMAL;
    return (size_t)end + tag.len;
}

void sql_scan(struct sql_scanner *scanner, struct str text)
{
    size_t i = 0;
    while (i < text.len) {
        switch (scanner->state) {
        case SCAN_STATE_NORMAL:
            i = scan_normal(scanner, text, i);
            break;
        case SCAN_STATE_BLOCK_COMMENT:
            i = scan_block_comment(scanner, text, i);
            break;
        case SCAN_STATE_DOLLAR_STRING:
            i = scan_dollar_string(scanner, text, i);
            break;
        default:
            i = scan_quoted(scanner, text, i);
        }
    }
}

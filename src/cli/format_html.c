// The formats html (rows numbered, a footer), unnumbered-html (neither) and rawhtml (neither, and nothing escaped).
#include "cli/formatter_int.h"

static void put_html(struct formatter *f, struct str s, bool escape)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        const char *entity = c == '\n' ? "<br/>" : NULL;
        if (escape && entity == NULL)
            entity = c == '<'    ? "&lt;"
                     : c == '>'  ? "&gt;"
                     : c == '&'  ? "&amp;"
                     : c == '"'  ? "&#34;"
                     : c == '\'' ? "&#39;"
                                 : NULL;
        if (entity != NULL)
            fputs(entity, f->out);
        else
            putc(c, f->out);
    }
}

static void html_open(struct formatter *f, bool numbered, bool escape)
{
    fputs(numbered ? "<table>\n<thead><tr><th>row</th>" : "<table>\n<thead><tr>", f->out);
    for (size_t i = 0; i < f->columns_len; i++) {
        fputs("<th>", f->out);
        put_html(f, f->columns[i].name, escape);
        fputs("</th>", f->out);
    }
    fputs("</tr></thead>\n", f->out);
}

static void html_cells(struct formatter *f, bool numbered, bool escape)
{
    if (f->rows == 1)
        fputs("<tbody>\n", f->out);
    fputs("<tr>", f->out);
    if (numbered)
        fprintf(f->out, "<td>%lld</td>", (long long)f->rows);
    for (size_t i = 0; i < f->columns_len; i++) {
        fputs("<td>", f->out);
        put_html(f, f->cells[i], escape);
        fputs("</td>", f->out);
    }
    fputs("</tr>\n", f->out);
}

void format_html_begin(struct formatter *f)
{
    html_open(f, true, true);
}

void format_html_row(struct formatter *f)
{
    html_cells(f, true, true);
}

void format_html_end(struct formatter *f)
{
    fprintf(f->out, "</tbody>\n<tfoot><tr><td colspan=%zu>", f->columns_len + 1);
    format_row_count(f, "", "</td></tr></tfoot></table>\n");
}

void format_unnumbered_html_begin(struct formatter *f)
{
    html_open(f, false, true);
}

void format_unnumbered_html_row(struct formatter *f)
{
    html_cells(f, false, true);
}

void format_unnumbered_html_end(struct formatter *f)
{
    fputs("</tbody>\n</table>\n", f->out);
}

void format_rawhtml_begin(struct formatter *f)
{
    html_open(f, false, false);
}

void format_rawhtml_row(struct formatter *f)
{
    html_cells(f, false, false);
}

void format_rawhtml_end(struct formatter *f)
{
    fputs("</tbody>\n</table>\n", f->out);
}

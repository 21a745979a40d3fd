// Backslash commands. Arguments are words separated by white space; single or double quotes keep white space; a
// trailing semicolon is ignored.
#include "cli/shell_int.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

struct words {
    struct str items[8];
    size_t len;
    struct str rest; // the whole argument text, trimmed
};

#define META(name, arguments, function, help) static void meta_##function(struct shell *, struct str, struct words *);
#include "cli/shell_meta.def"

struct meta_command {
    const char *name;
    const char *arguments;
    const char *help;
    void (*run)(struct shell *sh, struct str name, struct words *words);
};

static const struct meta_command commands[] = {
#define META(name, arguments, function, help) {name, arguments, help, meta_##function},
#define META_SECTION(title) {NULL, NULL, title, NULL},
#include "cli/shell_meta.def"
};

void shell_meta_failed(struct shell *sh, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(sh->out);
    fputs("ERROR: ", stderr);
    vfprintf(stderr, fmt, ap);
    putc('\n', stderr);
    va_end(ap);
    sh->failed = true;
}

static void report(struct shell *sh, struct err *err)
{
    if (err->code != 0)
        shell_meta_failed(sh, "%s", err->message);
    err_reset(err);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct str next_word(struct str text, size_t *at)
{
    while (*at < text.len && is_space(text.ptr[*at]))
        ++*at;
    size_t start = *at;
    char quote = start < text.len && (text.ptr[start] == '\'' || text.ptr[start] == '"') ? text.ptr[start] : '\0';
    if (quote != '\0') {
        size_t end = start + 1;
        while (end < text.len && text.ptr[end] != quote)
            end++;
        *at = MIN(end + 1, text.len);
        return str_slice(text, start + 1, end);
    }
    while (*at < text.len && !is_space(text.ptr[*at]))
        ++*at;
    return str_slice(text, start, *at);
}

static void split_words(struct str text, struct words *words)
{
    *words = (struct words){.rest = str_trim(text)};
    while (words->rest.len > 0 && words->rest.ptr[words->rest.len - 1] == ';')
        words->rest = str_trim(str_slice(words->rest, 0, words->rest.len - 1));
    for (size_t at = 0; at < words->rest.len && words->len < ARRAY_LEN(words->items);)
        words->items[words->len++] = next_word(words->rest, &at);
}

static struct str word(const struct words *words, size_t i)
{
    return i < words->len ? words->items[i] : STR_NONE;
}

bool shell_is_word_command(struct str line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == ';')
        line = str_trim(str_slice(line, 0, line.len - 1));
    return str_ieqc(line, "quit") || str_ieqc(line, "exit") || str_ieqc(line, "help");
}

static const struct meta_command *command_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].name != NULL && str_eqc(name, commands[i].name))
            return &commands[i];
    return NULL;
}

void shell_meta(struct shell *sh, struct str line)
{
    if (line.ptr[0] == '\\')
        line = str_slice(line, 1, line.len);
    size_t end = 0;
    if (line.len > 0 && (line.ptr[0] == '!' || line.ptr[0] == '|'))
        end = 1;
    while (end < line.len && !is_space(line.ptr[end]) && line.ptr[end] != ';' && line.ptr[0] != '!' &&
           line.ptr[0] != '|')
        end++;
    struct str name = str_slice(line, 0, end), bare = name;
    // \dt+, \dtS: the longer forms list the same.
    while (bare.len > 1 && bare.ptr[0] != '!' && (bare.ptr[bare.len - 1] == '+' || bare.ptr[bare.len - 1] == 'S'))
        bare.len--;
    const struct meta_command *command = command_find(bare);
    if (command == NULL) {
        shell_meta_failed(sh, "invalid syntax: \\%.*s. Try \\? for help.", STR_FMT(line));
        return;
    }
    struct words words;
    split_words(str_slice(line, end, line.len), &words);
    command->run(sh, bare, &words);
}

// --- general

static void meta_quit(struct shell *sh, struct str name, struct words *words)
{
    sh->quit = true;
}

static void meta_help(struct shell *sh, struct str name, struct words *words)
{
    fputs("You are using the Palmetto SQL shell. Statements end with a semicolon.\n", sh->out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const struct meta_command *c = &commands[i];
        if (c->name == NULL)
            fprintf(sh->out, "\n%s\n", c->help);
        else if (c->help[0] != '\0')
            fprintf(sh->out, "  \\%-8s %-32s %s\n", c->name, c->arguments, c->help);
    }
    putc('\n', sh->out);
}

static void meta_syntax(struct shell *sh, struct str name, struct words *words)
{
    shell_syntax_help(sh, words->rest);
}

// \copy t FROM 'file' WITH CSV: the file name is replaced by STDIN or STDOUT.
static void meta_copy(struct shell *sh, struct str name, struct words *words)
{
    struct str text = words->rest;
    ptrdiff_t direction = -1;
    bool in = false;
    for (size_t at = 0, from = 0; at < text.len && direction < 0; from = at) {
        struct str w = next_word(text, &at);
        in = str_ieqc(w, "from");
        if (in || str_ieqc(w, "to"))
            direction = (ptrdiff_t)from;
    }
    size_t at = direction < 0 ? text.len : (size_t)direction;
    next_word(text, &at);
    struct str path = next_word(text, &at);
    if (direction < 0 || path.len == 0) {
        shell_meta_failed(sh, "usage: \\copy TABLE FROM|TO FILE [OPTIONS]");
        return;
    }
    bool standard = str_ieqc(path, "stdin") || str_ieqc(path, "stdout");
    char *file_name = str_dup_c(path);
    FILE *file = standard ? NULL : fopen(file_name, in ? "r" : "w");
    if (!standard && file == NULL) {
        shell_meta_failed(sh, "open %s: %s", file_name, strerror(errno));
    } else {
        struct buf sql = BUF_INIT;
        buf_printf(&sql, "COPY %.*s %s%.*s", (int)direction, text.ptr, in ? "FROM STDIN" : "TO STDOUT",
                   STR_FMT(str_slice(text, at, text.len)));
        shell_execute_copy(sh, buf_c(&sql), file);
        buf_release(&sql);
    }
    if (file != NULL && fclose(file) != 0)
        shell_meta_failed(sh, "write %s: %s", file_name, strerror(errno));
    mem_free(file_name);
}

static void meta_password(struct shell *sh, struct str name, struct words *words)
{
    char *user = str_dup_c(words->len > 0 ? word(words, 0) : str_of(PQuser(sh->conn)));
    char *first = str_dup_c(str_of(getpass("Enter new password: ")));
    if (strcmp(first, getpass("Enter it again: ")) != 0) {
        shell_meta_failed(sh, "passwords didn't match");
    } else {
        char *hashed = PQencryptPasswordConn(sh->conn, first, user, "scram-sha-256");
        char *identifier = PQescapeIdentifier(sh->conn, user, strlen(user));
        char *literal = hashed == NULL ? NULL : PQescapeLiteral(sh->conn, hashed, strlen(hashed));
        struct buf sql = BUF_INIT;
        if (identifier != NULL && literal != NULL) {
            buf_printf(&sql, "ALTER USER %s WITH LOGIN PASSWORD %s", identifier, literal);
            shell_execute(sh, buf_view(&sql), 1);
        } else
            shell_meta_failed(sh, "%s", PQerrorMessage(sh->conn));
        buf_release(&sql);
        PQfreemem(literal);
        PQfreemem(identifier);
        PQfreemem(hashed);
    }
    mem_free(first);
    mem_free(user);
}

// --- connection

static void meta_conninfo(struct shell *sh, struct str name, struct words *words)
{
    struct arena *arena = &sh->conn_options->arena;
    struct url shown = sh->conn_options->url;
    if (shown.password.len > 0)
        shown.password = STR("~~~~~~");
    struct str text = url_format(arena, &shown, URL_STYLE_PQ);
    fprintf(sh->out, "Connection string: %.*s\n", STR_FMT(text));
    fprintf(sh->out, "You are connected to database \"%s\" as user \"%s\".\n", PQdb(sh->conn), PQuser(sh->conn));
    fflush(sh->out);
    if (sh->config->details != NULL)
        sh->config->details(sh->config->banner_arg);
}

static void set_field(struct shell *sh, struct str *field, struct str value)
{
    if (value.ptr != NULL && !str_eqc(value, "-"))
        *field = arena_str(&sh->conn_options->arena, value);
}

static void meta_connect(struct shell *sh, struct str name, struct words *words)
{
    struct err err = ERR_INIT;
    if (words->len == 0) {
        meta_conninfo(sh, name, words);
        return;
    }
    struct url saved = sh->conn_options->url, *url = &sh->conn_options->url;
    if (str_find(word(words, 0), STR("://"), 0) > 0) {
        *url = (struct url){.arena = saved.arena,
                            .user = STR_EMPTY,
                            .password = STR_EMPTY,
                            .host = STR_EMPTY,
                            .port = STR_EMPTY,
                            .database = STR_EMPTY};
        if (conn_options_apply_url(sh->conn_options, word(words, 0), &err) == 0 &&
            conn_options_complete(sh->conn_options, &err) == 0)
            shell_connect(sh, &err);
    } else {
        set_field(sh, &url->database, word(words, 0));
        set_field(sh, &url->user, word(words, 1));
        set_field(sh, &url->host, word(words, 2));
        set_field(sh, &url->port, word(words, 3));
        if (!str_eq(url->user, saved.user))
            url->password = STR_EMPTY;
        shell_connect(sh, &err);
    }
    if (err.code != 0)
        *url = saved;
    report(sh, &err);
}

// --- query buffer

static void meta_print_pending(struct shell *sh, struct str name, struct words *words)
{
    if (sh->pending.len > 0)
        fprintf(sh->out, "%s\n", buf_c(&sh->pending));
}

static void meta_reset(struct shell *sh, struct str name, struct words *words)
{
    buf_clear(&sh->pending);
    sql_scanner_reset(&sh->scanner);
}

static void meta_history(struct shell *sh, struct str name, struct words *words)
{
    input_print_history(sh);
}

// --- input and output

static void meta_echo(struct shell *sh, struct str name, struct words *words)
{
    printf("%.*s\n", STR_FMT(words->rest));
}

static void meta_qecho(struct shell *sh, struct str name, struct words *words)
{
    fprintf(sh->out, "%.*s\n", STR_FMT(words->rest));
}

static void run_stream(struct shell *sh, FILE *file)
{
    struct input input = {.kind = INPUT_KIND_FILE, .file = file};
    sh->include_depth++;
    shell_run_input(sh, &input);
    sh->include_depth--;
}

static void meta_include(struct shell *sh, struct str name, struct words *words)
{
    char *path = str_dup_c(word(words, 0).ptr != NULL ? word(words, 0) : STR_EMPTY);
    FILE *file = NULL;
    if (sh->include_depth == SHELL_INCLUDE_DEPTH_MAX)
        shell_meta_failed(sh, "\\%.*s: too many recursion levels (max %d)", STR_FMT(name), SHELL_INCLUDE_DEPTH_MAX);
    else if (path[0] == '\0')
        shell_meta_failed(sh, "\\%.*s: file name missing", STR_FMT(name));
    else if ((file = fopen(path, "r")) == NULL)
        shell_meta_failed(sh, "open %s: %s", path, strerror(errno));
    else
        run_stream(sh, file);
    if (file != NULL)
        fclose(file);
    mem_free(path);
}

static void meta_output(struct shell *sh, struct str name, struct words *words)
{
    if (sh->out != stdout)
        fclose(sh->out);
    sh->out = stdout;
    if (words->len == 0)
        return;
    char *path = str_dup_c(word(words, 0));
    FILE *file = fopen(path, "w");
    if (file != NULL)
        sh->out = file;
    else
        shell_meta_failed(sh, "open %s: %s", path, strerror(errno));
    mem_free(path);
}

static void meta_run_command(struct shell *sh, struct str name, struct words *words)
{
    char *command = str_dup_c(words->rest);
    fflush(sh->out);
    if (system(command) != 0)
        shell_meta_failed(sh, "error in external command: %s", command);
    mem_free(command);
}

static void meta_run_output(struct shell *sh, struct str name, struct words *words)
{
    char *command = str_dup_c(words->rest);
    FILE *file = popen(command, "r");
    if (file != NULL)
        run_stream(sh, file);
    if (file == NULL || pclose(file) != 0)
        shell_meta_failed(sh, "error in external command: %s", command);
    mem_free(command);
}

// --- options

static void meta_set(struct shell *sh, struct str name, struct words *words)
{
    struct err err = ERR_INIT;
    struct str option = word(words, 0), value = word(words, 1);
    ptrdiff_t equals = option.ptr == NULL ? -1 : str_find(option, STR("="), 0);
    if (words->len == 0) {
        shell_options_print(sh);
        return;
    }
    if (equals >= 0) {
        value = str_slice(option, (size_t)equals + 1, option.len);
        option = str_slice(option, 0, (size_t)equals);
    }
    shell_option_set(&sh->options, option, value, &err);
    report(sh, &err);
}

static void meta_unset(struct shell *sh, struct str name, struct words *words)
{
    struct err err = ERR_INIT;
    shell_option_reset(&sh->options, words->len > 0 ? word(words, 0) : STR_EMPTY, &err);
    report(sh, &err);
}

static void meta_expanded(struct shell *sh, struct str name, struct words *words)
{
    struct str wanted = word(words, 0);
    bool records = sh->options.display_format == DISPLAY_FORMAT_RECORDS;
    bool on = wanted.ptr == NULL ? !records : str_ieqc(wanted, "on") || str_ieqc(wanted, "true");
    sh->options.display_format = on ? DISPLAY_FORMAT_RECORDS : DISPLAY_FORMAT_TABLE;
}

static void meta_timing(struct shell *sh, struct str name, struct words *words)
{
    struct err err = ERR_INIT;
    struct str value = word(words, 0);
    if (value.ptr == NULL)
        value = sh->options.show_times ? STR("off") : STR("on");
    shell_option_set(&sh->options, STR("show_times"), value, &err);
    report(sh, &err);
}

// --- information

static void meta_describe(struct shell *sh, struct str name, struct words *words)
{
    shell_describe(sh, name, word(words, 0));
}

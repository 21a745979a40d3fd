// The SQL shell: reads statements from a terminal, a file, standard input or the command line, runs them through libpq
// and prints the results.
//
//   shell.c          the session: connecting, the read loop, prompts
//   shell_complete.c completion by Tab
//   shell_input.c    where lines come from: terminal with history, files, strings; Ctrl-C
//   shell_execute.c  one statement: results, COPY, notices, errors, timing
//   shell_options.c  client-side options (\set)
//   shell_meta.c     backslash commands
//   shell_describe.c the \d family
//   shell_syntax.c   \h
#ifndef CLI_SHELL_INT_H
#define CLI_SHELL_INT_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/format_int.h"
#include "cli/scan_int.h"
#include "cli/url_int.h"
#include <stdio.h>

#define SHELL_INCLUDE_DEPTH_MAX 10

struct shell_options {
#define OPTION_BOOL(name, initial, help) bool name;
#define OPTION_INT(name, min, max, initial, help) int name;
#define OPTION_FORMAT(name, help) enum display_format name;
#define OPTION_STRING(name, initial, help) char *name;
#include "cli/shell_options.def"
};

enum input_kind { INPUT_KIND_TERMINAL, INPUT_KIND_FILE, INPUT_KIND_TEXT };

struct shell_config;

// A source of lines. \i puts another one on top.
struct input {
    enum input_kind kind;
    FILE *file;      // FILE
    struct str text; // TEXT, what is left
    struct input *below;
};

struct shell {
    const struct shell_config *config;
    struct conn_options *conn_options;
    PGconn *conn;
    struct shell_options options;
    bool interactive;     // reads from a terminal
    bool no_line_editor;  // without line editing and history
    bool terminal_output; // writes to a terminal
    bool cockroach;       // the server speaks CockroachDB's dialect
    bool statistics;      // the server answers SHOW LAST QUERY STATISTICS
    FILE *out;            // standard output or the file of \o
    struct input *input;
    int include_depth;
    struct buf pending; // the statement so far
    struct sql_scanner scanner;
    bool quit;
    bool failed;         // the last statement or command failed
    bool results_begun;  // rows of the running statement have been printed
    struct arena result; // of the running statement
};

// What the verb asks for.
struct shell_config {
    struct conn_options *conn_options;
    const char *const *statements; // -e
    size_t statements_len;
    const char *file;      // -f, NULL: standard input
    const char *format;    // NULL: table on a terminal, else tsv
    int64_t watch_ns;      // repeat the statements; 0: once
    bool safe_updates_set; // --safe-updates given
    bool safe_updates;
    bool read_only;
    bool echo;
    bool no_line_editor;
    struct string_list settings; // --set name=value
    void (*banner)(void *arg);   // printed when interactive, instead of the usual welcome; may be NULL
    void (*details)(void *arg);  // printed by \info after the connection; may be NULL
    void *banner_arg;            // of both
};

// Runs the shell to its end; returns the exit status. Errors of statements have been printed.
int shell_run(const struct shell_config *config, struct err *err);

// --- shell.c
int shell_connect(struct shell *sh, struct err *err);
// Reads and runs everything of the current input, then takes it off.
void shell_run_input(struct shell *sh, struct input *input);
// Runs a query for the shell's own use; NULL when it fails.
PGresult *shell_query(struct shell *sh, const char *sql);

// --- shell_complete.c
void complete_setup(struct shell *sh);

// --- shell_input.c
void input_setup(struct shell *sh);
void input_finish(struct shell *sh);
// The next line without its newline; false at the end of input. Ctrl-C at a terminal gives an empty line and sets
// *interrupted.
bool input_line(struct shell *sh, const char *prompt, struct buf *line, bool *interrupted);
void input_remember(struct shell *sh, struct str statement);
void input_print_history(struct shell *sh);
// While a cancel object is set, Ctrl-C cancels the running query instead of ending the process.
void interrupt_begin(PGconn *conn);
void interrupt_end(void);

// --- shell_execute.c
// Runs the text as one simple query; false (and sh->failed) on an error, which has been printed.
bool shell_execute(struct shell *sh, struct str sql, int statements);
void shell_notice(void *shell, const PGresult *result);
// COPY between the server and a file, for \copy. `sql` is a COPY … FROM STDIN or TO STDOUT.
bool shell_execute_copy(struct shell *sh, const char *sql, FILE *file);

// --- shell_options.c
void shell_options_init(struct shell_options *options);
void shell_options_release(struct shell_options *options);
int shell_option_set(struct shell_options *options, struct str name, struct str value, struct err *err);
int shell_option_reset(struct shell_options *options, struct str name, struct err *err);
void shell_options_print(struct shell *sh);

// --- shell_meta.c
// Runs a line that starts with a backslash, or one of the words quit, exit, help.
void shell_meta(struct shell *sh, struct str line);
bool shell_is_word_command(struct str line);
void shell_meta_failed(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);

// --- shell_describe.c
// `kind` is the command without backslash: "d", "dt", "l", … False when there is no such command.
bool shell_describe(struct shell *sh, struct str kind, struct str pattern);

// --- shell_syntax.c
void shell_syntax_help(struct shell *sh, struct str statement);

#endif

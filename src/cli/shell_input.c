// Lines from a terminal (libedit, with history), files and strings; what Ctrl-C does.
//
// The interrupt handler has three duties, in this order: jump out of the line editor; send a cancel request for the
// running query; else leave the process as SIGINT would. It only reads the two pointers below, which are set while
// the main thread is in the matching call.
#include "cli/shell_int.h"
#include <editline/readline.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define HISTORY_ENTRIES_MAX 10000

static sigjmp_buf editor_jump;
static volatile sig_atomic_t in_editor;
static PGcancel *volatile running_cancel;

static void on_interrupt(int signal_number)
{
    static const char message[] = "\nattempting to cancel query...\n";
    char why[128];
    int saved_errno = errno;
    if (in_editor) {
        in_editor = 0;
        siglongjmp(editor_jump, 1);
    }
    if (running_cancel != NULL) {
        if (write(STDERR_FILENO, message, sizeof message - 1) < 0 || !PQcancel(running_cancel, why, sizeof why))
            errno = saved_errno;
    } else {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    errno = saved_errno;
}

void interrupt_begin(PGconn *conn)
{
    running_cancel = PQgetCancel(conn);
}

void interrupt_end(void)
{
    PGcancel *cancel = running_cancel;
    running_cancel = NULL;
    if (cancel != NULL)
        PQfreeCancel(cancel);
}

static const char *history_path(struct shell *sh)
{
    const char *path = cli_getenv("SQL_CLI_HISTORY"), *home = getenv("HOME");
    if (path != NULL || home == NULL)
        return path;
    return arena_printf(&sh->conn_options->arena, "%s/.palmettosql_history", home).ptr;
}

void input_setup(struct shell *sh)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    if (!sh->interactive || sh->no_line_editor)
        return;
    rl_readline_name = "palmetto";
    complete_setup(sh);
    using_history();
    stifle_history(HISTORY_ENTRIES_MAX);
    const char *path = history_path(sh);
    if (path != NULL)
        read_history(path);
}

void input_finish(struct shell *sh)
{
    const char *path = sh->interactive && !sh->no_line_editor ? history_path(sh) : NULL;
    if (path != NULL && write_history(path) != 0)
        fprintf(stderr, "warning: cannot save the history to %s\n", path);
}

void input_remember(struct shell *sh, struct str statement)
{
    struct str text = str_trim(statement);
    if (!sh->interactive || sh->no_line_editor || text.len == 0)
        return;
    char *line = str_dup_c(text);
    for (int i = 0; i < history_length; i++) {
        HIST_ENTRY *entry = history_get(history_base + i);
        if (entry != NULL && strcmp(entry->line, line) == 0) {
            entry = remove_history(i);
            if (entry != NULL) {
                free((void *)entry->line);
                free(entry);
            }
            break;
        }
    }
    add_history(line);
    mem_free(line);
}

void input_print_history(struct shell *sh)
{
    for (int i = 0; i < history_length; i++) {
        HIST_ENTRY *entry = history_get(history_base + i);
        if (entry != NULL)
            fprintf(sh->out, "%s\n", entry->line);
    }
}

static bool terminal_line(const char *prompt, struct buf *line, bool *interrupted)
{
    if (sigsetjmp(editor_jump, 1) != 0) {
        rl_deprep_terminal();
        *interrupted = true;
        fputs("^C\n", stdout);
        return true;
    }
    in_editor = 1;
    char *text = readline(prompt);
    in_editor = 0;
    if (text == NULL)
        return false;
    buf_cstr(line, text);
    free(text);
    return true;
}

static bool file_line(FILE *file, struct buf *line)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t len = getline(&text, &capacity, file);
    if (len > 0) {
        if (text[len - 1] == '\n')
            len--;
        buf_append(line, text, (size_t)len);
    }
    free(text);
    return len >= 0;
}

static bool text_input_line(struct str *left, struct buf *line)
{
    if (left->ptr == NULL)
        return false;
    ptrdiff_t newline = str_find(*left, STR("\n"), 0);
    buf_append(line, left->ptr, newline < 0 ? left->len : (size_t)newline);
    *left = newline < 0 ? STR_NONE : str_slice(*left, (size_t)newline + 1, left->len);
    return true;
}

bool input_line(struct shell *sh, const char *prompt, struct buf *line, bool *interrupted)
{
    buf_clear(line);
    *interrupted = false;
    switch (sh->input->kind) {
    case INPUT_KIND_TERMINAL:
        if (!sh->no_line_editor)
            return terminal_line(prompt, line, interrupted);
        fputs(prompt, stdout);
        fflush(stdout);
        return file_line(stdin, line);
    case INPUT_KIND_FILE:
        return file_line(sh->input->file, line);
    case INPUT_KIND_TEXT:
        return text_input_line(&sh->input->text, line);
    }
    return false;
}

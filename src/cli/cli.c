#include "cli/cli.h"
#include "cli/verb_int.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb *const verbs[] = {
#define VERB(symbol) &symbol,
#include "cli/verbs.def"
#undef VERB
};

static void print_overview(void)
{
    printf("Palmetto is a SQL database server that speaks CockroachDB's dialect and the PostgreSQL protocol.\n\n"
           "Usage:\n  palmetto <command> [flags]\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        printf("  %-22s %s\n", verbs[i]->name, verbs[i]->summary);
    printf("\nUse \"palmetto <command> --help\" for the flags of a command.\n");
}

static void print_help(const struct verb *verb)
{
    printf("%s\n\nUsage:\n  palmetto %s%s%s [flags]\n\nFlags:\n", verb->description, verb->name,
           verb->arguments[0] != '\0' ? " " : "", verb->arguments);
    flags_print_help(verb->flags, verb->flags_len);
}

// Number of command-line words that spell the name of the verb, 0 when they do not.
static int verb_match(const struct verb *verb, int argc, char **argv)
{
    struct str name = str_of(verb->name);
    int words = 0;
    for (size_t at = 0; at < name.len; words++) {
        ptrdiff_t space = str_find(name, STR(" "), at);
        size_t end = space < 0 ? name.len : (size_t)space;
        if (words == argc || !str_eqc(str_slice(name, at, end), argv[words]))
            return 0;
        at = end + 1;
    }
    return words;
}

static const struct verb *verb_find(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if ((*words = verb_match(verbs[i], argc, argv)) > 0)
            return verbs[i];
    return NULL;
}

// A word such as "cert" or "workload init" that begins names of verbs but names none.
static size_t group_length(int argc, char **argv, char *group, size_t size)
{
    size_t len = 0;
    group[0] = '\0';
    for (int i = 0; i < argc && argv[i][0] != '-'; i++) {
        size_t next = len + (size_t)snprintf(group + len, size - len, "%s%s", i > 0 ? " " : "", argv[i]);
        if (next >= size - 1)
            break;
        bool known = false;
        for (size_t v = 0; v < ARRAY_LEN(verbs); v++)
            known |= strncmp(verbs[v]->name, group, next) == 0 && verbs[v]->name[next] == ' ';
        if (!known)
            break;
        len = next;
    }
    group[len] = '\0';
    return len;
}

static void print_group(const char *group)
{
    printf("Usage:\n  palmetto %s <command> [flags]\n\nCommands:\n", group);
    size_t len = strlen(group);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strncmp(verbs[i]->name, group, len) == 0 && verbs[i]->name[len] == ' ')
            printf("  %-22s %s\n", verbs[i]->name, verbs[i]->summary);
}

static int unknown_command(int argc, char **argv)
{
    char group[128];
    group_length(argc, argv, group, sizeof group);
    int words = group[0] != '\0';
    for (const char *c = group; *c != '\0'; c++)
        words += *c == ' ';
    if (words == argc || argv[words][0] == '-') {
        print_group(group);
        bool asked = words < argc && (strcmp(argv[words], "--help") == 0 || strcmp(argv[words], "-h") == 0);
        return asked ? 0 : EXIT_STATUS_ERROR;
    }
    fprintf(stderr, "ERROR: unknown command \"%s\" for \"palmetto%s%s\"\n", argv[words], words > 0 ? " " : "", group);
    fprintf(stderr, "Failed running \"%s\"\n", words > 0 ? group : "palmetto");
    return EXIT_STATUS_ERROR;
}

static void print_error(const struct err *err)
{
    fprintf(stderr, "ERROR: %s\n", err->message);
    if (err->detail != NULL)
        fprintf(stderr, "DETAIL: %s\n", err->detail);
    if (err->hint != NULL)
        fprintf(stderr, "HINT: %s\n", err->hint);
}

static int check_args(const struct verb *verb, const struct cli_args *args, struct err *err)
{
    if (verb->args_max >= 0 && args->len > (size_t)verb->args_max)
        return err_set(err, ERR_SYNTAX_ERROR, "unknown command \"%s\" for \"palmetto %s\"", args->items[verb->args_max],
                       verb->name);
    if (args->len < (size_t)verb->args_min)
        return err_set(err, ERR_SYNTAX_ERROR, "\"palmetto %s\" needs an argument: %s", verb->name, verb->arguments);
    return 0;
}

static int verb_run(const struct verb *verb, int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct cli_args args = {0};
    bool help_wanted = false;
    int status = EXIT_STATUS_ERROR;
    int rc = flags_parse(verb->flags, verb->flags_len, argc, argv, &args, &help_wanted, &err);
    if (help_wanted) {
        print_help(verb);
        status = 0;
    } else if (rc == 0 && check_args(verb, &args, &err) == 0) {
        status = verb->run(&args, &err);
    }
    fflush(stdout);
    if (!help_wanted && err.code != 0)
        print_error(&err);
    if (status != 0)
        fprintf(stderr, "Failed running \"%s\"\n", verb->name);
    err_reset(&err);
    mem_free(args.items);
    return status;
}

int cli_main(int argc, char **argv)
{
    int words;
    crypto_init();
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_overview();
        return argc < 2 ? EXIT_STATUS_ERROR : 0;
    }
    if (strcmp(argv[1], "--version") == 0)
        argv[1] = "version";
    const struct verb *verb = verb_find(argc - 1, argv + 1, &words);
    if (verb == NULL)
        return unknown_command(argc - 1, argv + 1);
    return verb_run(verb, argc - 1 - words, argv + 1 + words);
}

// palmetto workload: load generators.
#include "cli/verb_int.h"
#include "cli/workload_int.h"

static struct workload_options options = {
    .conn = CONN_OPTIONS_INIT(options.conn, "palmetto workload"),
    .rows = -1,
    .payload_bytes = 100,
    .concurrency = 8,
    .display_every_ns = 1000000000,
    .seed = 1,
};

#define INIT_FLAGS                                                                                                    \
    {"db", 0, FLAG_KIND_STRING, &options.database, "<name>", "database (default: the workload's name)"},              \
        {"rows", 0, FLAG_KIND_INT, &options.rows, "<n>", "rows to begin with (bank 1000, kv 0)"},                     \
        {"payload-bytes", 0, FLAG_KIND_INT, &options.payload_bytes, "<n>", "size of the rows' filler (default 100)"}, \
        {"seed", 0, FLAG_KIND_INT, &options.seed, "<n>", "seed of the random choices (default 1)"},                   \
    {                                                                                                                 \
        "drop", 0, FLAG_KIND_BOOL, &options.drop, NULL, "drop the database first"                                     \
    }
#define RUN_FLAGS                                                                                                     \
    INIT_FLAGS, {"init", 0, FLAG_KIND_BOOL, &options.init, NULL, "create the tables first"},                          \
        {"concurrency", 0, FLAG_KIND_INT, &options.concurrency, "<n>", "connections (default 8)"},                    \
        {"duration", 0, FLAG_KIND_DURATION, &options.duration_ns, "<duration>", "how long to run (default: no end)"}, \
        {"max-ops", 0, FLAG_KIND_INT, &options.max_ops, "<n>", "how many operations to run (default: no end)"},       \
        {"display-every",    0,                                                                                       \
         FLAG_KIND_DURATION, &options.display_every_ns,                                                               \
         "<duration>",       "how often to print a line (default 1s)"},                                               \
    {                                                                                                                 \
        "tolerate-errors", 0, FLAG_KIND_BOOL, &options.tolerate_errors, NULL, "go on after errors"                    \
    }

static const struct flag bank_init_flags[] = {INIT_FLAGS};
static const struct flag bank_run_flags[] = {RUN_FLAGS};
static const struct flag kv_run_flags[] = {
    RUN_FLAGS,
    {"read-percent", 0, FLAG_KIND_INT, &options.read_percent, "<n>", "share of reads, 0 to 100 (default 0)"},
};

static int require(int64_t value, int64_t min, int64_t max, const char *flag, struct err *err)
{
    if (value >= min && value <= max)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                   "invalid argument \"%lld\" for \"--%s\" flag: must be from %lld "
                   "to %lld",
                   (long long)value, flag, (long long)min, (long long)max);
}

static int complete_options(const struct workload *workload, const struct cli_args *args, struct err *err)
{
    const char *url = args->len > 0 ? args->items[0] : "postgresql://root@localhost:26257?sslmode=disable";
    if (options.rows < 0)
        options.rows = workload->rows_default;
    TRY(require(options.rows, workload == &workload_bank ? 2 : 0, 1000000000, "rows", err));
    TRY(require(options.payload_bytes, 0, 1 << 20, "payload-bytes", err));
    TRY(require(options.concurrency, 1, 10000, "concurrency", err));
    TRY(require(options.read_percent, 0, 100, "read-percent", err));
    TRY(require(options.max_ops, 0, INT64_MAX, "max-ops", err));
    TRY(require(options.display_every_ns, 100000000, INT64_MAX, "display-every", err));
    TRY(conn_options_apply_url(&options.conn, str_of(url), err));
    return conn_options_complete(&options.conn, err);
}

static int init(const struct workload *workload, const struct cli_args *args, struct err *err)
{
    bool failed = complete_options(workload, args, err) != 0 || workload_init(workload, &options, err) != 0;
    conn_options_release(&options.conn);
    return failed ? EXIT_STATUS_ERROR : 0;
}

static int run(const struct workload *workload, const struct cli_args *args, struct err *err)
{
    bool failed = complete_options(workload, args, err) != 0 || workload_run(workload, &options, err) != 0;
    conn_options_release(&options.conn);
    return failed ? EXIT_STATUS_ERROR : 0;
}

static int init_bank(const struct cli_args *args, struct err *err)
{
    return init(&workload_bank, args, err);
}

static int init_kv(const struct cli_args *args, struct err *err)
{
    return init(&workload_kv, args, err);
}

static int run_bank(const struct cli_args *args, struct err *err)
{
    return run(&workload_bank, args, err);
}

static int run_kv(const struct cli_args *args, struct err *err)
{
    return run(&workload_kv, args, err);
}

#define WORKLOAD_VERB(symbol, verb_name, verb_summary, verb_description, verb_flags, function) \
    const struct verb symbol = {                                                               \
        .name = verb_name,                                                                     \
        .arguments = "[URL]",                                                                  \
        .summary = verb_summary,                                                               \
        .description = verb_description,                                                       \
        .flags = verb_flags,                                                                   \
        .flags_len = ARRAY_LEN(verb_flags),                                                    \
        .args_max = 1,                                                                         \
        .run = function,                                                                       \
    }

WORKLOAD_VERB(verb_workload_init_bank, "workload init bank", "create the tables of the bank workload",
              "Creates a database with a table of bank accounts.", bank_init_flags, init_bank);
WORKLOAD_VERB(verb_workload_init_kv, "workload init kv", "create the tables of the key-value workload",
              "Creates a database with a table of keys and values.", bank_init_flags, init_kv);
WORKLOAD_VERB(verb_workload_run_bank, "workload run bank", "move money between bank accounts",
              "Moves money between random accounts over many connections and prints throughput and latencies.",
              bank_run_flags, run_bank);
WORKLOAD_VERB(verb_workload_run_kv, "workload run kv", "read and write random keys",
              "Reads and writes random keys over many connections and prints throughput and latencies.", kv_run_flags,
              run_kv);

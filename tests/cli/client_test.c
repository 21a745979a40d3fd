// The retry loop of libpalmetto-client against a scripted server.
#include "palmetto_client_int.h"
#include "unit/check.h"
#include "base/buf.h"
#include <stdlib.h>

// What the server does with the statements, in order: "" succeeds, a SQLSTATE fails, "lost" fails and drops the
// connection. Past the end everything succeeds.
struct script {
    const char *const *statements; // of the protocol: BEGIN, SAVEPOINT, RELEASE …
    const char *const *callbacks;  // one per attempt
    size_t statements_len, callbacks_len, at, attempts;
    struct buf transcript;
    int64_t now_ms, slept_ms;
    bool lost;
};

static bool fail_with(struct palmetto_txn *txn, const char *code)
{
    struct script *script = txn->arg;
    if (strcmp(code, "") == 0)
        return true;
    script->lost |= strcmp(code, "lost") == 0;
    txn_error(txn, script->lost ? "" : code, "scripted");
    return false;
}

static bool script_execute(struct palmetto_txn *txn, const char *sql)
{
    struct script *script = txn->arg;
    buf_printf(&script->transcript, "%.*s;", (int)strcspn(sql, " "), sql);
    if (strncmp(sql, "ROLLBACK TO", 11) == 0)
        script->transcript.len -= strlen("ROLLBACK;"), buf_cstr(&script->transcript, "UNDO;");
    const char *code = script->at < script->statements_len ? script->statements[script->at] : "";
    script->at++;
    return fail_with(txn, code);
}

static bool script_connected(struct palmetto_txn *txn)
{
    return !((struct script *)txn->arg)->lost;
}

static int64_t script_now(struct palmetto_txn *txn)
{
    return ((struct script *)txn->arg)->now_ms;
}

static void script_sleep(struct palmetto_txn *txn, int64_t ms)
{
    struct script *script = txn->arg;
    script->now_ms += ms;
    script->slept_ms += ms;
    buf_cstr(&script->transcript, "sleep;");
}

static int script_callback(struct palmetto_txn *txn, void *arg)
{
    struct script *script = arg;
    buf_cstr(&script->transcript, "work;");
    const char *code = script->attempts < script->callbacks_len ? script->callbacks[script->attempts] : "";
    script->attempts++;
    if (strcmp(code, "gave up") == 0)
        return -1;
    return fail_with(txn, code) ? 0 : -1;
}

static const struct txn_ops script_ops = {script_execute, script_connected, script_now, script_sleep};

static struct palmetto_txn_result run(struct script *script, bool savepoint, int attempts_max, int64_t deadline_ms)
{
    struct palmetto_txn_result result = {0};
    struct palmetto_txn txn = {
        .ops = &script_ops,
        .options = {.attempts_max = attempts_max,
                    .deadline_ms = deadline_ms,
                    .backoff_initial_ms = 10,
                    .backoff_max_ms = 80,
                    .begin = "BEGIN"},
        .callback = script_callback,
        .arg = script,
        .result = &result,
        .restart_savepoint = savepoint,
        .random = 7,
    };
    txn_run(&txn);
    return result;
}

#define SCRIPT(name, callback_list, statement_list)                                    \
    static const char *const name##_callbacks[] = callback_list;                       \
    static const char *const name##_statements[] = statement_list;                     \
    struct script name = {.statements = name##_statements,                             \
                          .callbacks = name##_callbacks,                               \
                          .statements_len = sizeof name##_statements / sizeof(char *), \
                          .callbacks_len = sizeof name##_callbacks / sizeof(char *)}
#define LIST(...)   \
    {               \
        __VA_ARGS__ \
    }

static void check(struct script *s, struct palmetto_txn_result r, enum palmetto_txn_outcome outcome, int attempts,
                  const char *sqlstate, const char *transcript)
{
    CHECK_STR(str_of(palmetto_txn_outcome_name(r.outcome)), palmetto_txn_outcome_name(outcome));
    CHECK_INT(r.attempts, attempts);
    CHECK_STR(str_of(r.sqlstate), sqlstate);
    CHECK_STR(buf_view(&s->transcript), transcript);
    buf_release(&s->transcript);
}

static void commits_at_once(void)
{
    SCRIPT(s, LIST(""), LIST(""));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_COMMITTED, 1, "", "BEGIN;SAVEPOINT;work;RELEASE;COMMIT;");
    SCRIPT(p, LIST(""), LIST(""));
    check(&p, run(&p, false, 0, 1000), PALMETTO_TXN_COMMITTED, 1, "", "BEGIN;work;COMMIT;");
}

static void retries_within_the_transaction(void)
{
    SCRIPT(s, LIST("40001", ""), LIST(""));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_COMMITTED, 2, "", "BEGIN;SAVEPOINT;work;UNDO;work;RELEASE;COMMIT;");
}

static void then_sleeps_without_locks(void)
{
    SCRIPT(s, LIST("40001", "40001", "40001", "40001", "40001", ""), LIST(""));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_COMMITTED, 6, "",
          "BEGIN;SAVEPOINT;work;UNDO;work;UNDO;work;UNDO;work;ROLLBACK;sleep;"
          "BEGIN;SAVEPOINT;work;UNDO;work;RELEASE;COMMIT;");
    CHECK(s.slept_ms >= 40 && s.slept_ms <= 80); // after four attempts
}

static void retries_by_new_transactions_elsewhere(void)
{
    SCRIPT(s, LIST("40001", ""), LIST(""));
    check(&s, run(&s, false, 0, 1000), PALMETTO_TXN_COMMITTED, 2, "", "BEGIN;work;ROLLBACK;sleep;BEGIN;work;COMMIT;");
}

static void retries_when_release_fails(void)
{
    SCRIPT(s, LIST(""), LIST("", "", "40001", "", "", ""));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_COMMITTED, 2, "",
          "BEGIN;SAVEPOINT;work;RELEASE;UNDO;work;RELEASE;COMMIT;");
    SCRIPT(old, LIST("CR000"), LIST(""));
    check(&old, run(&old, true, 0, 1000), PALMETTO_TXN_COMMITTED, 2, "",
          "BEGIN;SAVEPOINT;work;UNDO;work;RELEASE;COMMIT;");
}

static void other_errors_fail(void)
{
    SCRIPT(s, LIST("23505"), LIST(""));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "23505", "BEGIN;SAVEPOINT;work;ROLLBACK;");
    SCRIPT(gave_up, LIST("gave up"), LIST(""));
    check(&gave_up, run(&gave_up, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "", "BEGIN;SAVEPOINT;work;ROLLBACK;");
    SCRIPT(begin, LIST(""), LIST("57P01"));
    check(&begin, run(&begin, true, 0, 1000), PALMETTO_TXN_FAILED, 0, "57P01", "BEGIN;");
    SCRIPT(release, LIST(""), LIST("", "", "23503"));
    check(&release, run(&release, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "23503",
          "BEGIN;SAVEPOINT;work;RELEASE;ROLLBACK;");
}

static void attempts_are_bounded(void)
{
    SCRIPT(s, LIST("40001", "40001", "40001", "40001"), LIST(""));
    check(&s, run(&s, true, 3, 1000), PALMETTO_TXN_RETRIES_EXHAUSTED, 3, "40001",
          "BEGIN;SAVEPOINT;work;UNDO;work;UNDO;work;ROLLBACK;");
}

static void time_is_bounded(void)
{
    static const char *const always[64] = {[0 ... 63] = "40001"};
    struct script s = {.callbacks = always, .callbacks_len = 64};
    struct palmetto_txn_result r = run(&s, true, 0, 200);
    CHECK_INT(r.outcome, PALMETTO_TXN_RETRIES_EXHAUSTED);
    CHECK_STR(str_of(r.sqlstate), "40001");
    CHECK(s.now_ms < 200 && s.now_ms > 80);
    buf_release(&s.transcript);
}

static void lost_connections(void)
{
    SCRIPT(work, LIST("lost"), LIST(""));
    check(&work, run(&work, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "", "BEGIN;SAVEPOINT;work;");
    SCRIPT(release, LIST(""), LIST("", "", "lost"));
    check(&release, run(&release, true, 0, 1000), PALMETTO_TXN_AMBIGUOUS, 1, "", "BEGIN;SAVEPOINT;work;RELEASE;");
    SCRIPT(plain, LIST(""), LIST("", "lost"));
    check(&plain, run(&plain, false, 0, 1000), PALMETTO_TXN_AMBIGUOUS, 1, "", "BEGIN;work;COMMIT;");
    // After RELEASE the transaction is durable whatever becomes of COMMIT.
    SCRIPT(after, LIST(""), LIST("", "", "", "lost"));
    check(&after, run(&after, true, 0, 1000), PALMETTO_TXN_COMMITTED, 1, "", "BEGIN;SAVEPOINT;work;RELEASE;COMMIT;");
    SCRIPT(undo, LIST("40001"), LIST("", "", "lost"));
    check(&undo, run(&undo, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "", "BEGIN;SAVEPOINT;work;UNDO;");
}

static void ambiguous_when_the_server_says_so(void)
{
    SCRIPT(s, LIST(""), LIST("", "", "40003"));
    check(&s, run(&s, true, 0, 1000), PALMETTO_TXN_AMBIGUOUS, 1, "40003", "BEGIN;SAVEPOINT;work;RELEASE;ROLLBACK;");
    SCRIPT(work, LIST("40003"), LIST(""));
    check(&work, run(&work, true, 0, 1000), PALMETTO_TXN_FAILED, 1, "40003", "BEGIN;SAVEPOINT;work;ROLLBACK;");
}

CHECK_MAIN({"commits_at_once", commits_at_once}, {"retries_within_the_transaction", retries_within_the_transaction},
           {"then_sleeps_without_locks", then_sleeps_without_locks},
           {"retries_by_new_transactions_elsewhere", retries_by_new_transactions_elsewhere},
           {"retries_when_release_fails", retries_when_release_fails}, {"other_errors_fail", other_errors_fail},
           {"attempts_are_bounded", attempts_are_bounded}, {"time_is_bounded", time_is_bounded},
           {"lost_connections", lost_connections},
           {"ambiguous_when_the_server_says_so", ambiguous_when_the_server_says_so})

// Notifications in the order of commits, when those that committed first come to say so last.
#include "operations/harness.h"
#include "sql/session/session_int.h"

static struct harness h;
static struct buf heard;

static void notified(void *arg)
{
    ++*(int *)arg;
}

static struct session *session_that_hears(int *told)
{
    struct session_options options = {.user = STR("root"),
                                      .database = STR("defaultdb"),
                                      .auth_method = STR("trust"),
                                      .notified = notified,
                                      .notified_arg = told};
    struct session *s;
    struct err err = ERR_INIT;
    CHECK_INT(session_new(h.engine, &options, &s, &err), 0);
    return s;
}

static void append(void *arg, int32_t pid, struct str channel, struct str payload)
{
    buf_printf(&heard, "%.*s ", STR_FMT(payload));
}

static struct str all_heard(struct session *s)
{
    buf_clear(&heard);
    session_take_notifications(s, append, NULL);
    return buf_view(&heard);
}

// A transaction that says its name, up to its commit.
static struct session *committing(const char *name)
{
    struct session *s = harness_session(&h, "root");
    struct err err = ERR_INIT;
    CHECK_INT(notify_send(s, STR("c"), str_of(name), &err), 0);
    CHECK_INT(notify_before_commit(s, &err), 0);
    return s;
}

static void test_order(void)
{
    int told = 0;
    harness_open(&h, false);
    struct session *listener = session_that_hears(&told);
    CHECK_STR(harness_run_in(&h, listener, "LISTEN c"), "LISTEN");
    struct session *a = committing("a"), *b = committing("b"), *failing = committing("never");

    notify_after_commit(b, true, 20); // a may have committed before
    CHECK_STR(all_heard(listener), "");
    struct session *later = committing("later");
    notify_after_commit(later, true, 30);
    notify_after_commit(failing, false, 0);
    CHECK_INT(told, 0);
    notify_after_commit(a, true, 10);
    CHECK_INT(told, 1);
    CHECK_STR(all_heard(listener), "a b later ");
    CHECK_STR(all_heard(listener), "");

    struct session *slow = committing("slow"), *quick = committing("quick");
    notify_after_commit(quick, true, 50);
    struct session *last = committing("last"); // after quick, but perhaps before slow
    notify_after_commit(slow, true, 60);
    CHECK_STR(all_heard(listener), "quick ");
    notify_after_commit(last, true, 70);
    CHECK_STR(all_heard(listener), "slow last ");

    struct session *all[] = {listener, a, b, failing, later, slow, quick, last};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        session_free(all[i]);
    buf_release(&heard);
    harness_close(&h);
}

CHECK_MAIN({"order", test_order}, )

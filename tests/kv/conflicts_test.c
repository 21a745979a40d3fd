// Conformance: conflicts, phantoms, refresh, isolation levels, counters.
#include "kvtest.h"

static void read_then_overtaken(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    uint64_t v = WRITE(s, "a=2");
    PUT(t, "b", "2");
    CHECK_RESULT(kv_refresh(t), KV_CONFLICT);
    const struct kv_conflict *c = kv_last_conflict(t);
    if (c->key.ptr != NULL)
        CHECK_STR(c->key, "a");
    CHECK(c->version == 0 || c->version == v);
    COMMIT_CONFLICT(s, t);
    HOLDS(s, "a=2 b=1");
}

static void unrelated_writes_pass(struct store *s)
{
    WRITE(s, "a=1 b=1 c=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    GET(t, "bb", NULL);
    WRITE(s, "b=2 c=2 aa=1 bbb=1");
    PUT(t, "d", "2");
    COMMIT(s, t);
    HOLDS(s, "a=1 aa=1 b=2 bbb=1 c=2 d=2");
}

static void blind_writes_pass(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "2");
    WRITE(s, "a=3");
    COMMIT(s, t);
    HOLDS(s, "a=2");
}

static void read_without_write_passes(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    WRITE(s, "a=2");
    GET(t, "a", "1");
    COMMIT(s, t);
}

static void absent_read_conflicts(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", NULL);
    PUT(t, "b", "1");
    WRITE(s, "a=1");
    COMMIT_CONFLICT(s, t);
    HOLDS(s, "a=1");
}

static void deletion_conflicts(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    PUT(t, "b", "1");
    WRITE(s, "-a");
    COMMIT_CONFLICT(s, t);
    HOLDS(s, "");
}

static void get_many_conflicts(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    struct str keys[] = {STR("a"), STR("b"), STR("c")};
    struct kv_value out[3];
    CHECK_OK(kv_get_many(t, keys, 3, 0, out));
    PUT(t, "z", "1");
    WRITE(s, "c=1");
    COMMIT_CONFLICT(s, t);
}

// A scan of [start, end) with the limit, then a commit of `what` by another, then a write: `conflicts` or not.
static void phantom(struct store *s, const char *start, const char *end, unsigned flags, uint64_t limit,
                    const char *expected, const char *what, bool conflicts)
{
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(kv_delete_range(t, range_of("", NULL)));
    COMMIT(s, t);
    WRITE(s, "b=1 d=1 f=1 h=1");
    t = begin_txn(s);
    SCAN(t, start, end, flags, limit, expected);
    PUT(t, "zz", "1");
    WRITE(s, what);
    uint64_t version;
    enum kv_result r = kv_commit(t, &version);
    if (r != (conflicts ? KV_CONFLICT : KV_OK))
        check_failed_at(__FILE__, __LINE__, "scan [%s, %s) flags %u limit %d against %s: %s", start,
                        end != NULL ? end : "", flags, (int)limit, what, kv_result_name(r));
}

static void phantoms(struct store *s)
{
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "e=1", true);
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "c=1", true);
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "g=1", false);
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "b=2", false);
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "-f", true);
    phantom(s, "c", "g", 0, 0, "d=1 f=1", "fzzz=1", true);
    phantom(s, "i", NULL, 0, 0, "", "x=1", true);
    phantom(s, "i", NULL, 0, 0, "", "h=2", false);
    phantom(s, "c", "g", KV_READ_REVERSE, 0, "f=1 d=1", "e=1", true);
    phantom(s, "c", "g", KV_READ_REVERSE, 0, "f=1 d=1", "c=1", true);
    phantom(s, "c", "g", KV_READ_REVERSE, 0, "f=1 d=1", "g=1", false);
    phantom(s, "c", "g", KV_READ_SNAPSHOT, 0, "d=1 f=1", "e=1 d=2", false);
    phantom(s, "c", "g", KV_READ_KEYS_ONLY, 0, "d= f=", "e=1", true);
}

static void phantoms_of_limited_scans(struct store *s)
{
    phantom(s, "a", NULL, 0, 2, "b=1 d=1", "e=1", false);
    phantom(s, "a", NULL, 0, 2, "b=1 d=1", "dd=1", false);
    phantom(s, "a", NULL, 0, 2, "b=1 d=1", "d=2", true);
    phantom(s, "a", NULL, 0, 2, "b=1 d=1", "c=1", true);
    phantom(s, "a", NULL, 0, 2, "b=1 d=1", "a=1", true);
    phantom(s, "a", NULL, KV_READ_REVERSE, 2, "h=1 f=1", "e=1", false);
    phantom(s, "a", NULL, KV_READ_REVERSE, 2, "h=1 f=1", "f=2", true);
    phantom(s, "a", NULL, KV_READ_REVERSE, 2, "h=1 f=1", "g=1", true);
    phantom(s, "a", NULL, KV_READ_REVERSE, 2, "h=1 f=1", "i=1", true);
}

static void phantom_through_range_delete(struct store *s)
{
    WRITE(s, "b=1 d=1");
    struct kv_txn *t = begin_txn(s);
    SCAN(t, "a", "c", 0, 0, "b=1");
    PUT(t, "z", "1");
    struct kv_txn *other = begin_txn(s);
    CHECK_OK(kv_delete_range(other, range_of("a", NULL)));
    COMMIT(s, other);
    COMMIT_CONFLICT(s, t);
    HOLDS(s, "");
}

static void snapshot_reads_do_not_conflict(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    GET_SNAPSHOT(t, "a", "1");
    SCAN(t, "", NULL, KV_READ_SNAPSHOT, 0, "a=1");
    PUT(t, "b", "1");
    WRITE(s, "a=2");
    COMMIT(s, t);
}

static void added_read_conflicts(struct store *s)
{
    for (int hit = 0; hit < 2; hit++) {
        struct kv_txn *t = begin_txn(s);
        CHECK_OK(kv_add_read_conflict(t, range_of("c", "e"), KV_READ_VALIDATED));
        CHECK_OK(kv_add_read_conflict(t, range_of("x", "x"), KV_READ_VALIDATED));
        PUT(t, "z", "1");
        WRITE(s, hit ? "d=1" : "b=1 e=1 x=1");
        if (hit)
            COMMIT_CONFLICT(s, t);
        else
            COMMIT(s, t);
    }
}

// Below SERIALIZABLE what is not to be validated only keeps the snapshot from moving.
static void added_reads_that_are_not_validated(struct store *s)
{
    for (int validated = 0; validated < 2; validated++) {
        struct kv_txn *t = begin_with(s, (struct kv_begin_options){.isolation = KV_SNAPSHOT});
        CHECK_OK(kv_add_read_conflict(t, range_of("c", "e"), validated ? KV_READ_VALIDATED : 0));
        PUT(t, "z", "1");
        WRITE(s, "d=1");
        CHECK_RESULT(kv_refresh(t), KV_CONFLICT);
        if (validated)
            COMMIT_CONFLICT(s, t);
        else
            COMMIT(s, t);
    }
}

static void write_skew(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    SCAN(t, "a", "c", 0, 0, "a=1 b=1");
    SCAN(u, "a", "c", 0, 0, "a=1 b=1");
    PUT(t, "a", "0");
    PUT(u, "b", "0");
    COMMIT(s, t);
    COMMIT_CONFLICT(s, u);
    HOLDS(s, "a=0 b=1");
}

static void refresh_moves(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    PUT(t, "c", "own");
    uint64_t v = WRITE(s, "b=2");
    CHECK(kv_read_version(t) < v);
    CHECK_OK(kv_refresh(t));
    CHECK_INT(kv_read_version(t), v);
    GET(t, "b", "2");
    GET(t, "a", "1");
    GET(t, "c", "own");
    COMMIT(s, t);
    HOLDS(s, "a=1 b=2 c=own");
}

static void refresh_fails_and_nothing_moves(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    uint64_t before = kv_read_version(t);
    SCAN(t, "", "b", 0, 0, "a=1");
    WRITE(s, "aa=2 b=2");
    CHECK_RESULT(kv_refresh(t), KV_CONFLICT);
    CHECK_INT(kv_read_version(t), before);
    CHECK_OK(kv_reset(t));
    SCAN(t, "", NULL, 0, 0, "a=1 aa=2 b=2");
    PUT(t, "c", "1");
    COMMIT(s, t);
}

static void reads_before_refresh_stay_remembered(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    WRITE(s, "b=2");
    CHECK_OK(kv_refresh(t));
    WRITE(s, "a=2");
    PUT(t, "c", "1");
    COMMIT_CONFLICT(s, t);
}

static void savepoint_keeps_reads(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    unsigned sp = kv_savepoint(t);
    GET(t, "a", "1");
    CHECK_OK(kv_rollback_to(t, sp));
    PUT(t, "b", "1");
    WRITE(s, "a=2");
    COMMIT_CONFLICT(s, t);
}

static void counters_do_not_conflict(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s), *w = begin_txn(s);
    CHECK_OK(kv_add(t, STR("n"), 5));
    CHECK_OK(kv_add(u, STR("n"), 7));
    CHECK_OK(kv_add(w, STR("n"), 1));
    COMMIT(s, t);
    COMMIT(s, u);
    kv_abort(w);
    int64_t n = 0;
    struct kv_value v;
    t = begin_txn(s);
    CHECK_OK(kv_get(t, STR("n"), 0, &v));
    if (v.found && v.value.len == 8)
        memcpy(&n, v.value.ptr, 8);
    CHECK_INT(n, 12);
    kv_abort(t);
}

static void counter_that_was_read_conflicts(struct store *s)
{
    for (int scan = 0; scan < 2; scan++) {
        struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
        struct kv_value v;
        CHECK_OK(kv_add(t, STR("n"), 5));
        if (scan) {
            struct kv_scan *sc;
            struct kv_batch batch;
            CHECK_OK(kv_scan_open(t, range_of("n", "o"), 0, 0, &sc));
            CHECK_OK(kv_scan_next(sc, 10, &batch));
            CHECK_INT(batch.n, 1);
        } else {
            CHECK_OK(kv_get(t, STR("n"), 0, &v));
        }
        CHECK_OK(kv_add(u, STR("n"), 7));
        COMMIT(s, u);
        COMMIT_CONFLICT(s, t);
    }
}

static void snapshot_isolation(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_begin_options snapshot = {.isolation = KV_SNAPSHOT};
    struct kv_txn *t = begin_with(s, snapshot);
    GET(t, "a", "1");
    WRITE(s, "a=2");
    GET(t, "a", "1");
    PUT(t, "b", "2");
    COMMIT(s, t); // reads are not validated
    t = begin_with(s, snapshot);
    PUT(t, "b", "3");
    WRITE(s, "b=4");
    COMMIT_CONFLICT(s, t); // first committer wins
    HOLDS(s, "a=2 b=4");
}

// What constraints rest on holds at every level.
static void validated_reads(struct store *s)
{
    for (int level = KV_SERIALIZABLE; level <= KV_READ_COMMITTED; level++) {
        for (int scan = 0; scan < 2; scan++) {
            WRITE(s, "a=1 b=1");
            struct kv_txn *t = begin_with(s, (struct kv_begin_options){.isolation = (enum kv_isolation)level});
            struct kv_value v;
            if (scan)
                SCAN(t, "a", "b", KV_READ_VALIDATED, 0, "a=1");
            else
                CHECK_INT(kv_get(t, STR("a"), KV_READ_VALIDATED, &v), KV_OK);
            PUT(t, "b", "2");
            WRITE(s, "a=2");
            COMMIT_CONFLICT(s, t);
        }
    }
}

static void validated_reads_of_statements(struct store *s)
{
    struct kv_value v;
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_with(s, (struct kv_begin_options){.isolation = KV_READ_COMMITTED});
    CHECK_INT(kv_get(t, STR("a"), KV_READ_VALIDATED, &v), KV_OK);
    WRITE(s, "a=2");
    CHECK_OK(kv_new_statement(t)); // nothing rests on it yet
    CHECK_INT(kv_get(t, STR("a"), KV_READ_VALIDATED, &v), KV_OK);
    PUT(t, "b", "2");
    CHECK_OK(kv_new_statement(t));
    WRITE(s, "c=1");
    CHECK_OK(kv_new_statement(t));
    WRITE(s, "a=3");
    CHECK_INT(kv_new_statement(t), KV_CONFLICT);
    kv_abort(t);
}

static void read_committed(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_with(s, (struct kv_begin_options){.isolation = KV_READ_COMMITTED});
    GET(t, "a", "1");
    WRITE(s, "a=2");
    GET(t, "a", "1");
    CHECK_OK(kv_new_statement(t));
    GET(t, "a", "2");
    PUT(t, "b", "1");
    CHECK_OK(kv_new_statement(t));
    GET(t, "b", "1");
    WRITE(s, "a=3");
    COMMIT(s, t);
    HOLDS(s, "a=3 b=1");
}

static void no_conflict_with_itself(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    PUT(t, "a", "2");
    GET(t, "a", "2");
    SCAN(t, "", NULL, 0, 0, "a=2");
    CHECK_OK(kv_refresh(t));
    COMMIT(s, t);
}

static void many_reads(struct store *s)
{
    for (int hit = 0; hit < 2; hit++) {
        struct kv_txn *t = begin_txn(s);
        char key[16];
        for (int i = 0; i < 5000; i++) {
            snprintf(key, sizeof(key), "k%05d", (i * 7919) % 5000);
            GET(t, key, NULL);
        }
        PUT(t, "z", "1");
        WRITE(s, hit ? "k03333=1" : "k033330=1");
        if (hit)
            COMMIT_CONFLICT(s, t);
        else
            COMMIT(s, t);
        WRITE(s, "-k03333 -k033330");
    }
}

// However many rows of one table were read, what lies between them and the few that were read elsewhere was not.
static void many_reads_and_few_elsewhere(struct store *s)
{
    char key[32];
    struct kv_txn *t = begin_txn(s);
    GET(t, "system/a", NULL);
    GET(t, "system/c", NULL);
    for (int i = 0; i < 60000; i++) {
        snprintf(key, sizeof(key), "table/%08d", i * 7);
        GET(t, key, NULL);
    }
    PUT(t, "z", "1");
    WRITE(s, "system/b=1 system/d=1 tablf=1");
    COMMIT(s, t);
    WRITE(s, "-system/b -system/d -tablf -z");
}

const struct kv_case conflict_cases[] = {
    {"read_then_overtaken", read_then_overtaken, false},
    {"unrelated_writes_pass", unrelated_writes_pass, false},
    {"blind_writes_pass", blind_writes_pass, false},
    {"read_without_write_passes", read_without_write_passes, false},
    {"absent_read_conflicts", absent_read_conflicts, false},
    {"deletion_conflicts", deletion_conflicts, false},
    {"get_many_conflicts", get_many_conflicts, false},
    {"phantoms", phantoms, false},
    {"phantoms_of_limited_scans", phantoms_of_limited_scans, false},
    {"phantom_through_range_delete", phantom_through_range_delete, false},
    {"snapshot_reads_do_not_conflict", snapshot_reads_do_not_conflict, false},
    {"added_reads_that_are_not_validated", added_reads_that_are_not_validated, false},
    {"added_read_conflicts", added_read_conflicts, false},
    {"write_skew", write_skew, false},
    {"refresh_moves", refresh_moves, false},
    {"refresh_fails_and_nothing_moves", refresh_fails_and_nothing_moves, false},
    {"reads_before_refresh_stay_remembered", reads_before_refresh_stay_remembered, false},
    {"savepoint_keeps_reads", savepoint_keeps_reads, false},
    {"counters_do_not_conflict", counters_do_not_conflict, false},
    {"counter_that_was_read_conflicts", counter_that_was_read_conflicts, false},
    {"snapshot_isolation", snapshot_isolation, false},
    {"read_committed", read_committed, false},
    {"validated_reads", validated_reads, false},
    {"validated_reads_of_statements", validated_reads_of_statements, false},
    {"no_conflict_with_itself", no_conflict_with_itself, false},
    {"many_reads", many_reads, false},
    {"many_reads_and_few_elsewhere", many_reads_and_few_elsewhere, false},
};
const size_t conflict_cases_count = ARRAY_LEN(conflict_cases);

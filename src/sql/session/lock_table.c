// LOCK TABLE.
//
// A table has four lock modes and PostgreSQL eight. SHARE, SHARE ROW EXCLUSIVE and EXCLUSIVE are one here with ACCESS
// EXCLUSIVE: each keeps writers out, and readers, who have a snapshot, wait for none.
#include "sql/session/session_int.h"
#include "sql/session/show_int.h"

static enum kv_lock_mode mode_of(enum ast_table_lock lock)
{
    static const enum kv_lock_mode modes[] = {
        [AST_TABLE_LOCK_ACCESS_EXCLUSIVE] = KV_LOCK_EXCLUSIVE,
        [AST_TABLE_LOCK_EXCLUSIVE] = KV_LOCK_EXCLUSIVE,
        [AST_TABLE_LOCK_SHARE_ROW_EXCLUSIVE] = KV_LOCK_EXCLUSIVE,
        [AST_TABLE_LOCK_SHARE] = KV_LOCK_EXCLUSIVE,
        [AST_TABLE_LOCK_SHARE_UPDATE_EXCLUSIVE] = KV_LOCK_NO_KEY_EXCLUSIVE,
        [AST_TABLE_LOCK_ROW_EXCLUSIVE] = KV_LOCK_KEY_SHARE,
        [AST_TABLE_LOCK_ROW_SHARE] = KV_LOCK_KEY_SHARE,
    };
    return modes[lock];
}

// UPDATE or DELETE allow any mode, INSERT what inserting takes, SELECT what reading does.
static int check_access(struct session *s, const struct cat_table *t, enum ast_table_lock lock, struct err *err)
{
    uint32_t enough = CAT_PRIVILEGE_UPDATE | CAT_PRIVILEGE_DELETE;
    if (lock == AST_TABLE_LOCK_ACCESS_SHARE)
        return cat_check_table_privilege(s->view, s->user, t, CAT_PRIVILEGE_SELECT, err);
    if (lock == AST_TABLE_LOCK_ROW_EXCLUSIVE || lock == AST_TABLE_LOCK_ROW_SHARE)
        enough |= CAT_PRIVILEGE_INSERT;
    for (uint32_t bit = 1; bit != 0 && bit <= enough; bit <<= 1) {
        bool has = false;
        if ((enough & bit) != 0)
            TRY(cat_has_privilege(s->view, s->user, &t->acl, bit, &has, err));
        if (has)
            return 0;
    }
    return cat_no_privilege(err, s->user, CAT_PRIVILEGE_UPDATE, "relation", t->name);
}

// What is read after it is not older than the lock, where the transaction's reads so far allow that.
static int lock_one(struct session *s, struct arena *a, const struct ast_lock_table *lock, const struct ast *name,
                    struct err *err)
{
    struct show sh = {.session = s, .arena = a, .view = s->view};
    const struct cat_table *t;
    bool moved = false;
    do {
        TRY(show_table(&sh, name, &t, err));
        TRY(check_access(s, t, lock->mode, err));
        if (t->kind == CAT_SEQUENCE || t->kind == CAT_VIRTUAL)
            return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table or view", STR_FMT(t->name));
        if (lock->mode == AST_TABLE_LOCK_ACCESS_SHARE || t->kind == CAT_VIEW)
            return cat_table_depend(s->view, t, false, err);
        if (s->txn_read_only)
            return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute LOCK TABLE in a read-only transaction");
        cat_view_set_lock_wait(s->view, session_lock_timeout(s), false);
        TRY(cat_table_lock(s->view, t, mode_of(lock->mode), lock->nowait ? KV_LOCK_NOWAIT : KV_LOCK_WAIT, &moved, err));
    } while (moved);
    TRY(cat_view_catch_up(s->view, &moved, err));
    return cat_table_depend(s->view, t, true, err);
}

int run_lock_table(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_lock_table *lock = ast_as_lock_table(ast);
    if (s->txn_state == TXN_IMPLICIT)
        return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks");
    for (size_t i = 0; i < lock->tables.n; i++)
        TRY(lock_one(s, a, lock, lock->tables.items[i], err));
    return 0;
}

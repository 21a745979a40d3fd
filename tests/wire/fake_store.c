// A store that holds nothing: the fake session does not use one.
#include "base/err.h"
#include "kv/kv.h"

struct kv {
    int unused;
};

int kv_open(const char *url, const struct kv_options *options, struct kv **out, struct err *err)
{
    if (strcmp(url, "mem:") != 0)
        return err_set(err, ERR_OBJECT_IN_USE, "store %s is in use by another process", url);
    *out = mem_zalloc(sizeof(struct kv));
    return 0;
}

void kv_close(struct kv *kv)
{
    mem_free(kv);
}

void kv_get_stats(struct kv *kv, struct kv_stats *out)
{
    *out = (struct kv_stats){.commits = 42};
}

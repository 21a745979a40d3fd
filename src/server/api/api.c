#include "server/api/api_int.h"

int api_open(const struct api_options *options, struct api **out, struct err *err)
{
    struct api *api = mem_zalloc(sizeof(*api));
    struct arena a;
    struct account *accounts;
    size_t n = 0;
    api->options = *options;
    pthread_mutex_init(&api->password_lock, NULL);
    pthread_mutex_init(&api->setup_lock, NULL);
    arena_init(&a, NULL);
    int rc = account_list(api, &a, &accounts, &n, err);
    arena_release(&a);
    if (rc == 0)
        rc = logins_open(api, &api->logins, err);
    if (rc != 0) {
        api_close(api);
        return rc;
    }
    if (n == 0)
        random_token(api->setup_token, TOKEN_CHARACTERS);
    *out = api;
    return 0;
}

void api_close(struct api *api)
{
    if (api == NULL)
        return;
    logins_free(api->logins);
    pthread_mutex_destroy(&api->password_lock);
    pthread_mutex_destroy(&api->setup_lock);
    mem_free(api);
}

void api_setup_token(struct api *api, struct buf *out)
{
    pthread_mutex_lock(&api->setup_lock);
    buf_cstr(out, api->setup_token);
    pthread_mutex_unlock(&api->setup_lock);
}

int api_add_account(struct api *api, struct str name, struct str password, bool admin, struct err *err)
{
    TRY(account_create(api, &(struct account){.name = name, .admin = admin}, password, false, err));
    api_forget_setup(api);
    return 0;
}

void api_forget_setup(struct api *api)
{
    pthread_mutex_lock(&api->setup_lock);
    memset(api->setup_token, 0, sizeof(api->setup_token));
    pthread_mutex_unlock(&api->setup_lock);
}

bool api_setup_needed(struct api *api)
{
    pthread_mutex_lock(&api->setup_lock);
    bool needed = api->setup_token[0] != 0;
    pthread_mutex_unlock(&api->setup_lock);
    return needed;
}

// A server over the fake session, for trying clients by hand: fake_server [certs-dir] [port].
#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct server_config config = {.store_url = "mem:", .listen_host = "localhost", .insecure = argc < 2};
    struct server *server;
    struct err err = ERR_INIT;
    struct buf url = BUF_INIT;
    config.certs_dir = argc > 1 ? argv[1] : NULL;
    config.listen_port = argc > 2 ? atoi(argv[2]) : 0;
    if (server_start(&config, &server, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    server_url(server, "root", NULL, NULL, &url);
    printf("%s\n%d\n", buf_c(&url), server_http_address(server).port);
    fflush(stdout);
    buf_release(&url);
    server_wait(server);
    server_stop(server);
    return 0;
}

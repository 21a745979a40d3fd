// The table of a server built without the console.
#include "server/http/assets.h"

const struct asset assets[1] = {0};
const size_t assets_len = 0;

// Private to the JSON files: the layout of containers.
#ifndef TYPES_JSON_INT_H
#define TYPES_JSON_INT_H

#include "types/json.h"
#include "types/types_int.h"

enum { JSON_HEAD_LEN = 7, JSON_LEN_MAX = 1 << 30 }; // tag, u16 depth, u32 count

static inline bool json_is_container(struct str j)
{
    return j.len >= JSON_HEAD_LEN && (j.ptr[0] == JSON_ARRAY || j.ptr[0] == JSON_OBJECT);
}
static inline uint16_t json_depth(struct str j)
{
    if (!json_is_container(j))
        return 0;
    uint16_t v;
    memcpy(&v, j.ptr + 1, 2);
    return v;
}

#endif

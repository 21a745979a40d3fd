// MACADDR and MACADDR8: bits of addresses.
#include "types/macaddr.h"
#include "sql/functions/functions_int.h"

static int combine(struct eval_context *ec, const struct datum *args, bool and, struct datum *out)
{
    char *bytes = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    for (size_t i = 0; i < args[0].s.len; i++)
        bytes[i] = (char)(and? bytes[i] & args[1].s.ptr[i] : bytes[i] | args[1].s.ptr[i]);
    return fn_return_str(out, (struct str){bytes, args[0].s.len});
}

BODY(mac_and)
{
    return combine(ec, args, true, out);
}
BODY(mac_or)
{
    return combine(ec, args, false, out);
}
BODY(mac_not)
{
    char *bytes = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    for (size_t i = 0; i < args[0].s.len; i++)
        bytes[i] = (char)~bytes[i];
    return fn_return_str(out, (struct str){bytes, args[0].s.len});
}
BODY(trunc_mac)
{
    enum { MAKER_BYTES = 3 };
    char *bytes = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    memset(bytes + MAKER_BYTES, 0, args[0].s.len - MAKER_BYTES);
    return fn_return_str(out, (struct str){bytes, args[0].s.len});
}
BODY(set_seventh_bit)
{
    char *bytes = arena_dup(ec->arena, args[0].s.ptr, args[0].s.len);
    bytes[0] |= 0x02;
    return fn_return_str(out, (struct str){bytes, args[0].s.len});
}

static const struct fn_row rows[] = {
#include "sql/functions/macaddr.def"
};
const struct fn_family fn_family_macaddr = {"INET", rows, ARRAY_LEN(rows)};

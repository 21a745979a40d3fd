// ACLITEM: an item of an access control list, written grantee=letters/grantor: a letter a privilege, with * behind it
// when it may be granted on; no grantee is PUBLIC. Encoded as that text with the letters in one order. Whether the
// roles exist is for those who know the catalog.
#ifndef TYPES_ACLITEM_H
#define TYPES_ACLITEM_H

#include "types/types.h"

struct aclitem {
    struct str grantee, grantor;    // without quotes; grantee empty: PUBLIC
    uint32_t privileges, grantable; // bits by the place in aclitem.def
};

extern const struct acl_letter {
    char letter;
    const char *privilege;
} acl_letters[];
enum {
#define ACL_LETTER(letter, privilege) +1
    ACL_LETTERS = 0
#include "types/aclitem.def"
#undef ACL_LETTER
};

// 22P02 in PostgreSQL's words. What it returns may borrow `text`.
int aclitem_read(struct arena *a, struct str text, struct aclitem *out, struct err *err) MUST_CHECK;
void aclitem_write(struct buf *out, const struct aclitem *item);
// A role's name as items have it: in quotes unless of letters, digits and underscores.
void aclitem_write_name(struct buf *out, struct str name);

#endif

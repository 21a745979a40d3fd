// LTREE: a path of labels (letters, digits, _ and -), written a.b.c. Encoded as the labels with LTREE_SEPARATOR, which
// is below all of their bytes, between them: bytewise order is the order label by label. The empty path has no labels.
#ifndef TYPES_LTREE_H
#define TYPES_LTREE_H

#include "types/types.h"

enum { LTREE_LABELS_MAX = 65535, LTREE_LABEL_BYTES_MAX = 1000, LTREE_SEPARATOR = 1 };

// 42601 for what is no path, 42622 for a label too long, 54000 for too many.
int ltree_parse(struct arena *a, struct str text, struct str *out, struct err *err) MUST_CHECK;
uint32_t ltree_levels(struct str path);
// The labels from one on (from 0) up to, without, another; both within the path.
struct str ltree_slice(struct str path, uint32_t from, uint32_t to);
struct str ltree_concat(struct arena *a, struct str x, struct str y);
// Is the path above the other, or the same?
bool ltree_contains(struct str path, struct str other);

#endif

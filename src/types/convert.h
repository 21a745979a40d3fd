// Conversions of values between type families: the bodies of explicit casts. Which casts exist in which context is
// decided by sql/functions; this computes them.
#ifndef TYPES_CONVERT_H
#define TYPES_CONVERT_H

#include "types/types.h"

// Converts as CockroachDB's explicit cast does, modifiers of `to` applied with datum_fit. NULL stays NULL. 42846 when
// there is no such conversion; the faults of the target type otherwise.
int datum_convert(struct arena *a, struct type from, struct type to, const struct value_context *vc, struct datum in,
                  struct datum *out, struct err *err) MUST_CHECK;
// As above but modifiers are not applied.
int datum_convert_unfitted(struct arena *a, struct type from, struct type to, const struct value_context *vc,
                           struct datum in, struct datum *out, struct err *err) MUST_CHECK;
bool datum_convertible(struct type from, struct type to);

#endif

// DataRow messages from column vectors. The encoder of each column is chosen once per batch.
#ifndef SERVER_PGWIRE_ROWS_H
#define SERVER_PGWIRE_ROWS_H

#include "base/arena.h"
#include "base/buf.h"
#include "types/types.h"

typedef void (*value_encoder)(struct buf *out, const struct vec *column, uint32_t row, const struct value_context *vc);

struct row_encoder {
    const struct batch *batch;
    const struct value_context *vc;
    value_encoder *columns;
};

// Result formats as Bind gives them: none (text), one for all, or one each.
struct result_formats {
    const int16_t *codes;
    size_t n;
};
int16_t result_format_of(struct result_formats formats, size_t column);

void row_encoder_init(struct row_encoder *e, struct arena *a, const struct batch *batch, struct result_formats formats,
                      const struct value_context *vc);
// Appends row k (in batch order). 54000 when the row is too large for a message; `out` is then as before.
int row_encoder_append(const struct row_encoder *e, uint32_t k, struct buf *out, struct err *err) MUST_CHECK;

#endif

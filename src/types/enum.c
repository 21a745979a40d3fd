// Values of enumerated types: numbers in the order of the labels, which the type's definition has.
#include "types/types_int.h"
#include "base/map.h"

const struct type_label *type_label_of(const struct type_def *def, int64_t number)
{
    size_t low = 0, high = def != NULL ? def->n_labels : 0;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (def->labels[mid].number == number)
            return &def->labels[mid];
        if (def->labels[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct type_label *type_label_named(const struct type_def *def, struct str text)
{
    for (size_t i = 0; def != NULL && i < def->n_labels; i++) {
        if (str_eq(def->labels[i].text, text))
            return &def->labels[i];
    }
    return NULL;
}

int enum_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    const struct type_label *label = type_label_named(t.def, text);
    if (label == NULL)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input value for enum %s: \"%.*s\"",
                       type_family_name(t), STR_FMT(text));
    out->i = label->number;
    return 0;
}

void enum_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    const struct type_label *label = type_label_of(t.def, d.i);
    if (label != NULL)
        buf_str(out, label->text);
    else
        buf_printf(out, "%lld", (long long)d.i);
}

int enum_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return enum_parse_datum(a, t, bytes, NULL, out, err);
}

void enum_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    enum_print_datum(out, t, d, vc);
}

int enum_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return (a->i > b->i) - (a->i < b->i);
}

uint64_t enum_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_u64((uint64_t)d->i ^ seed);
}

// system.eventlog: the events that the catalog keeps.
#include "sql/virtual/virtual_int.h"
#include "types/json.h"

struct collector {
    struct exec_context *x;
    struct virtual_rows *rows;
};

static int event_row(void *arg, const struct cat_event *event, struct err *err)
{
    struct collector *c = arg;
    struct buf info = BUF_INIT;
    json_print(&info, event->info);
    ROW(system_eventlog);
    row[system_eventlog_timestamp] = datum_int(event->micros);
    row[system_eventlog_eventType] = datum_str(event->type);
    row[system_eventlog_targetID] = datum_int(0); // the object is a member of the event
    row[system_eventlog_reportingID] = datum_int(1);
    row[system_eventlog_info] = datum_take(c->x, &info);
    row[system_eventlog_uniqueID] = datum_str(event->unique);
    row[system_eventlog_payload] = datum_str(event->info);
    return virtual_row(c->rows, row, err);
}

GENERATOR(system_eventlog_rows)
{
    struct collector c = {x, rows};
    return cat_event_each(x->view, x->eval.arena, event_row, &c, err);
}

/* report_view.h - the report in short, for a terminal: escaped, at most some 100 columns. */
#ifndef SKITTER_CRAWLER_REPORT_VIEW_H
#define SKITTER_CRAWLER_REPORT_VIEW_H

#include "config/buf.h"
#include "storage/report.h"

void report_view(struct buf *out, const struct report *r);
void report_view_host(struct buf *out, const struct report *r, const struct report_host *h);

#endif

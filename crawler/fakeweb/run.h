/* run.h - a fake web in use: sockets, processes, signals, the numbers at the end.
 *
 * Listens on loopback only: HTTP on every address of 127.0.0.0/8 (and ::1 with ipv6),
 * DNS on 127.0.0.1. Needs no privilege for ports from 1024 on.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_RUN_H
#define SKITTER_CRAWLER_FAKEWEB_RUN_H

#include "config/err.h"
#include "crawler/fakeweb/options.h"

/* Serves until SIGINT or SIGTERM, then prints what was asked of it on stdout. A port of 0
 * becomes a free one, noted in o. */
int fake_run(struct fake_options *o, struct err *err);
/* The URL of every page there is, or of every host's home page, one a line on stdout. */
int fake_list(const struct fake_options *o, bool hosts_only, struct err *err);

#endif

/* budget.h - how much memory the machine, or its container, leaves.
 *
 * A control group (a container's --memory, MemoryMax= of a systemd unit) ends the process that goes
 * over its limit, without a word. So where --memory is not given and three quarters of the limit
 * are less than the default, they are the budget. The rest is for the process itself.
 */
#ifndef SKITTER_CRAWLER_BUDGET_H
#define SKITTER_CRAWLER_BUDGET_H

#include <stdint.h>

#include "config/settings.h"

/* The lowest memory limit of the control groups this process is in (v2: memory.max and
 * memory.high; v1: memory.limit_in_bytes), in bytes; 0 = there is none. */
uint64_t budget_limit(void);

/* Lowers set->memory where the limit asks for it; 0, or the limit it was taken from. The setting
 * still counts as not given: what is stored with the crawl is for machines to come. */
uint64_t budget_fit(struct settings *set, uint64_t limit);

/* For tests: the same below another root than "/". */
uint64_t budget_limit_at(const char *root);

#endif

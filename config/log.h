/* log.h - lines about the run, on stderr, as text or JSON.
 *
 * Contract: one call, one line, written whole by one write(2), from any thread
 * or process. Text is escaped (control bytes, invalid UTF-8, bidi controls), so
 * hostile URLs and titles may be logged as they are. log_hook lets the progress
 * display clear itself before a line appears and redraw after it.
 */
#ifndef SKITTER_CONFIG_LOG_H
#define SKITTER_CONFIG_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_open(enum log_level least, bool json);
void log_hook(void (*before)(void *), void (*after)(void *), void *arg);
bool log_enabled(enum log_level level);

void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One event with machine-readable fields. In JSON: {"time","level","event",fields...};
 * in text: the event followed by key=value. `fields` is the inside of a JSON
 * object built by the caller with text_json (may be empty), e.g. "\"pages\":12". */
void log_event(enum log_level level, const char *event, const char *fields);

#endif

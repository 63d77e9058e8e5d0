#include "config/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/clock.h"
#include "config/text.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Set once at start, before any thread. */
static enum log_level log_least = LOG_INFO;
static bool log_json;

/* The display hook is called from whichever thread logs. */
static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*hook_before)(void *);
static void (*hook_after)(void *);
static void *hook_arg;

void log_open(enum log_level least, bool json)
{
	log_least = least;
	log_json = json;
}

void log_hook(void (*before)(void *), void (*after)(void *), void *arg)
{
	pthread_mutex_lock(&hook_lock);
	hook_before = before;
	hook_after = after;
	hook_arg = arg;
	pthread_mutex_unlock(&hook_lock);
}

bool log_enabled(enum log_level level)
{
	return level >= log_least;
}

static void write_line(struct buf *line)
{
	size_t done = 0;

	buf_add_ch(line, '\n');
	pthread_mutex_lock(&hook_lock);
	if (hook_before)
		hook_before(hook_arg);
	while (done < line->len) {
		ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);
		if (n <= 0)
			break; /* nowhere left to say it */
		done += (size_t)n;
	}
	if (hook_after)
		hook_after(hook_arg);
	pthread_mutex_unlock(&hook_lock);
}

static void json_head(struct buf *line, enum log_level level)
{
	char now[32];

	clock_iso(clock_wall_ms(), now);
	buf_addf(line, "{\"time\":\"%s\",\"level\":\"%s\"", now, level_names[level]);
}

static void text_head(struct buf *line, enum log_level level)
{
	time_t secs = time(NULL);
	struct tm tm;

	localtime_r(&secs, &tm);
	buf_addf(line, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (level != LOG_INFO)
		buf_addf(line, "%s: ", level_names[level]);
}

static void log_v(enum log_level level, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT, line = BUF_INIT;

	if (!log_enabled(level))
		return;
	buf_vaddf(&text, fmt, ap);
	if (log_json) {
		json_head(&line, level);
		buf_add_str(&line, ",\"event\":\"message\",\"message\":");
		text_json(&line, text.data, text.len);
		buf_add_ch(&line, '}');
	} else {
		text_head(&line, level);
		text_terminal(&line, text.data, text.len);
	}
	write_line(&line);
	buf_release(&line);
	buf_release(&text);
}

#define LOG_FN(name, level)             \
	void name(const char *fmt, ...) \
	{                               \
		va_list ap;             \
		va_start(ap, fmt);      \
		log_v(level, fmt, ap);  \
		va_end(ap);             \
	}

LOG_FN(log_debug, LOG_DEBUG)
LOG_FN(log_info, LOG_INFO)
LOG_FN(log_warn, LOG_WARN)
LOG_FN(log_error, LOG_ERROR)

void log_event(enum log_level level, const char *event, const char *fields)
{
	struct buf line = BUF_INIT;

	if (!log_enabled(level))
		return;
	if (log_json) {
		json_head(&line, level);
		buf_addf(&line, ",\"event\":\"%s\"%s%s}", event, *fields ? "," : "", fields);
	} else {
		text_head(&line, level);
		buf_addf(&line, "%s %s", event, fields);
	}
	write_line(&line);
	buf_release(&line);
}

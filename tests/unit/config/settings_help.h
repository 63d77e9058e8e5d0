/* settings_help.h - what the settings tests share: argv from one string, YAML from memory. */
#ifndef SKITTER_TESTS_SETTINGS_HELP_H
#define SKITTER_TESTS_SETTINGS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"

/* Parses `words` (split at single spaces, "|" stands for a space inside a word). */
static inline int parse_words(
	struct settings *s, const char *command, const char *words, struct err *err)
{
	char *copy = strdup(words), *argv[64] = {copy}, *save = NULL;
	int argc = 1, rc;

	for (char *w = strtok_r(copy, " ", &save); w && argc < 63; w = strtok_r(NULL, " ", &save)) {
		for (char *p = w; *p; p++)
			if (*p == '|')
				*p = ' ';
		argv[argc++] = w;
	}
	argv[0] = (char *)(uintptr_t)command;
	rc = settings_parse_args(s, argc, argv, command, err);
	free(copy);
	return rc;
}

/* A file of the given text; unlink and free its name. */
static inline char *temp_file(const void *text, size_t len)
{
	char *path = strdup("/tmp/skitter-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	return path;
}

static inline int load_text(struct settings *s, const char *text, size_t len, struct err *err)
{
	char *path = temp_file(text, len);
	int rc = settings_load_yaml(s, path, err);

	unlink(path);
	if (rc < 0) { /* the name differs from run to run */
		size_t n = strlen(path);
		if (!strncmp(err->text, path, n)) {
			memmove(err->text + 1, err->text + n, strlen(err->text + n) + 1);
			err->text[0] = 'F';
		}
	}
	free(path);
	return rc;
}

#endif

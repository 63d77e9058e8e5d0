/* conf_html.h - the pieces of conf_html, one file each. */
#ifndef SKITTER_TESTS_CONF_HTML_H
#define SKITTER_TESTS_CONF_HTML_H

#include "tests/conformance/conf.h"

struct conf_set {
	struct conf *conf;
	const char *name;
	int passed, total;
};

/* Counts a case; a wrong one goes to the misses with its description. */
void conf_html_count(struct conf_set *set, int lineno, bool ok, const char *what);

/* One file in html5lib tokenizer format. */
void conf_html_tokens(struct conf *c, const char *name, const char *relpath);

/* One file of documents and their links. */
void conf_html_links(struct conf *c, const char *name, const char *relpath);

#endif

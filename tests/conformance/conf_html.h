/* conf_html.h - the pieces of conf_html, one file each. */
#ifndef SKITTER_TESTS_CONF_HTML_H
#define SKITTER_TESTS_CONF_HTML_H

#include "tests/conformance/conf.h"

/* One file in html5lib tokenizer format. */
void conf_html_tokens(struct conf *c, const char *name, const char *relpath);

#endif

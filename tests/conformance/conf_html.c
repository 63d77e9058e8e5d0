#include "tests/conformance/conf_html.h"

void conf_html(struct conf *c)
{
	conf_html_tokens(c, "tokenizer", "html/tokenizer.jsonl");
	conf_html_tokens(c, "entities", "html/tokenizer-entities.jsonl");
}

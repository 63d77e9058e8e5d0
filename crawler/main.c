/* main.c - one binary: the commands, and the roles it starts itself in. */
#include "crawler/cmd.h"
#include "crawler/parse.h"
#include "workers/proc.h"

static const struct role roles[] = {
	{"parser", parser_main},
};

int main(int argc, char **argv)
{
	struct err err = {0};
	int status = role_main(argc, argv, roles, sizeof(roles) / sizeof(roles[0]));

	if (status >= 0)
		return status;
	/* Before anything can replace the file: children start from this very binary. */
	if (proc_self_open(&err) < 0)
		return cmd_fail(&err);
	return cmd_dispatch(argc, argv);
}

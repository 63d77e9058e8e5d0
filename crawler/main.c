/* main.c - one binary: the commands, and the roles it starts itself in. */
#include <signal.h>
#include <unistd.h>

#include "crawler/cmd.h"
#include "crawler/parse.h"
#include "workers/proc.h"

static const struct role roles[] = {
	{"parser", parser_main},
};

static void end_now(int sig)
{
	_exit(128 + sig);
}

/* In a container we are process 1, which the kernel spares every signal it has no handler for:
 * without this, `docker stop` would wait in vain for a command that does not stop cleanly by
 * itself, as a crawl does. */
static void take_signals(void)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction sa = {.sa_handler = end_now};

	for (size_t i = 0; getpid() == 1 && i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &sa, NULL);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int status = role_main(argc, argv, roles, sizeof(roles) / sizeof(roles[0]));

	if (status >= 0)
		return status;
	take_signals();
	/* Before anything can replace the file: children start from this very binary. */
	if (proc_self_open(&err) < 0)
		return cmd_fail(&err);
	return cmd_dispatch(argc, argv);
}

/* dns_hosts.c - the hosts file (hosts(5)), which libevent's resolver does not read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/dns_private.h"
#include "crawler/guard.h"

static void add(struct map *m, char *name, const char *address)
{
	char **place, *old;
	struct buf both = BUF_INIT;

	for (char *c = name; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	place = (char **)map_put(m, name, strlen(name));
	old = *place;
	if (old)
		buf_addf(&both, "%s,", old);
	buf_add_str(&both, address);
	free(old);
	*place = buf_take(&both);
}

void dns_hosts_load(struct map *m, const char *path)
{
	FILE *f = fopen(path, "re");
	struct sockaddr_storage sa;
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return;
	while (getline(&line, &cap, f) >= 0) {
		char *save = NULL, *address, *name;
		line[strcspn(line, "#\r\n")] = '\0';
		address = strtok_r(line, " \t", &save);
		if (!address || !guard_parse(address, 0, &sa))
			continue;
		while ((name = strtok_r(NULL, " \t", &save)))
			add(m, name, address);
	}
	free(line);
	fclose(f);
}

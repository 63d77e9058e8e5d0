/* fixture.h - the options the tests begin with. */
#ifndef TEST_FAKEWEB_FIXTURE_H
#define TEST_FAKEWEB_FIXTURE_H

#include "crawler/fakeweb/options.h"

static inline struct fake_options usual(void)
{
	return (struct fake_options){.seed = 1,
		.pages = 3000,
		.hosts = 40,
		.spread = 0.8,
		.links = 10,
		.cross = 0.1,
		.size = 8192,
		.zone = "fake.test",
		.port = 8080,
		.ttl = 3600,
		.robots = true,
		.slow_delay = 5,
		.limit_interval = 1,
		.workers = 1};
}

#endif

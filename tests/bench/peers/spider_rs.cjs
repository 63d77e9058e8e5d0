// spider_rs.cjs SEED... - spider-rs by its native binding: follows every link of a host, stores nothing.
"use strict";
const { Website } = require("@spider-rs/spider-rs");

async function main() {
	for (const seed of process.argv.slice(2)) {
		const site = new Website(seed).withRespectRobotsTxt(false).withDelay(0).build();
		await site.crawl();
		console.log(seed, site.size, site.status);
	}
}
main();

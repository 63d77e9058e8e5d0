// node_crawler.cjs OUT SEED... - node-crawler with cheerio: follows the links of its hosts, keeps URL and title.
"use strict";
const fs = require("node:fs");
const loaded = require("crawler");
const Crawler = loaded.default || loaded;

const [out, ...seeds] = process.argv.slice(2);
const hosts = new Set(seeds.map((s) => new URL(s).host));
const seen = new Set(seeds);
const rows = fs.createWriteStream(`${out}/pages.jsonl`);

function follow(crawler, href, base) {
	let url;
	try {
		url = new URL(href, base);
	} catch {
		return;
	}
	url.hash = "";
	if (!hosts.has(url.host) || seen.has(url.href)) return;
	seen.add(url.href);
	crawler.add(url.href);
}

const crawler = new Crawler({
	maxConnections: 32,
	rateLimit: 0,
	retries: 0,
	silence: true,
	callback(error, res, done) {
		const url = res && res.options && res.options.url;
		if (!error && res.$ && String(res.headers["content-type"]).startsWith("text/html")) {
			const $ = res.$;
			rows.write(JSON.stringify({ url, title: $("title").text() }) + "\n");
			$("a[href], area[href], frame[src], iframe[src]").each((_, e) => {
				follow(crawler, e.attribs.href || e.attribs.src, url);
			});
		}
		done();
	},
});
crawler.on("drain", () => rows.end());
crawler.add(seeds);

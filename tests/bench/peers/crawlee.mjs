// crawlee.mjs OUT SEED... - Crawlee's CheerioCrawler: follows the links of its hosts, keeps URL and title.
import fs from "node:fs";
import { CheerioCrawler, Configuration, log, LogLevel } from "@crawlee/cheerio";

const [out, ...seeds] = process.argv.slice(2);
const rows = fs.createWriteStream(`${out}/pages.jsonl`);
log.setLevel(LogLevel.ERROR);

const crawler = new CheerioCrawler(
	{
		minConcurrency: 32,
		maxConcurrency: 64,
		maxRequestRetries: 0,
		useSessionPool: false,
		async requestHandler({ request, $, enqueueLinks }) {
			rows.write(JSON.stringify({ url: request.loadedUrl, title: $("title").text() }) + "\n");
			await enqueueLinks({ strategy: "same-hostname", selector: "a, area" });
		},
	},
	new Configuration({ persistStorage: false, purgeOnStart: false, availableMemoryRatio: 0.9 }),
);
await crawler.run(seeds);
rows.end();

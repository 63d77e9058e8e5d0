"""scrapy_peer.py OUT SEED... - a Scrapy spider: follows the links of its hosts, keeps URL and title."""
import sys
import urllib.parse

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor

OUT, SEEDS = sys.argv[1], sys.argv[2:]


class Site(scrapy.Spider):
    name = "site"
    start_urls = SEEDS
    hosts = {urllib.parse.urlsplit(s).netloc for s in SEEDS}
    links = LinkExtractor(tags=("a", "area", "frame", "iframe"), attrs=("href", "src"))

    def parse(self, response):
        if not isinstance(response, scrapy.http.HtmlResponse):
            return
        yield {"url": response.url, "title": response.css("title::text").get()}
        for link in self.links.extract_links(response):
            if urllib.parse.urlsplit(link.url).netloc in self.hosts:
                yield scrapy.Request(link.url)


crawler = CrawlerProcess({
    "CONCURRENT_REQUESTS": 32,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 32,
    "CONCURRENT_REQUESTS_PER_IP": 0,
    "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False,
    "COOKIES_ENABLED": False,
    "RETRY_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_ENABLED": False,
    "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.DownloaderAwarePriorityQueue",
    "FEEDS": {f"{OUT}/pages.jsonl": {"format": "jsonlines"}},
})
crawler.crawl(Site)
crawler.start()

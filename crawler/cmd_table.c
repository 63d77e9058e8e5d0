/* cmd_table.c - the commands: what each is for, and how it is called. */
#include "crawler/cmd.h"

#include "config/mem.h"

const struct command cmd_table[] = {
	{.name = "crawl",
		.fn = cmd_crawl,
		.help = "crawl from one or more seeds into one SQLite file",
		.usage = "crawl [OPTIONS] URL...   or   skitter crawl -c FILE.yaml",
		.text = "Results go to HOST.db beside you, or to -o FILE. An output that holds an\n"
			"unfinished crawl of the same seeds is resumed. Ctrl-C finishes what is "
			"in\n"
			"flight and says how to go on; a second Ctrl-C stops at once.\n",
		.settings = true,
		.examples = "  skitter crawl example.com\n"
			    "  skitter crawl -o docs.db --scope prefix https://example.com/docs/\n"
			    "  skitter crawl --depth 2 --max-pages 1000 --exclude '[?&]print=' "
			    "example.com\n"
			    "  skitter crawl -c site.yaml --concurrency 16\n"},
	{.name = "resume",
		.fn = cmd_resume,
		.help = "go on with a stopped or killed crawl exactly where it was",
		.usage = "resume [OPTIONS] FILE.db",
		.text = "The settings are those of the crawl; options given here win and are "
			"recorded.\n"
			"Secrets (--user, --proxy passwords, secret headers) are never stored: "
			"give them\n"
			"again.\n"
			"\n"
			"      --retry-failed   queue failed URLs again: those without an answer, "
			"and "
			"answers\n"
			"                       that may be others now (408, 425, 429, 5xx). Words "
			"behind it\n"
			"                       choose: error words, statuses, classes, as in "
			"timeout,dns,404,4xx,\n"
			"                       or all\n"
			"\n"
			"Each is tried as often as --retries says; what it was before stays in the "
			"file "
			"as an\n"
			"earlier attempt, which `why` shows.\n",
		.settings = true,
		.examples = "  skitter resume example.com.db\n"
			    "  skitter resume --max-pages 20000 example.com.db\n"
			    "  skitter resume example.com.db --retry-failed\n"
			    "  skitter resume example.com.db --retry-failed timeout,503\n"},
	{.name = "plan",
		.fn = cmd_plan,
		.help = "what a crawl would do: scope, robots.txt, sitemaps, limits; no page is "
			"fetched",
		.usage = "plan [OPTIONS] URL... [--json]   or   skitter plan -c FILE.yaml",
		.text = "Takes what crawl takes. Only robots.txt and the sitemaps it names are "
			"fetched "
			"(with\n"
			"--sitemaps also /sitemap.xml), as politely as by a crawl, and nothing is "
			"kept.\n"
			"\n"
			"      --json   one JSON object\n"
			"\n"
			"The estimate counts what the sitemaps list and scope, robots.txt and "
			"limits let "
			"through; a\n"
			"crawl finds more where pages link to what no sitemap names. Its time is "
			"that of the "
			"host\n"
			"that takes longest at its delay; bytes are counted as 30 kB a page. Exit "
			"status: 5 "
			"if no\n"
			"seed may be fetched or its host does not answer.\n",
		.settings = true,
		.examples =
			"  skitter plan example.com\n"
			"  skitter plan --scope prefix --max-pages 1000 https://example.com/docs/\n"
			"  skitter plan -c site.yaml --json\n"},
	{.name = "batch",
		.fn = cmd_batch,
		.help = "several crawls from one file, with exports and hooks",
		.usage = "batch FILE.yaml [--only NAME,...] [--parallel N] [--dry-run]",
		.text = "The file has `defaults:` and `jobs:`, a map of named jobs: any key of a "
			"config file,\n"
			"`seeds` or `seeds_file`, `output` with {job} and dates (%Y-%m-%d), "
			"`exports`, `report`,\n"
			"`on_success` and `on_failure`. Run again, it finishes what is unfinished "
			"and leaves\n"
			"alone what is done. Jobs on the same host take turns. Each job writes "
			"NAME.log\n"
			"beside its NAME.db.\n"
			"\n"
			"      --only NAME,...   these jobs; repeatable\n"
			"  -j, --parallel N      jobs at the same time, a process each [1]\n"
			"  -k, --keep-going      a failed job does not keep the next from "
			"starting\n"
			"  -n, --dry-run         check everything, say what would be done\n"
			"      --again           jobs that are done too: their output is replaced\n"
			"      --date DATE       for %Y-%m-%d in names: 2026-01-31 or "
			"2026-01-31T18:30:00 [now]\n"
			"      --progress WORD   auto (a live table on a terminal), always or "
			"never\n"
			"      --log-format WORD text or json (one event per line)\n"
			"  -q, --quiet           warnings and errors only\n"
			"\n"
			"Exit status: 0 if all jobs succeeded, 3 if it was stopped and can go on, "
			"otherwise\n"
			"that of the worst job: the first of 1 (internal error, or a hook failed), "
			"4 (storage),\n"
			"2 (config), 5 (no seed fetched), 3 (stopped) that occurred.\n",
		.examples = "  skitter batch sites.yaml --dry-run\n"
			    "  skitter batch sites.yaml --parallel 4 --keep-going\n"
			    "  skitter batch sites.yaml --only docs,blog --again\n"},
	{.name = "status",
		.fn = cmd_status,
		.help = "counts, rates, hosts, and what is in flight",
		.usage = "status FILE.db [--json] [--watch]",
		.text = "Works while the crawl runs.\n"
			"\n"
			"      --json   one JSON object\n"
			"  -w, --watch  again every second while the crawl runs\n",
		.examples = "  skitter status example.com.db\n"
			    "  skitter status example.com.db --json\n"},
	{.name = "why",
		.fn = cmd_why,
		.help = "the verdict on any URL: fetched or not, by which rule, found where",
		.usage = "why FILE.db URL [--json]",
		.text = "For a URL that no page links to it says what scope and robots.txt would "
			"do.\n",
		.examples = "  skitter why example.com.db https://example.com/private/\n"},
	{.name = "cat",
		.fn = cmd_cat,
		.help = "one stored page",
		.usage = "cat FILE.db URL [--head|--raw|--text]",
		.text = "The body, with the server's compression undone (in a sandboxed process).\n"
			"\n"
			"      --head  request and response headers\n"
			"      --raw   the body as it came over the wire\n"
			"      --text  the main text, without markup\n"
			"\n"
			"On a terminal the text is shown as UTF-8 with control characters "
			"escaped;\n"
			"redirected it is written byte for byte.\n",
		.examples = "  skitter cat example.com.db https://example.com/ > index.html\n"
			    "  skitter cat example.com.db https://example.com/ --text | wc -w\n"},
	{.name = "sql",
		.fn = cmd_sql,
		.help = "ask a crawl anything in SQL; read-only",
		.usage = "sql FILE.db [QUERY|-] [--format table|csv|json]",
		.text = "Views: pages, links, frontier, excluded, hosts, bodies. Functions: "
			"inflate(body,\n"
			"encoding), url_scheme, url_host, url_port, url_path, url_query,\n"
			"url_registrable, and REGEXP. - reads the query from standard input; "
			"without a\n"
			"query a terminal gets a prompt.\n",
		.examples = "  skitter sql example.com.db \"select status, count(*) from pages "
			    "group by 1\"\n"
			    "  skitter sql example.com.db --format csv \"select url, title from "
			    "pages\" > pages.csv\n"},
	{.name = "search",
		.fn = cmd_search,
		.help = "full-text search over titles, headings and text",
		.usage = "search FILE.db [WORDS...] [--host HOST] [--lang LANG] [--limit N] "
			 "[--json|--csv]",
		.text = "The best pages first: words in the title count most, then those in "
			"headings. Works\n"
			"while the crawl runs. The first search builds an index, later ones only "
			"add what is\n"
			"new; without WORDS it is built and nothing else.\n"
			"\n"
			"  water spider       both words, anywhere on the page\n"
			"  '\"water spider\"'   the phrase, as it stands\n"
			"  water OR spider    either; AND, OR, NOT in capitals, (groups)\n"
			"  water NOT spider   the first without the second\n"
			"  'spid*'            words that begin so\n"
			"  title:spider       only in titles; also headings: and text:\n"
			"\n"
			"Chinese, Japanese, Korean and Thai words are found inside a run of text, "
			"from one\n"
			"character on. Case and accents do not matter.\n"
			"\n"
			"      --host HOST  pages of this host; repeatable\n"
			"  -l, --lang LANG  pages in this language: en also finds en-GB\n"
			"  -n, --limit N    at most N pages [10]\n"
			"      --offset N   without the first N\n"
			"      --json       one JSON object; in ..._parts every second piece is "
			"what "
			"was found\n"
			"      --csv        a table for spreadsheets\n"
			"      --rebuild    build the index anew\n"
			"\n"
			"The index goes into FILE.db itself; while a crawl writes that, and where "
			"it may only be\n"
			"read, into FILE.db.search. Pages that say noindex are left out, unless "
			"the crawl had\n"
			"--ignore-robots.\n",
		.examples = "  skitter search example.com.db water spider\n"
			    "  skitter search example.com.db '\"orb web\" OR silk' --lang en\n"
			    "  skitter search example.com.db 東京 --json | jq -r "
			    "'.pages[].url'\n"},
	{.name = "export",
		.fn = cmd_export,
		.help = "pages as JSON lines, CSV, URLs, sitemaps, or files to browse",
		.usage = "export FILE.db [PATTERN...] [--format jsonl|csv|urls|sitemap|files] "
			 "[-o FILE|DIR] [--query SQL]",
		.text = "PATTERN selects pages by URL; `*` is any text, `?` any character. One "
			"that "
			"begins with\n"
			"/ is about the path, one without a scheme about the rest: "
			"'example.com/docs/*',\n"
			"'/blog/*', '*.pdf', or only a host.\n"
			"\n"
			"  -f, --format jsonl|csv|urls|sitemap|files   jsonl if not given\n"
			"  -o, --output FILE|DIR   instead of standard output; it has its name "
			"only "
			"when it is\n"
			"                      complete. Files go to NAME-files if not given\n"
			"      --force         replace an output that is there; a folder only if "
			"export wrote it\n"
			"  -q, --query SQL     an SQL condition over the columns of pages, or a "
			"SELECT; "
			"of that\n"
			"                      jsonl and csv write the rows, the others take the "
			"column "
			"url\n"
			"      --raw-cells     csv: leave cells as they are. Otherwise one that "
			"begins "
			"with\n"
			"                      = + - @, a tab or a carriage return gets a ' in "
			"front, "
			"for a\n"
			"                      spreadsheet would run it\n"
			"      --base-url URL  sitemap: where the files are going to lie, for "
			"their index; "
			"the\n"
			"                      root of the site if not given\n"
			"\n"
			"A sitemap names the HTML pages that were answered with 200, are not "
			"marked noindex, "
			"and\n"
			"have no canonical link to another URL; lastmod is the server's "
			"Last-Modified. "
			"More than\n"
			"50,000 URLs, 50 MB or one site become FILE-1.xml, FILE-2.xml, ... and "
			"FILE.xml "
			"their\n"
			"index.\n"
			"\n"
			"Files are the bodies that were answered with 200, without the server's "
			"compression, as\n"
			"DIR/HOST/PATH. Pages and style sheets are in UTF-8, and their links lead "
			"to the "
			"files;\n"
			"links to what is not among them, forms and canonical links lead to the "
			"site. "
			"Scripts\n"
			"are left as they are: look at pages you do not trust without scripts. "
			"Names hold "
			"nothing\n"
			"that a system could misread: what is not safe stays %XX, an extension for "
			"the type "
			"is\n"
			"added, what clashes (also where case does not count) gets ~ and a hash.\n",
		.examples = "  skitter export example.com.db --format urls --query 'status = 404'\n"
			    "  skitter export example.com.db --format csv -o pages.csv\n"
			    "  skitter export example.com.db '/blog/*' > blog.jsonl\n"
			    "  skitter export example.com.db --format sitemap -o sitemap.xml\n"
			    "  skitter export example.com.db --format files -o copy\n"},
	{.name = "report",
		.fn = cmd_report,
		.help = "broken links, redirects, duplicates, slow pages, politeness",
		.usage =
			"report FILE.db [-o FILE.html] [--json] [--rows N] [--host NAME] [--force]",
		.text = "Without -o, in short on the terminal. With -o, one HTML file that works "
			"offline:\n"
			"charts, and every list with the pages that link there. Works while the "
			"crawl runs.\n"
			"\n"
			"  -o, --output FILE   write HTML (with --json, JSON) there; - is standard "
			"output\n"
			"      --json          the numbers and lists as one JSON object\n"
			"  -n, --rows N        rows of each list [200]\n"
			"      --host NAME     only how this host was treated: a page for its "
			"owner\n"
			"      --force         replace an output that is there\n"
			"\n"
			"Dead means that the server says so (404, 410). What was refused, "
			"rate-limited or\n"
			"failing at the time is told apart. Sorting needs room for temporary "
			"files, in\n"
			"$SQLITE_TMPDIR, $TMPDIR, /var/tmp or /tmp.\n",
		.examples = "  skitter report example.com.db\n"
			    "  skitter report example.com.db -o report.html\n"
			    "  skitter report example.com.db --json --rows 10000 > report.json\n"
			    "  skitter report example.com.db --host example.com -o "
			    "for-the-owner.html\n"},
	{.name = "verify",
		.fn = cmd_verify,
		.help = "check every stored body against its digest, every count against its rows",
		.usage = "verify FILE.db [--json]",
		.text = "Runs SQLite's integrity check, holds the rows of all tables against each "
			"other and\n"
			"every count against its rows, and compares each body with its SHA-256 as "
			"received and\n"
			"as decoded (in sandboxed processes, one per core). Nothing is written. "
			"Works while\n"
			"the crawl runs, on what it has stored so far.\n"
			"\n"
			"      --json   one JSON object\n"
			"\n"
			"Exit status: 0 if all is as it was stored, 4 if anything is not: each "
			"problem is a\n"
			"line that names its URL.\n",
		.examples = "  skitter verify example.com.db\n"
			    "  skitter verify example.com.db --json | jq .problems\n"},
	{.name = "robots",
		.fn = cmd_robots,
		.help = "what a robots.txt allows, and which line says so",
		.usage = "robots URL|FILE [--agent NAME] [--test URL]...",
		.text = "Reads the robots.txt of a site, a local file, or - (standard input) by "
			"RFC 9309.\n"
			"\n"
			"  -a, --agent NAME    ask for this product name [skitter]\n"
			"  -t, --test URL      may it be fetched? repeatable; a path will do\n"
			"      --contact TEXT  named in the User-Agent of the request\n"
			"      --ca-file FILE  trust the certificates in FILE (PEM) and no others\n"
			"      --insecure      accept certificates that do not verify\n",
		.examples =
			"  skitter robots https://example.com/ --test /private/page.html\n"
			"  skitter robots robots.txt --agent mybot --test https://example.com/a\n"},
	{.name = "bench-web",
		.fn = cmd_bench_web,
		.help = "serve a made-up web of any size, for measuring crawlers",
		.usage = "bench-web [OPTIONS]",
		.text = "A web is made up as it is asked for: hosts h0, h1, ... of --zone with "
			"pages that link to\n"
			"each other as real ones do, the same for the same options. Every page is "
			"reached from\n"
			"the home page of h0. Made for measuring crawlers, this one or any other: "
			"it costs less\n"
			"than serving files, and tells at the end what was asked of it, how often "
			"and how\n"
			"politely. Loopback only; names are answered by its own DNS server. A "
			"SHARE is a part\n"
			"of all links, hosts or pages: 0.1 or 10%.\n"
			"\n"
			"      --seed N            another number, another web [1]\n"
			"      --pages N           how many there are [100000]\n"
			"      --hosts N           they are spread over [100]\n"
			"      --spread X          0: hosts of equal size; more: ever more unequal "
			"[0.8]\n"
			"      --links N           mean of links in a page's text, beside "
			"navigation [20]\n"
			"      --cross SHARE       of these lead to another host [0.1]\n"
			"      --missing SHARE     of these lead nowhere: 404 [0]\n"
			"      --fanout N          pages first linked from one page [8 to 24, by "
			"host]\n"
			"      --size SIZE         median of a page's text; sizes are log-normal "
			"[12KiB]\n"
			"      --zone DOMAIN       what host names end in [fake.test]\n"
			"      --no-robots         no robots.txt, no sitemaps\n"
			"      --crawl-delay TIME  in robots.txt\n"
			"      --traps WORD,...    endless: calendar, session, path, facets, or "
			"all\n"
			"\n"
			"      --port N            HTTP, on all of 127.0.0.0/8; 0: a free one "
			"[8080]\n"
			"      --dns-port N        DNS on 127.0.0.1, UDP and TCP; 0: a free one "
			"[5300]\n"
			"      --no-dns            no DNS server\n"
			"      --ips N             addresses the hosts share: 127.1.0.1 and up "
			"[one each]\n"
			"      --aaaa              names have the address ::1, too\n"
			"      --ttl N             of DNS answers, in seconds [3600]\n"
			"      --truncate          DNS over UDP answers with nothing but: ask by "
			"TCP\n"
			"      --gzip              compressed for those who accept it\n"
			"      --workers N         processes that serve [1]\n"
			"      --page-delay TIME   before every answer\n"
			"\n"
			"      --slow-hosts SHARE  take --slow-delay to answer\n"
			"      --slow-delay TIME   how long that is [5]\n"
			"      --limited-hosts SHARE\n"
			"                          answer 429 and Retry-After when asked again "
			"within\n"
			"                          --limit-interval\n"
			"      --limit-interval TIME\n"
			"                          how long that is [1]\n"
			"      --dead-hosts SHARE  reset every connection\n"
			"      --unknown-hosts SHARE\n"
			"                          are linked, but have no address\n"
			"      --errors SHARE      pages with 500, 502 or 503, always\n"
			"      --flaky SHARE       pages with 503 the first time\n"
			"      --resets SHARE      pages that are a reset\n"
			"      --cuts SHARE        pages that end in the middle\n"
			"\n"
			"      --list hosts|urls   prints every home page or every page, and ends\n"
			"      --log FILE          a line per request\n"
			"      --stats FILE        the numbers of the end as JSON, with each "
			"host's\n"
			"      --judge-delay TIME  count requests that come sooner than this after "
			"the last on\n"
			"                          their host\n",
		.examples = "  skitter bench-web --pages 1000000 --hosts 5000\n"
			    "  skitter crawl --dns 127.0.0.1:5300 --allow-private --scope any "
			    "http://h0.fake.test:8080/\n"
			    "  skitter bench-web --pages 2000 --hosts 20 --list urls > urls.txt\n"},
	{.name = "config",
		.fn = cmd_config,
		.help = "check a config file, show what settings result, or print an example",
		.usage = "config check|show|example [FILE.yaml] [OPTIONS]",
		.text = "check FILE      says what is wrong, with line and column\n"
			"show [FILE]     every setting, its value and where it came from; takes "
			"the\n"
			"                options of crawl too\n"
			"example         a commented file with every key\n",
		.examples = "  skitter config example > site.yaml\n"
			    "  skitter config check site.yaml\n"
			    "  skitter config show site.yaml --per-host 4\n"},
	{.name = "completion",
		.fn = cmd_completion,
		.help = "what your shell needs to complete commands and options",
		.usage = "completion bash|zsh|fish",
		.text = "Prints a script for the shell. `make install` puts all three in place.\n",
		.examples =
			"  source <(skitter completion bash)      # in ~/.bashrc\n"
			"  source <(skitter completion zsh)       # in ~/.zshrc, after compinit\n"
			"  skitter completion fish | source       # in config.fish\n"},
	{.name = "help",
		.fn = cmd_help,
		.help = "this page, or all about one command or option",
		.usage = "help [COMMAND|--OPTION]",
		.text = "      --man PAGE  the manual page of a command, or skitter, or "
			"skitter.yaml (the "
			"config\n"
			"                  file), as man(7) source; --man list names all\n",
		.examples = "  skitter help crawl\n"
			    "  skitter help --delay\n"
			    "  skitter help --man crawl | man -l -\n"},
	{.name = "version",
		.fn = cmd_version,
		.help = "the version, and those of the libraries",
		.usage = "version"},
};

const size_t cmd_count = MEM_COUNT(cmd_table);

-- schema.sql - what a crawl looks like on disk (user_version 2).
--
-- The tables are skitter's own and may change; the views below are public (README).
-- Tables are appended to in the order things happened. Nothing is unique but row ids:
-- that no URL is known twice is the seen set's business, in memory, which is what makes
-- an insert cost microseconds at any size.
--
-- Times are Unix milliseconds (_ms) or durations in microseconds (_us); NULL = did not happen.

create table meta (
	key text primary key,
	value text
) without rowid;

create table host (
	id integer primary key,
	name text not null,       -- authority: host, and port if not the scheme's own
	origin text,              -- scheme://authority
	ip text,
	state text,
	crawl_delay real,         -- seconds, from robots.txt
	delay_ms real,            -- the governor's present delay
	pages integer,
	errors integer,
	bytes integer,
	robots_excluded integer,
	last_fetched_ms integer,
	not_before_ms integer,
	backoff integer
);

create table robots_txt (
	origin text primary key,  -- scheme://authority
	fetched_ms integer,
	status integer,
	verdict text,
	text blob
);

-- A row is durable only together with, or after, the fetch of its referrer.
create table url (
	id integer primary key,   -- in order of discovery
	url text not null,
	host_id integer,
	depth integer,
	hops integer,             -- redirects since origin
	kind integer,             -- enum facts_kind that found it
	referrer integer,         -- url.id, NULL for seeds
	origin integer            -- url.id of the first URL of a redirect chain
);

-- Every fetch of every URL. state: 2 = newest and final, 1 = newest, to be tried again,
-- 0 = followed by a newer one.
create table fetch (
	id integer primary key,
	url_id integer not null,
	state integer not null,
	attempt integer not null,
	status integer not null,
	error text,
	content_type text,
	charset text,
	lang text,
	title text,
	description text,
	canonical text,
	size integer,
	wire_size integer,
	truncated text,
	fetched_ms integer,
	not_before_ms integer,
	dns_us integer,
	connect_us integer,
	tls_us integer,
	wait_us integer,
	ttfb_us integer,
	total_us integer,
	parse_us integer,
	http_version text,
	ip text,
	redirect text,
	robots text,
	words integer,
	flags integer,            -- enum facts_flags
	digest blob,              -- SHA-256 of the decoded body
	wire_digest blob          -- of the body as received; NULL = the same
);
-- Wide enough to answer the counts, and what a resume asks, without touching the rows; not
-- wider, since it is there for every URL (sums of bytes are in meta).
create index fetch_url on fetch (url_id, state, status, error);

-- One JSON array per page: [[target, kind, text, rel], ...], empty ends left out; a target
-- that begins with / is on the origin of the page.
create table link_pack (
	id integer primary key,   -- fetch.id
	links text not null
);

create table content (
	id integer primary key,   -- fetch.id
	request_head text,
	response_head text,
	headings text,
	text blob,                -- text as it is; blob by zstd or (from version 2 on) pieces of body
	packed integer,           -- 1 = the body is an identity body that we compressed by zstd
	coding text,              -- the server's coding still on the body
	body blob
);

create table refused (
	id integer primary key,
	url text not null,
	host_id integer,
	reason text not null,
	rule text,
	referrer integer,
	key integer,              -- fingerprint of the seen set
	url_id integer            -- not NULL: it was queued first, and has a row in url
);

-- Refusals beyond the rows kept per host and rule: counted, and known by fingerprint.
create table refused_more (
	id integer primary key,
	host_id integer,
	reason text not null,
	rule text,
	n integer not null,
	keys blob not null        -- n times 8 bytes, little-endian
);

-- URLs that were queued and then refused: done without a fetch.
create table settled (
	url_id integer primary key
);

-- Fingerprints of URLs that were refused for depth or scope and later found by a shorter way, or
-- when a seed had led there: their earlier refusal does not count any more.
create table readmitted (
	key integer primary key
);

-- URLs found when the memory for known URLs was used up, in the order they were found. Nobody
-- remembers them, so they may be here more than once; a resume with more memory takes them from here.
create table if not exists beyond (
	id integer primary key,
	url text not null,
	depth integer,
	hops integer,
	kind integer,
	referrer integer,
	origin integer,
	flags integer             -- 1: on the way of a seed, 2: a sitemap or feed is expected
);

-- What the crawl is at right now; replaced every few moments.
create table live (
	url_id integer primary key,
	state text not null       -- in flight, deferred
);

create view pages as
select u.url as url,
	coalesce(h.name, substr(u.url, instr(u.url, '//') + 2,
		instr(substr(u.url, instr(u.url, '//') + 2) || '/', '/') - 1)) as host,
	f.status as status, f.error as error, f.content_type as content_type,
	f.charset as charset, f.lang as lang, f.title as title, f.description as description,
	f.canonical as canonical, u.depth as depth, f.size as size, f.wire_size as wire_size,
	f.truncated as truncated,
	strftime('%Y-%m-%dT%H:%M:%fZ', f.fetched_ms / 1000.0, 'unixepoch') as fetched_at,
	f.ttfb_us / 1000.0 as ttfb_ms, f.total_us / 1000.0 as total_ms,
	f.attempt as attempts, f.http_version as http_version, f.ip as ip,
	f.redirect as redirect, nullif(lower(hex(f.digest)), '') as digest,
	nullif(lower(hex(coalesce(f.wire_digest, f.digest))), '') as wire_digest,
	f.robots as robots, r.url as referrer
from fetch f
left join url u on u.id = f.url_id
left join host h on h.id = u.host_id
left join url r on r.id = u.referrer
where f.state > 0;

create view links as
select u.url as source,
	case when substr(json_extract(j.value, '$[0]'), 1, 1) = '/'
		then substr(u.url, 1, instr(substr(u.url, 9), '/') + 7) else '' end
		|| json_extract(j.value, '$[0]') as target,
	json_extract(j.value, '$[1]') as kind,
	json_extract(j.value, '$[3]') as rel,
	json_extract(j.value, '$[2]') as text
from link_pack p
join fetch f on f.id = p.id and f.state > 0
join url u on u.id = f.url_id
join json_each(p.links) j;

create view frontier as
select u.url as url,
	coalesce(h.name, substr(u.url, instr(u.url, '//') + 2,
		instr(substr(u.url, instr(u.url, '//') + 2) || '/', '/') - 1)) as host,
	u.depth as depth,
	coalesce(l.state, case when exists (select 1 from fetch g where g.url_id = u.id and
		g.state = 1) then 'deferred' else 'queued' end) as state,
	r.url as referrer
from url u
left join live l on l.url_id = u.id
left join host h on h.id = u.host_id
left join url r on r.id = u.referrer
where not exists (select 1 from fetch f where f.url_id = u.id and f.state = 2)
	and not exists (select 1 from settled s where s.url_id = u.id);

create view excluded as
select x.url as url, x.reason as reason, x.rule as rule, r.url as referrer
from refused x
left join url r on r.id = x.referrer
where x.url_id is not null or not exists (select 1 from readmitted m where m.key = x.key);

create view hosts as
select h.name as host, h.ip as ip, h.state as state,
	(select group_concat(distinct t.verdict) from robots_txt t
		where t.origin in ('https://' || h.name, 'http://' || h.name)) as robots,
	h.crawl_delay as crawl_delay, h.pages as pages, h.errors as errors, h.bytes as bytes,
	strftime('%Y-%m-%dT%H:%M:%fZ', h.last_fetched_ms / 1000.0, 'unixepoch') as last_fetched_at
from host h;

create view bodies as
select u.url as url, c.request_head as request_head, c.response_head as response_head,
	c.body as body,
	case when c.body is null then null when c.packed then 'zstd' else c.coding end as encoding
from fetch f
join url u on u.id = f.url_id
join content c on c.id = f.id
where f.state > 0;

#!/bin/sh
# demo.sh BUILD - crawls the demo site into BUILD/demo.db, made anew, and asks it three questions.
set -u
b=$1
db=$b/demo.db

ask() {
	printf '\n$ skitter sql %s "%s"\n' "$db" "$1"
	"$b/skitter" sql "$db" "$1" || exit
}

rm -f "$db" "$db-wal" "$db-shm" "$db.lock"
echo "\$ skitter crawl -o $db http://127.0.0.1/    # tests/site, served by $b/testserver"
"$b/testserver" --root tests/site --world tests/site/site.world --log "$b/demo.log" -- \
	"$b/skitter" crawl -o "$db" "http://127.0.0.1:PORT/" || exit
ask "select status, count(*) as pages, sum(size) as bytes from pages group by status"
ask "select p.status, l.source, l.target from links l join pages p on p.url = l.target where p.status >= 300 order by 1, 2"
ask "select url, reason, rule from excluded order by url"

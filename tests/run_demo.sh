#!/bin/sh
# run_demo.sh BUILD - what `make crawl` shows, checked: the demo site, its summary, its three questions.
set -u
b=$1
passed=0 failed=0
tmp=$b/demo.test
mkdir -p "$tmp" || exit 1

check() { # check NAME EXPECTED FOUND
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		echo "[       OK ] demo: $1"
	else
		failed=$((failed + 1))
		printf '[  FAILED  ] demo: %s\n---- expected\n%s\n---- found\n%s\n----\n' "$1" "$2" "$3"
	fi
}
ask() {
	sqlite3 "file:$b/demo.db?mode=ro" "$1" 2>&1 | sed 's#http://127.0.0.1:[0-9]*##g'
}

tests/tools/demo.sh "$b" </dev/null >"$tmp/out" 2>"$tmp/err"
check "exit status" 0 $?
check "three questions answered" 3 "$(grep -c '^\$ skitter sql' "$tmp/out")"
check "pages" "/
/about.html
/glossary.html
/naive.html
/orphan.html
/silk.html
/spiders/
/spiders/garden-spider.html
/spiders/jumping-spider.html
/spiders/water-spider.html
/spiders/wolf-spider.html
/webs/
/webs/bell.html
/webs/numbers.html
/webs/orb.html
/webs/sheet.html" "$(ask "select url from pages where status = 200 and content_type like 'text/html%' order by url")"
check "redirects" "/glossary|302|/glossary.html
/old-index.html|301|/" "$(ask "select url, status, redirect from pages where status between 300 and 399 order by url")"
check "the broken link" "/spiders/house-spider.html|404|/spiders/" \
	"$(ask "select url, status, referrer from pages where status = 404")"
check "robots.txt is obeyed" "/private/diary.html|robots" \
	"$(ask "select url, reason from excluded where url like '%/private/%'")"
check "nothing below /private was requested" 0 "$(grep -c '/private/' "$b/demo.log")"
check "nofollow is obeyed" 0 "$(ask "select count(*) from pages where url like '%/guestbook.html'")"
check "the older encoding" "Visite guidée|windows-1252" \
	"$(ask "select title, charset from pages where url like '%/naive.html'")"
check "gzip as the server sent it" gzip "$(ask "select encoding from bodies where url like '%/silk.html'")"
check "nothing is requested twice" "" "$(cut -f 3 "$b/demo.log" | grep -v '^/robots.txt$' | sort | uniq -d)"
check "nothing is left" 0 "$(ask "select count(*) from frontier")"
check "verify finds nothing wrong" "ok" "$("$b/skitter" verify "$b/demo.db" 2>/dev/null | sed 's/^[a-z]* *//; s/;.*//' | sort -u)"
check "search" "1 page" "$("$b/skitter" search "$b/demo.db" visite guidee 2>&1 | tail -n 1)"
check "bytes that were flipped are found" "" "$(python3 tests/tools/flip.py "$b/skitter" "$b/demo.db" 2>&1)"
"$b/skitter" report "$b/demo.db" --force -o "$tmp/report.html" >>"$tmp/out" 2>>"$tmp/err"
check "the report is made" 0 $?
rows() {
	tests/report/facts.py "$tmp/report.html" "$@" 2>&1
}
check "the report: its lists, well-formed HTML" "dead 1
moved 2
slow 20
large 17
robots 1
excluded 2
hosts 1" "$(rows)"
check "the report: the broken link, with who links there and how" \
	"/spiders/house-spider.html|404|1|/spiders/ House spider" "$(rows dead)"
check "the report: links to what has moved" "/glossary|302|/glossary.html|/ The glossary
/old-index.html|301|/|/ The old front page" "$(rows moved | sort)"
check "the report: robots.txt" "/private/diary.html|Disallow: /private/|/ The gardener's diary" "$(rows robots)"
check "the report: one host, 20 requests" 1 "$(rows hosts | grep -c '^127.0.0.1:[0-9]*|20|0|')"
rm -rf "$tmp/copy"
"$b/skitter" export "$b/demo.db" --format files -o "$tmp/copy" >"$tmp/files" 2>&1
check "a copy on disk" "0 17 files" "$? $(sed -n 's/.*: \([0-9]* files\),.*/\1/p' "$tmp/files")"
check "its links lead to files, or to the site" "" "$(python3 - "$tmp/copy" <<'END'
import html.parser, os, sys, urllib.parse
class Links(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        for k, v in attrs:
            if k in ("href", "src") and v and not v.startswith(("http:", "https:", "mailto:", "#")):
                path = os.path.join(os.path.dirname(self.file), urllib.parse.unquote(v.split("#")[0]))
                if not os.path.isfile(path):
                    print(self.file, v)
for d, _, files in os.walk(sys.argv[1]):
    for f in files:
        if f.endswith(".html"):
            p = Links()
            p.file = os.path.join(d, f)
            p.feed(open(p.file, encoding="utf-8").read())
END
)"
watched=$(python3 tests/tools/watch.py "$b" "$tmp/watch.db" 2>&1)
if [ $? -eq 77 ]; then
	echo "[  SKIPPED ] demo: status --watch: no pseudo-terminals here"
else
	check "status --watch on a small terminal" "" "$watched"
fi
[ $failed -eq 0 ] || tail -n 20 "$tmp/err"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

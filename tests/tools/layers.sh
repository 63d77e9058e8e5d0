#!/bin/sh
# layers.sh - who may include whom; and no file too long to be read whole.
#
#   crawler/ -> crawler/page/ crawler/fakeweb/ workers/ storage/ config/
#   crawler/fakeweb/ -> workers/ config/                     storage/ -> workers/ config/
#   workers/ -> config/                                      crawler/page/ -> config/
#   config/  -> nobody
#
# workers and config know no libcurl, SQLite or HTML; storage no libcurl; crawler/page neither.
set -u
cd "$(dirname "$0")/../.." || exit 1

find config workers storage crawler -name '*.[chS]' | sort | xargs awk '
BEGIN {
	may["config"] = " config "
	may["workers"] = " workers config "
	may["page"] = " page config "
	may["fakeweb"] = " fakeweb workers config "
	may["storage"] = " storage workers config "
	may["crawler"] = " crawler page fakeweb storage workers config "
	never["config"] = "curl/ sqlite3.h event2/ event.h"
	never["workers"] = "curl/ sqlite3.h"
	never["page"] = "curl/ sqlite3.h event2/ event.h sys/socket.h fcntl.h"
	never["fakeweb"] = "curl/ sqlite3.h"
	never["storage"] = "curl/ event2/ event.h"
	never["crawler"] = "sqlite3.h"
}
function room_of(path) {
	if (path ~ /^crawler\/page\//) return "page"
	if (path ~ /^crawler\/fakeweb\//) return "fakeweb"
	sub(/\/.*/, "", path)
	return path
}
function bad(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	nbad++
}
FNR == 1 { nfiles++; me = room_of(FILENAME); generated = 0 }
FNR <= 5 && /[Gg]enerated/ { generated = 1 }
FNR == 601 && !generated { bad("more than 600 lines") }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, q, "\"")
	r = room_of(q[2])
	if (q[2] !~ /\//) bad("\"" q[2] "\" is not written from the root")
	else if (index(may[me], " " r " ") == 0) bad(me " must not include " q[2])
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	h = $0
	sub(/^[^<]*</, "", h)
	sub(/>.*/, "", h)
	n = split(never[me], list, " ")
	for (i = 1; i <= n; i++)
		if (index(h, list[i]) == 1) bad(me " must not include <" h ">")
}
END {
	printf "%d files, %d against the rules\n", nfiles, nbad
	printf "%d passed, %d failed\n", nbad ? 0 : 1, nbad ? 1 : 0
	exit nbad ? 1 : 0
}'

#!/bin/sh
# make.sh BUILD - the pictures of the README: a crawl of real documentation in a terminal, and its report.
#
# The site is Debian's python3.11-doc from loopback, slowed down a little so that there is something
# to see. Everything is made in BUILD/pictures and then takes the place of what is here.
set -u
b=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
dir=$b/pictures
docs=${DOCS:-$b/docs}
mkdir -p "$dir" || exit 1
"$here/../report/modules.sh" "$b/report-modules" || exit 1
"$here/../real/fetch.sh" "$docs" python3.11-doc || exit 1
root=$docs/python3.11-doc/usr/share/doc/python3.11/html
url=http://localhost:8080/
socket=$dir/tmux
rm -f "$dir"/docs* "$dir"/done "$dir"/*.txt

# What is typed in the terminal; the server around it is not shown.
cat >"$dir/crawl.sh" <<END
printf '\033[2J\033[H\033[2m\$\033[0m skitter crawl $url --delay 0.03\n'
"$b/testserver" --root "$root" --port 8080 --limit 300 -- "$b/skitter" crawl $url --delay 0.03 -o docs.db
touch "$dir/done"
exec sleep 60
END
tm() { tmux -S "$socket" -f /dev/null "$@"; }
tm new-session -d -s crawl -x 96 -y 26 -c "$dir" "sh $dir/crawl.sh" || exit 1
trap 'tm kill-server 2>/dev/null' EXIT

# Half way through, and at the end.
n=0
until tm capture-pane -p -t crawl | grep -Eq '^pages +(2[5-9]|3[0-9])[0-9] ' || [ -e "$dir/done" ]; do
	sleep 0.2
	n=$((n + 1))
	[ $n -lt 1000 ] || { echo "pictures: the crawl does not get on" >&2; exit 1; }
done
tm capture-pane -e -p -t crawl | sed '/^$/d' >"$dir/crawl.txt"
while [ ! -e "$dir/done" ] && [ $n -lt 2000 ]; do
	sleep 0.2
	n=$((n + 1))
done
{ echo; tm capture-pane -e -p -t crawl | sed 1d; } >>"$dir/crawl.txt"
"$here/terminal.py" "skitter crawl: half way through, and at the end" <"$dir/crawl.txt" >"$dir/crawl.svg" || exit 1
"$b/skitter" report "$dir/docs.db" --force -o "$dir/report.html" || exit 1
MODULES=$b/report-modules node "$here/picture.mjs" "$dir/report.html" "$dir/report.png" || exit 1
for f in crawl.svg report.png; do
	[ "$(wc -c <"$dir/$f")" -lt 150000 ] || { echo "pictures: $f has become too big" >&2; exit 1; }
	cp "$dir/$f" "$here/$f" || exit 1
done
ls -l "$here"/crawl.svg "$here"/report.png

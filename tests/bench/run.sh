#!/bin/sh
# run.sh BUILD - every bench: the parts one by one, then whole crawls beside the peers.
set -u
b=$1
here=$(dirname "$0")
docs=${DOCS:-$b/docs}

"$here/../real/fetch.sh" "$docs"
have_docs=$?
for bin in "$b"/bench/bench_*; do
	[ -x "$bin" ] || continue
	case $bin in *.*) continue ;; esac
	echo "== ${bin##*/}"
	case $bin in
	*/bench_html)
		[ $have_docs -eq 0 ] && find "$docs/postgresql-doc-15" "$docs/python3.11-doc" -name '*.html' |
			sort | xargs "$bin"
		;;
	*) "$bin" ;;
	esac
done
[ $have_docs -eq 0 ] && exec python3 -B "$here/peers.py" "$b" "$docs"

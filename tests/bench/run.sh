#!/bin/sh
# run.sh BUILD - every bench, or the parts that PART names: crawls, micro, modules. README.md tells how to read them.
#
# DOCS=DIR keeps the documentation packages.
set -u
b=$1
here=$(dirname "$0")
docs=${DOCS:-$b/docs}
status=0

for part in ${PART:-modules micro crawls}; do
	case $part in
	modules)
		echo "== the HTML reader, URLs, the store: each alone"
		if "$here/../real/fetch.sh" "$docs"; then
			find "$docs/postgresql-doc-15" "$docs/python3.11-doc" -name '*.html' | sort | xargs -s 1000000 "$b/bench/bench_html"
		fi
		"$b/bench/bench_url" && "$b/bench/bench_store" || status=1
		;;
	micro) /usr/bin/python3 -B "$here/micro.py" "$b" || status=1 ;;
	crawls) /usr/bin/python3 -B "$here/crawl_bench.py" "$b" "$docs" || status=1 ;;
	*)
		echo "bench: PART: there is no '$part', but crawls, micro, modules" >&2
		exit 2
		;;
	esac
done
exit $status

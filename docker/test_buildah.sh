# test_buildah.sh - the checks of test.sh with buildah alone. Sourced.
#
# Isolation oci is a real container by runc or crun, with the default seccomp profile; chroot is
# what works without namespaces. Both share the network of the host, so the site is at a free port.

site=$(engine from --pull-never skitter-site:latest) || exit 1
crawler=$(engine from --pull-never skitter:latest) || exit 1
data=$tmp/data
mkdir "$data"
chmod 777 "$data"
chmod 755 "$tmp"
fifo=$tmp/hold
mkfifo "$fifo"
server=

clean_up() {
	exec 9>&- # the test server ends with its input
	[ -z "$server" ] || wait "$server"
	engine rm "$site" "$crawler" >/dev/null 2>&1
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

for isolation in ${BUILDAH_ISOLATION:-oci chroot}; do
	engine run --isolation "$isolation" ${RUN_ARGS:-} "$crawler" skitter version >"$tmp/out" 2>"$tmp/err" && break
	say "isolation $isolation does not work here: $(tail -n 1 "$tmp/err")"
done
says "version, with isolation $isolation" "^skitter $version" "$(cat "$tmp/out")"
run() {
	engine run --isolation "$isolation" --network host ${RUN_ARGS:-} -v "$data:/data" "$@"
}
port=
serve() { # serve ARGS... - sets port
	exec 9>&-
	[ -z "$server" ] || wait "$server"
	rm -f "$data/requests.log"
	run "$site" -- build/testserver --log /data/requests.log --limit 600 "$@" <"$fifo" >"$tmp/ready" 2>"$tmp/server" &
	server=$!
	exec 9>"$fifo"
	wait_for '^ready' cat "$tmp/ready" || { cat "$tmp/server"; exit 1; }
	port=$(tr -d '\r' <"$tmp/ready" | sed -n 's/^ready //p')
}
sql() {
	run "$crawler" -- skitter sql "$1" --format csv "$2" | tail -n +2 | tr -d '\r'
}

serve --root tests/site --world tests/site/site.world
run "$crawler" -- skitter crawl -o demo.db "http://127.0.0.1:$port/" >"$tmp/out" 2>&1
is "demo site: exit status" 0 $?
says "demo site: summary" '^URLs +22 discovered = 20 fetched' "$(tr -d '\r' <"$tmp/out")"
is "demo site: pages" 16 "$(sql demo.db "select count(*) from pages where status = 200 and content_type like 'text/html%'")"

serve --world docker/slow.world
run "$crawler" -- skitter crawl -o slow.db "http://127.0.0.1:$port/" >"$tmp/out" 2>&1 &
crawl=$!
wait_for '^(2[0-9]|[3-9][0-9]|[12][0-9][0-9])' sh -c "wc -l <$data/requests.log"
run "$crawler" -- skitter-healthcheck
is "healthy while it runs" 0 $?
# By its number out here, where its command line is like no other.
for p in /proc/[0-9]*; do
	case $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) in
	"skitter crawl -o slow.db http://127.0.0.1:$port/ " | /*"/skitter crawl -o slow.db http://127.0.0.1:$port/ ")
		kill -TERM "${p#/proc/}"
		;;
	esac
done
wait $crawl
is "SIGTERM: resumable exit status" 3 $?
says "SIGTERM: says how to go on" 'skitter resume slow.db' "$(cat "$tmp/out")"
says "something is left to do" '^[1-9]' "$(sql slow.db "select count(*) from frontier")"
run "$crawler" -- skitter resume slow.db >"$tmp/out" 2>&1
is "resume: exit status" 0 $?
is "resume: every page" 301 "$(sql slow.db "select count(*) from pages where status = 200")"
is "resume: nothing was asked for twice" "" \
	"$(cut -f 3 "$data/requests.log" | grep -v '^/robots.txt$' | sort | uniq -d)"
skip "users, limits, health by the engine: docker or podman is needed"

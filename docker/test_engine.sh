# test_engine.sh - the checks of test.sh with docker or podman. Sourced.

# Every container; those that share the network of the site before it.
drop() {
	for c in crawl other site; do
		engine rm -f "$name-$c" >/dev/null 2>&1
	done
}
clean_up() {
	drop
	engine volume rm -f "$name" >/dev/null 2>&1
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# run ARGS... IMAGE-ARGS... - the image as a user runs it, and how a careful one does.
run() {
	engine run ${RUN_ARGS:-} ${SECCOMP:+--security-opt "seccomp=$SECCOMP"} "$@"
}
once() {
	run --rm "$@" 2>&1
}
tight="--read-only --cap-drop ALL --security-opt no-new-privileges"
image() {
	engine image inspect --format "$1" "skitter:$version"
}

# ---- what the image says of itself ----
is "entry point" '[skitter]' "$(image '{{.Config.Entrypoint}}')"
is "stops by SIGTERM" SIGTERM "$(image '{{.Config.StopSignal}}' | sed 's/^15$/SIGTERM/')"
is "user" 1000:1000 "$(image '{{.Config.User}}')"
is "folder" /data "$(image '{{.Config.WorkingDir}}')"
is "version label" "$version" "$(image '{{index .Config.Labels "org.opencontainers.image.version"}}')"
says "health check" skitter-healthcheck "$(engine image inspect "skitter:$version")"
says "version" "^skitter $version" "$(once skitter:latest version)"
is "no compiler, no headers" "" "$(run --rm --entrypoint sh skitter:latest -c 'command -v cc gcc make; ls /usr/include 2>/dev/null' 2>>"$tmp/errors")"

# ---- the test site, on the loopback of a container of its own ----
engine volume create "$name" >/dev/null
site() { # site ARGS... - anew, on the same address
	drop
	run -d -i --name "$name-site" skitter-site:latest --log /tmp/requests.log "$@" >/dev/null
	wait_for '^ready 8080' engine logs "$name-site"
}
crawl() { # crawl NAME ARGS... - in the background, beside the site, on the volume
	c=$name-$1
	shift
	engine rm -f "$c" >/dev/null 2>&1
	run -d --name "$c" --network "container:$name-site" -v "$name:/data" $tight skitter:latest "$@" >/dev/null
}
sql() {
	run --rm -v "$name:/data" skitter:latest sql "$1" --format csv "$2" 2>>"$tmp/errors" | tail -n +2 | tr -d '\r'
}

site --root tests/site --world tests/site/site.world
crawl crawl crawl -o demo.db http://127.0.0.1:8080/
is "demo site: exit status" 0 "$(engine wait "$name-crawl")"
says "demo site: summary" '^URLs +22 discovered = 20 fetched' "$(engine logs "$name-crawl" 2>&1)"
is "demo site: pages" 16 "$(sql demo.db "select count(*) from pages where status = 200 and content_type like 'text/html%'")"
is "nothing was parsed outside the sandbox" 0 "$(engine logs "$name-crawl" 2>&1 | grep -ci sandbox)"

# ---- a crawl that is stopped, and goes on in another container ----
site --world docker/slow.world
crawl crawl crawl -o slow.db http://127.0.0.1:8080/
wait_for '^(2[0-9]|[3-9][0-9]|[12][0-9][0-9])' engine exec "$name-site" sh -c 'wc -l </tmp/requests.log' ||
	bad "slow site" "requests" "$(engine logs "$name-crawl" 2>&1)"
is "one filter more in every parser than in the crawl" "parsers: yes, others: 0" "$(
	engine exec "$name-crawl" sh -c 'mine=$(sed -n "s/^Seccomp_filters:[^0-9]*//p" /proc/1/status)
		for p in /proc/[0-9]*; do
			tr "\0" " " <$p/cmdline 2>/dev/null | grep -q "^[^ ]*skitter[^ ]* --role parser" || continue
			n=$(sed -n "s/^Seccomp_filters:[^0-9]*//p" $p/status)
			if [ "$n" -eq $((mine + 1)) ]; then parsers=yes; else others=$((${others:-0} + 1)); fi
		done
		echo "parsers: ${parsers:-no}, others: ${others:-0}"'
)"
engine exec "$name-crawl" skitter-healthcheck
is "healthy while it runs" 0 $?
engine exec -e SKITTER_STALE_MINUTES=0 "$name-crawl" skitter-healthcheck >/dev/null
is "unhealthy when nothing is stored" 1 $?
engine stop -t 10 "$name-crawl" >/dev/null
# 137 would be the engine's kill after 10 s
is "SIGTERM: resumable exit status" 3 "$(engine inspect --format '{{.State.ExitCode}}' "$name-crawl")"
says "SIGTERM: says how to go on" 'skitter resume slow.db' "$(engine logs "$name-crawl" 2>&1)"
left=$(sql slow.db "select count(*) from frontier")
says "something is left to do" '^[1-9]' "$left"
crawl other resume slow.db
is "resume: exit status" 0 "$(engine wait "$name-other")"
is "resume: every page" 301 "$(sql slow.db "select count(*) from pages where status = 200")"
is "resume: nothing left" 0 "$(sql slow.db "select count(*) from frontier")"
is "resume: nothing was asked for twice" "" \
	"$(engine exec "$name-site" sh -c "cut -f 3 /tmp/requests.log | grep -v '^/robots.txt$' | sort | uniq -d")"
is "one plain file at the end" "demo.db slow.db" \
	"$(run --rm --entrypoint sh -v "$name:/data" skitter:latest -c 'echo *' 2>>"$tmp/errors")"

# ---- any user, on a folder of the host ----
uid=$(id -u)
[ "$uid" -ne 0 ] || uid=12345
mkdir "$tmp/mine" "$tmp/closed"
chmod 755 "$tmp" "$tmp/closed"
chown "$uid" "$tmp/mine"
is "another user: exit status" 0 "$(
	once --user "$uid:$uid" -v "$tmp/mine:/data" --network "container:$name-site" skitter:latest \
		crawl --max-pages 5 -q http://127.0.0.1:8080/ >"$tmp/out"
	echo $?
)"
is "another user: the file is theirs" "$uid" "$(stat -c %u "$tmp/mine/127.0.0.1.db")"
if [ "$(id -u)" -eq 0 ]; then
	is "a folder that is not writable: exit status" 4 "$(
		once -v "$tmp/closed:/data" --network "container:$name-site" skitter:latest \
			crawl http://127.0.0.1:8080/ >"$tmp/out"
		echo $?
	)"
	says "a folder that is not writable: one sentence" 'skitter: .*[Pp]ermission denied' "$(cat "$tmp/out")"
fi

# ---- limits ----
if once --memory 256m --entrypoint true skitter:latest >/dev/null; then
	says "memory of the container is the budget" 'the budget is 201[.,][0-9]* MB' \
		"$(once --memory 256m --network "container:$name-site" skitter:latest crawl --max-pages 3 http://127.0.0.1:8080/)"
	is "unless it is given" "" "$(once --memory 256m --network "container:$name-site" skitter:latest \
		crawl --memory 100MiB --max-pages 3 http://127.0.0.1:8080/ | grep 'the budget is')"
else
	skip "memory limits: this engine has none here"
fi

# ---- commands that wait are stopped too, as process 1 ----
engine rm -f "$name-other" >/dev/null 2>&1
run -d -i --name "$name-other" -v "$name:/data" skitter:latest sql slow.db - >/dev/null
sleep 1
engine stop -t 10 "$name-other" >/dev/null
is "SIGTERM ends a command that reads" 143 "$(engine inspect --format '{{.State.ExitCode}}' "$name-other")"

# ---- compose ----
compose() {
	if $ENGINE compose version >/dev/null 2>&1; then
		$ENGINE compose "$@"
	else
		docker-compose "$@"
	fi
}
if compose version >/dev/null 2>&1; then
	said=$(RUN_AS=7:8 SITE=https://example.org/ compose -f docker/compose.yaml --profile crawl --profile batch config 2>&1)
	says "compose file: the site" 'https://example.org/' "$said"
	says "compose file: the user" 'user: .?7:8' "$said"
else
	skip "compose file: no compose here"
fi

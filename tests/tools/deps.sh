#!/bin/sh
# deps.sh build|test|full|bench|peers|report BUILD - finds the packages that are missing and installs them.
#
# On Debian and its children: as root at once; otherwise with sudo, after asking on a
# terminal, or without asking where DEPS=1 says yes. Never silently. On another system
# it prints what is needed and stops. A stamp in BUILD saves asking again.
set -u

build="gcc libc6-dev make pkg-config libcurl4-openssl-dev libevent-dev libsqlite3-dev libidn2-dev
	libunistring-dev libpsl-dev zlib1g-dev libdeflate-dev libzstd-dev libbrotli-dev libyaml-dev libexpat1-dev
	libpcre2-dev libseccomp-dev libjansson-dev libssl-dev"
# nginx is not among them: the tests unpack it below the build folder, so that no service is started.
test="$build libcmocka-dev sqlite3 python3 openssl"
full="$test clang libclang-rt-14-dev valgrind clang-format clang-tidy cppcheck"
report="$test chromium tmux"
# Node from elsewhere brings its own npm, and Debian's would not go with it.
command -v node >/dev/null && command -v npm >/dev/null || report="$report nodejs npm"
bench="$test wget2 python3-gevent libgumbo-dev libxml2-dev"
# Debian's npm is large: only where there is none at all.
peers="$bench wget httrack python3-scrapy"
command -v node >/dev/null && command -v npm >/dev/null || peers="$peers nodejs npm"
# How to see, where there is no dpkg, that all is there.
modules="libcurl libevent libevent_pthreads sqlite3 libidn2 libpsl zlib libdeflate libzstd libbrotlidec yaml-0.1
	expat libpcre2-8 libseccomp jansson libssl libcrypto"

say() {
	echo "deps: $*" >&2
}

set_name=$1
stamp=$2/.deps-$1
case $set_name in
build) wanted=$build commands="cc pkg-config" ;;
test) wanted=$test commands="cc pkg-config sqlite3 python3" modules="$modules cmocka" ;;
full) wanted=$full commands="cc pkg-config sqlite3 python3 clang valgrind" modules="$modules cmocka" ;;
report) wanted=$report commands="cc pkg-config sqlite3 python3 chromium node npm tmux" ;;
bench) wanted=$bench commands="cc pkg-config sqlite3 python3" ;;
peers) wanted=$peers commands="cc pkg-config sqlite3 python3" ;;
*) say "unknown set '$set_name'"; exit 2 ;;
esac
wanted=$(echo $wanted)

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

done_with_it() {
	mkdir -p "$(dirname "$stamp")" && echo "$wanted" >"$stamp"
	exit
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	absent=
	for c in $commands; do
		command -v "$c" >/dev/null || absent="$absent $c"
	done
	[ -z "$absent" ] && pkg-config --exists $modules && done_with_it
	say "this is not a Debian system, so nothing was installed. Please install, under the names they have here:"
	echo "$wanted" | tr ' ' '\n' | sed 's/^/    /' >&2
	exit 1
fi

missing=
for p in $wanted; do
	case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
	*" installed") ;;
	*) missing="$missing $p" ;;
	esac
done
[ -z "$missing" ] && done_with_it

sudo=
if [ "$(id -u)" -ne 0 ]; then
	sudo=sudo
	if ! command -v sudo >/dev/null; then
		say "these packages are missing, and only root can install them (there is no sudo here):"
		say " $missing"
		exit 1
	fi
	if [ "${DEPS:-}" != 1 ]; then
		if ! [ -t 0 ] || ! [ -t 2 ]; then
			say "these packages are missing:$missing"
			say "run 'sudo apt-get install$missing', or say DEPS=1 to have it done by sudo"
			exit 1
		fi
		printf 'deps: to be installed with sudo apt-get:%s\ndeps: go on? [y/N] ' "$missing" >&2
		read -r answer
		case $answer in
		y | Y | yes) ;;
		*) say "nothing was installed"; exit 1 ;;
		esac
	fi
fi

say "installing:$missing"
install() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1
}
mkdir -p "$2" || exit 1
log=$2/deps.log
# Package lists that are absent or stale are fetched first; a first failure may mean just that.
if ! install; then
	$sudo apt-get update -qq >>"$log" 2>&1
	if ! install; then
		tail -n 20 "$log" >&2
		say "apt-get failed (all of it: $log)"
		exit 1
	fi
fi
done_with_it

#!/bin/sh
# healthcheck.sh [FOLDER] - whether the crawl in this container is alive: 0 yes, 1 no.
#
# A running crawl commits a snapshot every second, however slow its sites are, so the write-ahead
# log of its database is never old. Nothing being written is healthy too: a crawl that begins, a
# batch between two jobs, a command that only reads.
set -u
cd "${1:-.}" || exit 1
stale_after=${SKITTER_STALE_MINUTES:-2}

# A log that a killed crawl left behind belongs to nobody: its lock says so.
locked() {
	inode=$(stat -c %i "$1.lock" 2>/dev/null) && grep -q ":$inode [0-9]" /proc/locks
}

fresh=$(find . -maxdepth 3 -name '*.db-wal' -mmin "-$stale_after" -print 2>/dev/null | head -n 1)
[ -n "$fresh" ] && exit 0
find . -maxdepth 3 -name '*.db-wal' -print 2>/dev/null | {
	while IFS= read -r wal; do
		if locked "${wal%-wal}"; then
			echo "${wal%-wal}: a crawl is running, but has stored nothing for $stale_after minutes"
			exit 1
		fi
	done
	exit 0
}

#!/bin/sh
# tidy.sh - layout (clang-format) and what clang-tidy and cppcheck find; tools that are absent are named.
set -u
cd "$(dirname "$0")/../.." || exit 1
files=$(git ls-files -- '*.c' '*.h')
sources=$(git ls-files -- 'config/*.c' 'workers/*.c' 'storage/*.c' 'crawler/*.c')
failed=0

if command -v clang-format >/dev/null; then
	clang-format --dry-run -Werror $files || failed=1
else
	echo "tidy: clang-format is not installed"
fi
if command -v cppcheck >/dev/null; then
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=unknownMacro -D_GNU_SOURCE -I. $sources || failed=1
else
	echo "tidy: cppcheck is not installed"
fi
if command -v clang-tidy >/dev/null; then
	# Left out: what is this house's manner (strcmp as a condition, sizes multiplied as int, functions of
	# Annex K), and what version 14 sees wrongly (va_list).
	checks='-*,bugprone-*,clang-analyzer-*'
	for c in easily-swappable-parameters reserved-identifier assignment-in-if-condition narrowing-conversions \
		suspicious-string-compare implicit-widening-of-multiplication-result branch-clone \
		not-null-terminated-result macro-parentheses sizeof-expression; do
		checks="$checks,-bugprone-$c"
	done
	for c in security.insecureAPI.DeprecatedOrUnsafeBufferHandling security.insecureAPI.strcpy \
		security.insecureAPI.vfork unix.Vfork valist.Uninitialized optin.performance.Padding; do
		checks="$checks,-clang-analyzer-$c"
	done
	export checks
	echo $sources | xargs -n 8 -P "$(nproc)" sh -c 'exec clang-tidy --quiet --warnings-as-errors="*" --checks="$checks" \
		"$@" -- -std=c11 -D_GNU_SOURCE "-DSKITTER_VERSION=\"tidy\"" -I. \
		$(pkg-config --cflags libcurl libevent sqlite3) 2>/dev/null' tidy || failed=1
else
	echo "tidy: clang-tidy is not installed"
fi
exit $failed

#!/bin/sh
# build.sh VERSION - the image skitter:VERSION, also called skitter:latest.
set -eu
cd "$(dirname "$0")/.."
. docker/engine.sh

version=$1
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
created=$(git log -1 --format=%cI 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ)
say "building skitter:$version with $ENGINE"
build_image "skitter:$version" docker/Dockerfile \
	--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created"
engine tag "skitter:$version" skitter:latest
[ "$ENGINE" = buildah ] || say "built: $ENGINE run --rm -v \"\$PWD:/data\" --user \"\$(id -u):\$(id -g)\" skitter crawl example.com"

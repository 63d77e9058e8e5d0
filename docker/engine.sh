# engine.sh - which program builds and runs containers here. Sourced by build.sh and test.sh.
#
#   ENGINE=docker|podman|buildah   instead of the first that works
#   ENGINE_ARGS="..."              before the verb: --runtime runc
#   BUILD_ARGS="..."               for every build: --build-arg, --volume, --pull=never
#   RUN_ARGS="..."                 for every container: --ulimit nofile=4096

say() {
	echo "docker: $*" >&2
}

works() {
	command -v "$1" >/dev/null && case $1 in
	buildah) buildah images -q ;;
	*) "$1" info ;;
	esac >/dev/null 2>&1
}

if [ -z "${ENGINE:-}" ]; then
	for ENGINE in docker podman buildah none; do
		works $ENGINE && break
	done
fi
case $ENGINE in
docker | podman | buildah) ;;
*)
	say "neither docker, podman nor buildah works here; ENGINE=NAME shows what one of them says"
	exit 1
	;;
esac

engine() {
	verb=$1
	shift
	$ENGINE ${ENGINE_ARGS:-} "$verb" "$@"
}

# build_image TAG FILE [ARGS...] - from the root of the source.
build_image() {
	tag=$1 file=$2
	shift 2
	case $ENGINE in
	# OCI images have no place for a health check.
	podman) set -- --format docker --layers "$@" ;;
	buildah) set -- --format docker --layers "$@" ;;
	esac
	engine build ${BUILD_ARGS:-} -t "$tag" -f "$file" "$@" .
}

#!/bin/sh
# Runs tests of the arm64 build under QEMU, on another kind of processor.
#
#   scripts/arm64.sh           what has arm64 assembly, and what stands on it; without cgo
#   scripts/arm64.sh onednn    the oneDNN engine, cross-compiled against Debian's library
#
# FULL=1 runs all tests of these packages. Without it they are the short ones, less
# the two longest of fusion: three minutes on two cores once everything is compiled.
#
# Needs qemu-aarch64 (Debian: qemu-user), for onednn also aarch64-linux-gnu-gcc
# (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross). Where apt-get and root allow,
# the script installs them and says so; elsewhere it names what is missing and
# succeeds without testing. oneDNN for arm64 is unpacked in a temporary folder.
set -eu
cd "$(dirname "$0")/.."

# Killed runs start the test program again, which the system cannot run by itself.
skip=TestKilledRunsEndTheSame
short=
if [ -z "${FULL:-}" ]; then
	short=-test.short
	skip="$skip|TestAFullBudget|TestRegressionBringsTheFusedLogits"
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
export GOARCH=arm64 GOOS=linux

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"

# need PROGRAM PACKAGES... installs a program that is missing, or ends the script.
need() {
	program=$1
	shift
	command -v "$program" >/dev/null && return
	if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
		echo "arm64: installing $* with apt-get" >&2
		{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null 2>&1 || true
	fi
	command -v "$program" >/dev/null && return
	echo "arm64: skipped, no $program (Debian: apt-get install $*)" >&2
	exit 0
}

# run_tests PACKAGE QEMU-OPTIONS... runs the tests of $dir/test in the package's folder.
run_tests() {
	package=$1
	shift
	echo "arm64: $package" >&2
	(cd "$package" && qemu-aarch64 "$@" "$dir/test" $short -test.skip "$skip" -test.timeout 2h)
}

portable() {
	for package in internal/gemm fusion/ot models/nn/portable fusion train; do
		CGO_ENABLED=0 go vet "./$package"
		CGO_ENABLED=0 go test -c -o "$dir/test" "./$package"
		run_tests "$package"
	done
}

# fetch_onednn unpacks oneDNN for arm64 in $dir/root. The lists of packages are
# read into $dir, so that the system's own stay as they are.
fetch_onednn() {
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/deb" "$dir/root"
	chmod 755 "$dir"
	options="-qq -o Dir::State::Lists=$dir/lists -o Dir::Cache=$dir/cache -o APT::Architectures::=arm64 -o APT::Sandbox::User=$(id -un)"
	# shellcheck disable=SC2086 # options are several words
	apt-get $options update && (cd "$dir/deb" && apt-get $options download libdnnl2:arm64 libdnnl-dev:arm64) || return
	for deb in "$dir"/deb/*.deb; do dpkg -x "$deb" "$dir/root" || return; done
}

onednn() {
	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	fetch_onednn || { echo "arm64: skipped, apt-get has no libdnnl-dev for arm64" >&2; exit 0; }
	lib=$dir/root/usr/lib/aarch64-linux-gnu
	export CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc
	export CGO_CFLAGS="-O2 -I$dir/root/usr/include" CGO_LDFLAGS="-L$lib"
	go vet -tags onednn ./models/nn/onednn
	go test -c -tags onednn -o "$dir/test" ./models/nn/onednn
	run_tests models/nn/onednn -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib:$lib"
}

case ${1:-} in
'')
	need qemu-aarch64 qemu-user
	portable
	;;
onednn)
	need qemu-aarch64 qemu-user
	onednn
	;;
*)
	echo "usage: scripts/arm64.sh [onednn]" >&2
	exit 2
	;;
esac

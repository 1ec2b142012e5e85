#!/bin/sh
# Runs every fuzz target of the module for $FUZZTIME each (executions or a
# time), on $WORKERS cores, starting from the inputs that earlier runs kept.
#
#   FUZZTIME=10m scripts/fuzz.sh
#   KEEP=1 FUZZTIME=10m scripts/fuzz.sh      adds to them what this run finds
#
# An input is made smaller in at most 100 tries: where coverage varies from run
# to run, as it does with goroutines and maps, Go tries for a minute otherwise.
set -eu
corpus=$(pwd)/scripts/fuzz-corpus.tar.xz
cache=$(go env GOCACHE)/fuzz
mkdir -p "$cache/otfusion"
if command -v xz >/dev/null; then
	tar -xJf "$corpus" -C "$cache"
else
	echo "fuzz: no xz, so no inputs of earlier runs" >&2
fi
for dir in $(grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | xargs -n1 dirname | sort -u); do
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/^func //'); do
		echo "fuzz $dir $target"
		go test -tags "${TAGS:-}" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-1000x}" -fuzzminimizetime 100x -parallel "${WORKERS:-$(nproc)}" "$dir"
	done
done
if [ -n "${KEEP:-}" ]; then
	tar --sort=name --owner=0 --group=0 --mtime=@0 -cJf "$corpus" -C "$cache" otfusion
fi

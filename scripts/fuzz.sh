#!/bin/sh
# Runs every fuzz target of the module for $FUZZTIME each, on $WORKERS cores.
# An input is made smaller in at most 100 tries: where coverage varies from run
# to run, as it does with goroutines and maps, Go tries for a minute otherwise.
set -eu
for dir in $(grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | xargs -n1 dirname | sort -u); do
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/^func //'); do
		echo "fuzz $dir $target"
		go test -tags "${TAGS:-}" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-5s}" -fuzzminimizetime 100x -parallel "${WORKERS:-$(nproc)}" "$dir"
	done
done

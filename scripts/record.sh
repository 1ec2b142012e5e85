#!/bin/sh
# Keeps what the finished tasks of a results folder found, without their
# networks, in docs/results, and writes docs/results.md from it.
set -eu
from=${1:?usage: scripts/record.sh RESULTS}
for result in "$from"/cells/*/result.json; do
	cell=$(basename "$(dirname "$result")")
	case $cell in *.damaged-*) continue ;; esac
	mkdir -p "docs/results/cells/$cell"
	cp "$result" "docs/results/cells/$cell/result.json"
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

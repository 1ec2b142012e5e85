#!/bin/sh
# Keeps what the tasks behind a results folder's report found, without their
# networks, in docs/results, and writes docs/results.md from it.
set -eu
from=${1:?usage: scripts/record.sh RESULTS}
for cell in $(bin/otfusion experiment report --results "$from" --json | grep -o '"id": *"[^"]*"' | cut -d'"' -f4 | sort -u); do
	mkdir -p "docs/results/cells/$cell"
	cp "$from/cells/$cell/result.json" "docs/results/cells/$cell/"
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

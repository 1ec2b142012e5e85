#!/bin/sh
# Keeps what the tasks behind a results folder's report found, without their
# networks, in docs/results, drops what no experiment asks for any more, and
# writes docs/results.md from it.
set -eu
from=${1:?usage: scripts/record.sh RESULTS}
asked() {
	bin/otfusion experiment report --results "$1" --json | grep -o '"id": *"[^"]*"' | cut -d'"' -f4 | sort -u
}
for cell in $(asked "$from"); do
	mkdir -p "docs/results/cells/$cell"
	cp "$from/cells/$cell/result.json" "docs/results/cells/$cell/"
done
asked=$(asked docs/results)
for dir in docs/results/cells/*; do
	echo "$asked" | grep -qx "${dir##*/}" || rm -r "$dir"
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

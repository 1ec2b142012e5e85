#!/bin/sh
# Keeps what the tasks behind a results folder's report found, without their
# networks, in docs/results, drops what no experiment asks for any more, and
# writes docs/results.md from it.
set -eu
from=${1:?usage: scripts/record.sh RESULTS}
json=$(mktemp)
trap 'rm -f "$json"' EXIT
asked() {
	bin/otfusion experiment report --results "$1" --json >"$json"
	grep -o '"id": *"[^"]*"' "$json" | cut -d'"' -f4 | sort -u
}
cells=$(asked "$from")
for cell in $cells; do
	mkdir -p "docs/results/cells/$cell"
	for file in result.json failure.txt; do
		rm -f "docs/results/cells/$cell/$file"
		if [ -e "$from/cells/$cell/$file" ]; then
			cp "$from/cells/$cell/$file" "docs/results/cells/$cell/"
		fi
	done
done
cells=$(asked docs/results)
[ -n "$cells" ]
for dir in docs/results/cells/*; do
	echo "$cells" | grep -qx "${dir##*/}" || rm -r "$dir"
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

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
tasks=$(asked "$from")
for task in $tasks; do
	mkdir -p "docs/results/tasks/$task"
	for file in result.json failure.txt; do
		rm -f "docs/results/tasks/$task/$file"
		if [ -e "$from/tasks/$task/$file" ]; then
			cp "$from/tasks/$task/$file" "docs/results/tasks/$task/"
		fi
	done
done
tasks=$(asked docs/results)
[ -n "$tasks" ]
for dir in docs/results/tasks/*; do
	echo "$tasks" | grep -qx "${dir##*/}" || rm -r "$dir"
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

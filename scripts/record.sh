#!/bin/sh
# Keeps what the tasks behind a results folder's report found, without their
# networks, in docs/results, and writes docs/results.md from it. Results that no
# experiment asks for any more are named; with PRUNE=yes they are removed.
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
bin/otfusion experiment report --results docs/results --json >"$json"
orphans=$(tr -d ' \n' <"$json" | sed -n 's/.*"orphans":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' ' ')
for task in $orphans; do
	if [ "${PRUNE:-}" = yes ]; then
		rm -r "docs/results/tasks/$task"
		echo "no experiment asks for $task: removed"
	else
		echo "no experiment asks for $task: kept; PRUNE=yes removes it" >&2
	fi
done
bin/otfusion experiment report --results docs/results --markdown docs/results.md

#!/usr/bin/env bash
# Disturbs four workers that share one results folder, in rounds, until the time
# is over, and checks after each round that the tables are those of an
# undisturbed run, that no task was done twice, and that no file is left over.
#
#   DURATION=3600 SEED=1 BIN=bin/otfusion scripts/soak.sh
#
# Rounds take turns: one disturbs the processes and their leases, the next fills
# the disk and makes it read-only, for which it needs root and a tmpfs. At the
# end of each, finished files are damaged and have to be made again. The seed
# fixes what is done in which order; when it hits depends on the machine.
set -euo pipefail

bin=$(realpath "${BIN:-bin/otfusion}")
duration=${DURATION:-3600}
RANDOM=${SEED:-1}
workers=4
patience=1200 # seconds that a round may take

dir=$(mktemp -d)
pids=()
declare -A count=()
for what in rounds starts SIGKILL SIGTERM SIGHUP pauses takeovers clock_steps disk_full read_only damaged tasks; do
	count[$what]=0
done

exec 3>&2 2>/dev/null # where bash reports each worker that a signal ends
say() { echo "soak: $*" >&3; }
fail() {
	say "$* (seed ${SEED:-1}, round ${count[rounds]})"
	tail -n 5 "$dir"/*.log >&3 || true
	exit 1
}
tally() { count[$1]=$((count[$1] + 1)); }
cleanup() {
	for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	if mountpoint -q "$dir/disk"; then umount "$dir/disk"; fi
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

command=("$bin" experiment run mnist-pair --scale smoke --threads 1)

spawn() { # WORKER
	"${command[@]}" --results "$results" --shard "$1/$workers" >>"$dir/worker-$1.log" 2>&1 &
	pids[$1]=$!
	expected[$1]=0
	resume[$1]=0
	tally starts
}

# lease_of prints the leases of a process; old dates them back, as if it had died long ago.
lease_of() { grep -lE "^[^ ]+ $1 " "$results"/tasks/*/lease 2>/dev/null || true; }
old() { lease_of "$1" | while read -r lease; do touch -c -d '2 minutes ago' "$lease"; done; }

# disturb_process does one thing to a random worker that runs.
disturb_process() {
	local w=$((RANDOM % workers)) pid
	[ "${finished[$w]}" = 0 ] && [ "${resume[$w]}" = 0 ] || return 0
	pid=${pids[$w]}
	case $((RANDOM % 8)) in
	0 | 1)
		tally SIGKILL
		expected[$w]=1
		kill -KILL "$pid" 2>/dev/null || true
		old "$pid" ;;
	2)
		tally SIGTERM
		expected[$w]=1
		kill -TERM "$pid" 2>/dev/null || true ;;
	3)
		tally SIGHUP
		expected[$w]=1
		kill -HUP "$pid" 2>/dev/null || true ;;
	4 | 5)
		tally pauses
		kill -STOP "$pid" 2>/dev/null || true
		resume[$w]=$((SECONDS + 1 + RANDOM % 4)) ;;
	6)
		tally takeovers # as a pause that is longer than a lease lasts
		kill -STOP "$pid" 2>/dev/null || true
		old "$pid"
		resume[$w]=$((SECONDS + 4 + RANDOM % 8)) ;;
	7)
		local leases=("$results"/tasks/*/lease)
		if [ -e "${leases[0]}" ]; then
			tally clock_steps
			touch -c -d "$((RANDOM % 7200 - 3600)) seconds" "${leases[$((RANDOM % ${#leases[@]}))]}"
		fi ;;
	esac
}

# disturb_disk fills the disk or makes it read-only, for a moment.
disturb_disk() {
	if [ $((RANDOM % 2)) = 0 ]; then
		tally disk_full
		cat /dev/zero >"$results/filler" 2>/dev/null || true
		sleep $((1 + RANDOM % 2))
		rm "$results/filler"
	elif mount -o remount,ro "$dir/disk" 2>/dev/null; then
		tally read_only
		sleep $((1 + RANDOM % 2))
		mount -o remount,rw "$dir/disk"
	fi
	sleep $((3 + RANDOM % 5))
}

# reap notes workers that ended and starts those again that have more to do.
reap() {
	local w status
	for ((w = 0; w < workers; w++)); do
		if [ "${resume[$w]}" -gt 0 ] && [ "$SECONDS" -ge "${resume[$w]}" ]; then
			kill -CONT "${pids[$w]}" 2>/dev/null || true
			resume[$w]=0
		fi
		if [ "${finished[$w]}" = 1 ] || kill -0 "${pids[$w]}" 2>/dev/null; then continue; fi
		status=0
		wait "${pids[$w]}" || status=$?
		if [ $status = 0 ]; then
			finished[$w]=1
			continue
		fi
		[ "${expected[$w]}" = 1 ] || [ "$kind" = disk ] || fail "worker $w failed with status $status, though only others were disturbed"
		spawn $w
	done
}

# damage spoils one file of a random finished task.
damage() {
	local tasks=("$results"/tasks/*-????????????????)
	local task=${tasks[$((RANDOM % ${#tasks[@]}))]} other=${tasks[$((RANDOM % ${#tasks[@]}))]}
	case $((RANDOM % 4)) in
	0) truncate -s 100 "$task/result.json" ;;
	1) echo '{}' >"$task/result.json" ;;
	2) [ "$task" = "$other" ] || cp "$other/result.json" "$task/result.json" ;;
	3) if [ -e "$task/model.safetensors" ]; then printf '\377\377\377' | dd of="$task/model.safetensors" bs=1 seek=$((100000 + RANDOM)) conv=notrunc 2>/dev/null; fi ;;
	esac
	tally damaged
}

# same_tables compares numbers; the head of table.md has times and folders.
same_tables() {
	local mine=$results/mnist-pair/smoke reference=$dir/reference/mnist-pair/smoke
	cmp "$reference/table.csv" "$mine/table.csv" >&3 || fail "table.csv is not that of an undisturbed run"
	cmp <(sed -n '/^### /,$p' "$reference/table.md") <(sed -n '/^### /,$p' "$mine/table.md") >&3 || fail "table.md is not that of an undisturbed run"
}

check() {
	local twice left done_tasks
	"${command[@]}" --results "$results" -q >>"$dir/last.log" 2>&1 || fail "the run after the round failed"
	same_tables
	done_tasks=$(find "$results/tasks" -path '*damaged*' -prune -o -name result.json -print | wc -l)
	[ "$done_tasks" = "$planned" ] || fail "$done_tasks of $planned tasks are finished"
	twice=$(grep -hoE '^\[[0-9]+/[0-9]+\] [a-z]+-[0-9a-f]{16} [^:]*$' "$dir"/worker-*.log | cut -d' ' -f2 | sort | uniq -d)
	[ -z "$twice" ] || fail "done twice: $twice"
	left=$(find "$results" -name '.otfusion-*' -o -name 'lease*')
	[ -z "$left" ] || fail "left over: $left"
	count[tasks]=$((count[tasks] + done_tasks))
	for ((i = 0; i < 3; i++)); do damage; done
	"${command[@]}" --results "$results" -q >>"$dir/last.log" 2>&1 || fail "the run after the damage failed"
	same_tables
}

# round KIND: process or disk
round() {
	kind=$1
	local w start=$SECONDS next=0
	tally rounds
	rm -f "$dir"/worker-*.log
	results=$dir/round-${count[rounds]}
	if [ "$kind" = disk ]; then results=$dir/disk/round-${count[rounds]}; fi
	mkdir "$results"
	finished=(0 0 0 0)
	for ((w = 0; w < workers; w++)); do spawn $w; done
	while [[ " ${finished[*]} " == *" 0 "* ]]; do
		sleep 0.$((RANDOM % 10))
		if [ $SECONDS -ge $next ] && [ $SECONDS -lt "$duration" ] && [ $((SECONDS - start)) -lt $((patience / 2)) ]; then
			"disturb_$kind"
			next=$((SECONDS + RANDOM % (undisturbed / 4 + 1))) # so that work gets done in between
		fi
		reap
		[ $((SECONDS - start)) -lt $patience ] || fail "the round has not ended in $patience s"
	done
	check
	rm -rf "$results"
}

say "an undisturbed run"
SECONDS=0
"${command[@]}" --results "$dir/reference" -q >"$dir/reference.log" 2>&1 || fail "the undisturbed run failed"
planned=$(find "$dir/reference/tasks" -name result.json | wc -l)
undisturbed=$SECONDS
kinds=(process)
mkdir "$dir/disk"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=96m tmpfs "$dir/disk" 2>/dev/null; then
	kinds+=(disk)
else
	say "no root or no tmpfs: the disk is left alone"
fi
SECONDS=0
while [ $SECONDS -lt "$duration" ]; do round "${kinds[$((count[rounds] % ${#kinds[@]}))]}"; done
say "passed, seed ${SEED:-1}, $SECONDS s (one undisturbed run: $undisturbed s):"
for what in "${!count[@]}"; do echo "$what ${count[$what]}"; done | sort

#!/bin/sh
# Runs an experiment in two shards through a one-node Slurm cluster on loopback
# and checks that every task was done once.
#
#   BIN=bin/otfusion scripts/slurm-smoke.sh
#
# Needs root (slurmd starts jobs as their owner), and Debian's slurm-wlm and munge:
#   apt-get install --no-install-recommends slurm-wlm munge
# All files are in a temporary folder, all ports on 127.0.0.1; both are gone afterwards.
set -eu

bin=$(realpath "${BIN:-bin/otfusion}")
shards=2
for program in munged slurmctld slurmd sbatch scontrol; do
	command -v $program >/dev/null || { echo "slurm-smoke: no $program: apt-get install slurm-wlm munge" >&2; exit 1; }
done
[ -x "$bin" ] || { echo "slurm-smoke: no program $bin: make build" >&2; exit 1; }

dir=$(mktemp -d)
pids=
cleanup() {
	status=$?
	[ $status = 0 ] || tail -n 20 "$dir"/*.log "$dir"/work/slurm-*.out >&2 2>/dev/null || true
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$dir"
	exit $status
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# munged wants its files out of others' reach; its socket must be in reach.
chmod 755 "$dir"
mkdir -m 700 "$dir/munge" "$dir/state" "$dir/spool"
mkdir -m 755 "$dir/socket" "$dir/work"
dd if=/dev/urandom of="$dir/munge/key" bs=128 count=1 2>/dev/null
chmod 400 "$dir/munge/key"

host=$(hostname -s)
memory=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
cat >"$dir/slurm.conf" <<CONF
ClusterName=smoke
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=$dir/socket/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory
PartitionName=smoke Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"

munged --foreground --key-file="$dir/munge/key" --socket="$dir/socket/munge" --pid-file="$dir/munge/pid" \
	--seed-file="$dir/munge/seed" --log-file="$dir/munge/log" --num-threads=1 >"$dir/munged.log" 2>&1 &
pids="$! $pids"
until [ -S "$dir/socket/munge" ]; do sleep 0.2; kill -0 "${pids%% *}"; done
slurmctld -D -c >/dev/null 2>&1 &
pids="$! $pids"
slurmd -D -c >/dev/null 2>&1 &
pids="$! $pids"
n=0
until sinfo --noheader --format=%T 2>/dev/null | grep -q idle; do
	n=$((n + 1))
	[ $n -lt 60 ] || { echo "slurm-smoke: the node did not come up" >&2; exit 1; }
	sleep 1
done
echo "slurm-smoke: $(slurmd -V), node $host is idle" >&2

# A results folder with a space and a quote shows that the script is safe.
cd "$dir/work"
results="the node's results"
ln -s "$bin" otfusion
PATH="$dir/work:$PATH"
export PATH
otfusion experiment manifest mnist-pair --scale smoke --scheduler slurm --shards $shards --cpus 1 --memory 1 \
	--results "$results" --out job.sh
sbatch --wait job.sh
grep -H '^\[' slurm-*.out >&2

# A shard prints [n/total] and the task's name for each task that it finished.
plan=$(otfusion experiment run mnist-pair --scale smoke --results "$results" --dry-run --json -q | grep -c '"finished": true')
done=$(cat slurm-*.out | grep -cE '^\[[0-9]+/[0-9]+\] [a-z]+-[0-9a-f]{16} [^:]*$')
once=$(grep -hoE '^\[[0-9]+/[0-9]+\] [a-z]+-[0-9a-f]{16}' slurm-*.out | cut -d' ' -f2 | sort -u | wc -l)
tasks=$(find "$results/tasks" -name result.json | wc -l)
echo "slurm-smoke: of $tasks tasks, $done were computed, $once of them different; the plan has $plan finished" >&2
[ "$tasks" = "$done" ] && [ "$done" = "$once" ] && [ "$once" = "$plan" ] || { echo "slurm-smoke: a task was done twice or not at all" >&2; exit 1; }
otfusion experiment report mnist-pair --scale smoke --results "$results"

#!/bin/sh
# Times training steps of otfusion and of PyTorch in turn and prints the table of
# docs/benchmarks.md. Exits with 1 where a ratio is below its goal.
#
#     scripts/sidebyside.sh [ROUNDS]
#
# Needs bin/otfusion (make build), an idle machine, and a python3 with torch (Debian:
# python3-torch); PYTHON names another interpreter.
set -eu
unset OPENBLAS_CORETYPE # a core type set for another program slows PyTorch down
rounds=${1:-3}
times=$(mktemp)
trap 'rm -f "$times"' EXIT

# clock KEY COMMAND... notes the median step that a command prints.
clock() {
	key=$1
	shift
	line=$("$@")
	echo "$line" >&2
	echo "$line" | sed -n "s/.*median \([0-9.]*\) s.*/$key \1/p" >>"$times"
}

ours() {
	key=$1
	shift
	clock "$key" bin/otfusion bench train --quiet "$@"
}

theirs() {
	key=$1
	shift
	clock "$key" "${PYTHON:-python3}" internal/bench/testdata/torch_step.py "$@"
}

for _ in $(seq "$rounds"); do
	for arch in vgg11 resnet18; do
		ours $arch.f32 --arch $arch --batch 128 --steps 10
		theirs $arch.torch $arch --steps 6
		ours $arch.bf16 --arch $arch --batch 128 --steps 10 --precision bf16
		theirs $arch.torch_bf16 $arch --steps 6 --bf16
	done
	ours mlpnet.f32 --arch mlpnet --batch 64 --steps 2000
	theirs mlpnet.torch mlpnet --steps 1000
	theirs mlpnet.torch_1 mlpnet --steps 1000 --threads 1
done

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
features=
for flag in avx2 avx512f avx512_bf16 amx_bf16; do
	grep -qw $flag /proc/cpuinfo && features="$features, $flag"
done
echo "$(nproc) cores of ${processor:-$(uname -m)}$features; medians of $rounds rounds."
echo
awk -v amx="$(grep -cw amx_bf16 /proc/cpuinfo || true)" -f scripts/sidebyside.awk "$times"

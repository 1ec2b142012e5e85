#!/bin/sh
# Fuses pairs of torchvision's VGG16 with batch norm and ResNet50, of full size
# and random weights, and loads what comes out in PyTorch with strict=True: the
# aligned parent has to compute what the parent computes. The fusion is written
# as ONNX too; ONNX Runtime has to compute what PyTorch does.
#
#   BIN=bin/otfusion scripts/torchvision-check.sh
#   ONNXRUNTIME=node_modules BIN=bin/otfusion scripts/torchvision-check.sh
#
# ONNXRUNTIME is the node_modules that has onnxruntime-node; without it, ONNX
# Runtime is left out.
# Needs PyTorch and torchvision (Debian: python3-torch python3-torchvision
# python3-pil) in PYTHON, 4 GB of memory and of disk, and some minutes.
set -eu
bin=$(realpath "${BIN:-bin/otfusion}")
python=${PYTHON:-/usr/bin/python3}
check=$(realpath "$(dirname "$0")/torchvision-check.py")
runtime=$(realpath "$(dirname "$0")/onnx-runtime.cjs")
[ -z "${ONNXRUNTIME:-}" ] || ONNXRUNTIME=$(realpath "$ONNXRUNTIME")
"$python" -c 'import torchvision, PIL' || { echo "$0: needs torchvision and PIL in $python" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
for net in vgg16_bn resnet50; do
	echo "== $net"
	"$python" "$check" make $net
	"$bin" info a.pt --json >net.json
	"$bin" info b.pt --arch net.json --json >/dev/null
	"$bin" check a.pt b.pt -q | tail -n 1
	for align in wts acts; do
		images=
		[ $align = wts ] || images="--samples-from images --samples 8"
		# shellcheck disable=SC2086 # several words
		for what in aligned:1,0 fused:1,1; do
			"$bin" fuse a.pt b.pt --align $align $images --mean 0 --std 1 --proportions ${what#*:} --out ${what%:*}.pt -q | tail -n 1
		done
		"$python" "$check" compare $net $align
		[ -n "${ONNXRUNTIME:-}" ] || continue
		"$bin" convert fused.pt fused.onnx -q
		"$python" "$check" case $net $align
		node "$runtime" "$ONNXRUNTIME" case.json
	done
	rm -rf ./*
done

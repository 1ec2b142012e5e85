#!/bin/sh
# Runs models that this program writes as ONNX in ONNX Runtime, and fails where
# logits differ from its own by more than 1e-5. Needs Go, node and npm; installs
# onnxruntime-node (300 MB) into a temporary folder, or takes it from the
# node_modules in ONNXRUNTIME.
set -eu
for tool in node npm; do
	command -v $tool >/dev/null || { echo "$0: needs $tool, which is not installed" >&2; exit 1; }
done
if [ -z "${ONNXRUNTIME:-}" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT INT TERM
	echo "installing onnxruntime-node"
	# Its install script downloads libraries for GPUs, which are not needed.
	npm install --prefix "$work" --ignore-scripts --no-audit --no-fund --silent onnxruntime-node@1.24.3
	export ONNXRUNTIME="$work/node_modules"
fi
go test -count=1 -tags "${TAGS:-}" -v -run '^TestONNXRuntime$' ./models/checkpoint

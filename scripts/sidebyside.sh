#!/bin/sh
# Times training steps of otfusion and of PyTorch in turn, for docs/benchmarks.md.
# Needs bin/otfusion (make build) and a python3 with torch (Debian: python3-torch);
# PYTHON names another interpreter. Run it on an idle machine.
set -eu
python=${PYTHON:-python3}
torch=internal/bench/testdata/torch_step.py
for round in 1 2 3; do
	for arch in vgg11 resnet18; do
		bin/otfusion bench train --arch $arch --batch 128 --steps 10
		$python $torch $arch --steps 6
		bin/otfusion bench train --arch $arch --batch 128 --steps 10 --precision bf16
		$python $torch $arch --steps 6 --bf16
	done
	bin/otfusion bench train --arch mlpnet --batch 64 --steps 2000
	$python $torch mlpnet --steps 1000
	$python $torch mlpnet --steps 1000 --threads 1
done

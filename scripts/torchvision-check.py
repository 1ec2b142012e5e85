#!/usr/bin/env python3
"""The PyTorch side of torchvision-check.sh.

    torchvision-check.py make NET             two networks of random weights, and images
    torchvision-check.py compare NET ALIGN    what otfusion made of them, beside the first
    torchvision-check.py case NET ALIGN       writes what fused.onnx should put out, for onnx-runtime.cjs
"""
import json
import os
import sys

import numpy
import PIL.Image
import torch
import torchvision

LIMIT = 1e-4


def network(name):
    return getattr(torchvision.models, name)().eval()


def random_network(name, seed):
    """A network whose batch norms have statistics, factors and shifts of their own."""
    torch.manual_seed(seed)
    net = network(name)
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.5, 2)
            m.weight.data.uniform_(0.5, 1.5)
            m.bias.data.normal_(0, 0.1)
    return net


def make(name):
    for seed, file in enumerate(["a.pt", "b.pt"]):
        torch.save(random_network(name, seed).state_dict(), file)
    os.mkdir("images")
    rng = numpy.random.default_rng(0)
    for i in range(8):
        pixels = rng.integers(0, 256, (28, 28, 3), dtype=numpy.uint8)
        PIL.Image.fromarray(pixels).resize((224, 224)).save(f"images/{i}.png")


def logits(name, file, x):
    net = network(name)
    net.load_state_dict(torch.load(file), strict=True)
    with torch.no_grad():
        return net(x)


def compare(name, align):
    torch.manual_seed(9)
    x = torch.randn(2, 3, 224, 224)
    parent = logits(name, "a.pt", x)
    off = ((logits(name, "aligned.pt", x) - parent).abs().max() / parent.abs().max()).item()
    fused = logits(name, "fused.pt", x)
    print(f"{name}, {align}: the aligned parent's logits are off by {off:.1e} of the largest; the fusion loads with strict=True")
    if not off <= LIMIT or not torch.isfinite(fused).all():
        sys.exit(f"{name}, {align}: wanted at most {LIMIT}")


def case(name, align):
    torch.manual_seed(10)
    x = torch.randn(1, 3, 224, 224)
    with open("case.json", "w") as f:
        json.dump([{"name": f"{name}, {align}", "file": "fused.onnx", "dims": list(x.shape), "input": x.flatten().tolist(),
                    "logits": logits(name, "fused.pt", x).flatten().tolist()}], f)


if __name__ == "__main__":
    {"make": make, "compare": compare, "case": case}[sys.argv[1]](*sys.argv[2:])

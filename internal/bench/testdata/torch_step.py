"""Times PyTorch's training step of the networks that `otfusion bench train` times.

    python3 torch_step.py vgg11|resnet18|mlpnet [--batch N] [--steps N] [--threads N] [--bf16]

Forward, backward and SGD with momentum and weight decay on one random batch, on all
cores unless told otherwise. Prints median and minimum after three warm-ups.
"""
import argparse
import os
import resource
import time

import torch
from torch import nn


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(conv(inputs, outputs, 3, stride), nn.ReLU(True), conv(outputs, outputs))
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv(inputs, outputs, 1, stride)

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet18():
    blocks, width = [conv(3, 64), nn.ReLU(True)], 64
    for stage, outputs in enumerate([64, 128, 256, 512]):
        for stride in [2 if stage else 1, 1]:
            blocks.append(Residual(width, outputs, stride))
            width = outputs
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10, bias=False))


def vgg11():
    layers, width = [], 3
    for outputs, pool in [(64, 1), (128, 1), (256, 0), (256, 1), (512, 0), (512, 1), (512, 0), (512, 1)]:
        layers += [conv(width, outputs), nn.ReLU(True)] + [nn.MaxPool2d(2)] * pool
        width = outputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10, bias=False))


def mlpnet():
    widths, layers = [784, 400, 200, 100, 10], [nn.Flatten()]
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("arch", choices=["vgg11", "resnet18", "mlpnet"])
    parser.add_argument("--batch", type=int)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    small = args.arch == "mlpnet"
    batch = args.batch or (64 if small else 128)
    net = globals()[args.arch]()
    x = torch.randn(batch, *((1, 28, 28) if small else (3, 32, 32)))
    labels = torch.randint(10, (batch,))
    if args.bf16:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    seconds = []
    for _ in range(3 + args.steps):
        start = time.perf_counter()
        sgd.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, args.bf16):
            logits = net(x)
        nn.functional.cross_entropy(logits.float(), labels).backward()
        sgd.step()
        seconds.append(time.perf_counter() - start)
    seconds = sorted(seconds[3:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"torch {torch.__version__} {args.arch} batch {batch} {'bf16' if args.bf16 else 'f32'} "
          f"threads {torch.get_num_threads()}: median {seconds[len(seconds) // 2]:.5f} s, "
          f"min {seconds[0]:.5f} s a step, peak memory {peak:.0f} MB")


main()

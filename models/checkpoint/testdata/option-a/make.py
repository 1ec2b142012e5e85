"""Makes two ResNet8 for CIFAR (He et al. 2016) whose shortcuts have no
parameters: option A, with the zero channels on both sides, as in the common
code, and at the end. Random weights, and the logits of an image of ramps.

    python3 make.py

Written with PyTorch 1.13.
"""
import json
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, before, channels, stride, end):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        more = channels - before
        self.pad = (0, more) if end else (more // 2, more - more // 2)
        self.stride = stride

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride != 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0) + self.pad)
        return F.relu(y + x)


class Net(nn.Module):
    def __init__(self, end):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4, 1, end))
        self.layer2 = nn.Sequential(Block(4, 8, 2, end))
        self.layer3 = nn.Sequential(Block(8, 16, 2, end))
        self.linear = nn.Linear(16, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


ramps = torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32)
logits = {}
for name in ["sides", "end"]:
    torch.manual_seed(1)
    net = Net(name == "end")
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.running_mean, -0.2, 0.2)
            nn.init.uniform_(m.running_var, 0.5, 1.5)
    net.eval()
    torch.save(net.state_dict(), name + ".pt")
    with torch.no_grad():
        logits[name] = net(ramps)[0].tolist()
with open("logits.json", "w") as f:
    json.dump(logits, f, indent=1)

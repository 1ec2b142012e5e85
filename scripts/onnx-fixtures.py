"""Writes the ONNX models that the tests of models/checkpoint read, exported by
PyTorch from narrow networks of random weights, and the logits that PyTorch
computes (Debian: python3-torch, python3-torchvision, python3-onnx).

    python3 scripts/onnx-fixtures.py [FOLDER]

The input of each network is ((37 i + 11) mod 101) / 50 - 1, i counting the values
of two samples.
"""

import json
import os
import sys
import warnings

import onnx
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.onnx import TrainingMode

warnings.filterwarnings("ignore")
FOLDER = sys.argv[1] if len(sys.argv) > 1 else "models/checkpoint/testdata/onnx"
EVAL, KEPT = TrainingMode.EVAL, TrainingMode.PRESERVE  # EVAL folds batch norms into convolutions
logits = {}


def sample(shape, dtype=torch.float32):
    n = 2
    for d in shape:
        n *= d
    i = torch.arange(n, dtype=torch.float64)
    return (((37 * i + 11) % 101) / 50 - 1).to(dtype).reshape(2, *shape)


def randomise(net, seed):
    torch.manual_seed(seed)
    for m in net.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(m.running_mean, 0, 0.2)
            nn.init.uniform_(m.running_var, 0.5, 1.5)
            if m.affine:
                nn.init.uniform_(m.weight, 0.5, 1.5)
                nn.init.normal_(m.bias, 0, 0.2)
        elif isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight)
            if m.bias is not None:
                nn.init.normal_(m.bias, 0, 0.1)
    return net.eval()


def export(name, net, shape, opset, training=EVAL, dynamic=True, fold=True, dtype=torch.float32):
    net = randomise(net, len(logits)).to(dtype)
    x = sample(shape, dtype)
    path = os.path.join(FOLDER, name + ".onnx")
    torch.onnx.export(
        net, x[:1], path, opset_version=opset, training=training, do_constant_folding=fold,
        input_names=["images"], output_names=["scores"], dynamic_axes={"images": {0: "batch"}} if dynamic else None)
    with torch.no_grad():
        logits[name] = net(x).to(torch.float64).flatten().tolist()
    return path


class MLP(nn.Module):
    def __init__(self, bias=True):
        super().__init__()
        self.fc1 = nn.Linear(64, 12, bias)
        self.fc2 = nn.Linear(12, 8, bias)
        self.fc3 = nn.Linear(8, 5, bias)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def vgg11(norm, width=2):
    layers, channels = [], 3
    for out in [1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8, "M"]:
        if out == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(channels, out * width, 3, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(out * width))
        layers.append(nn.ReLU(inplace=True))
        channels = out * width

    class VGG(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(*layers)
            self.classifier = nn.Sequential(nn.Linear(channels, 12), nn.ReLU(True), nn.Dropout(), nn.Linear(12, 5))

        def forward(self, x):
            return self.classifier(torch.flatten(self.features(x), 1))

    return VGG()


class Block(nn.Module):
    def __init__(self, channels, out, stride, norm):
        super().__init__()
        make = nn.BatchNorm2d if norm else lambda n: nn.Identity()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = make(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = make(out)
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), make(out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class PreActivation(nn.Module):
    def __init__(self, channels, out, stride, norm):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False))

    def forward(self, x):
        y = F.relu(self.bn1(x))
        shortcut = self.shortcut(y) if hasattr(self, "shortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + shortcut


class ResNet(nn.Module):
    def __init__(self, block, counts, widths, norm=True, stem=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7 if stem else 3, 2 if stem else 1, 3 if stem else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0]) if norm and block is Block else nn.Identity()
        self.relu = nn.ReLU(inplace=True) if block is Block else nn.Identity()
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem else nn.Identity()
        channels = widths[0]
        for i, (count, width) in enumerate(zip(counts, widths)):
            blocks = []
            for j in range(count):
                blocks.append(block(channels, width, 2 if i and not j else 1, norm))
                channels = width
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.stages = len(counts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, 5)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class InvertedResidual(nn.Module):
    def __init__(self, channels, out, stride, expand):
        super().__init__()
        hidden = channels * expand
        self.residual = stride == 1 and channels == out

        def unit(i, o, k, s, g):
            return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o), nn.ReLU6(inplace=True))

        self.conv = nn.Sequential(
            unit(channels, hidden, 1, 1, 1), unit(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6(inplace=True)),
            InvertedResidual(6, 6, 1, 3), InvertedResidual(6, 8, 2, 3), InvertedResidual(8, 8, 1, 3), InvertedResidual(8, 10, 2, 3),
            nn.Sequential(nn.Conv2d(10, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True)))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, 5))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.gelu = nn.GELU()
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1)
        self.silu = nn.SiLU()
        self.conv3 = nn.Conv2d(6, 6, 3, padding=1)
        self.leaky = nn.LeakyReLU(0.2)
        self.conv4 = nn.Conv2d(6, 6, 3, padding=1)
        self.elu = nn.ELU(0.7)
        self.head = nn.Sequential(
            nn.Linear(6 * 64, 8), nn.Tanh(), nn.Linear(8, 8), nn.Sigmoid(), nn.BatchNorm1d(8, eps=1e-3), nn.Linear(8, 8), nn.Hardtanh(0, 6),
            nn.BatchNorm1d(8, affine=False), nn.Linear(8, 5, bias=False))

    def forward(self, x):
        x = self.leaky(self.conv3(self.silu(self.conv2(self.gelu(self.conv1(x))))))
        return self.head(torch.flatten(self.elu(self.conv4(x)), 1))


class Pools(nn.Module):
    def __init__(self, pad):
        super().__init__()
        self.pad = nn.ZeroPad2d(1) if pad else nn.Identity()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=0 if pad else 1)
        self.max = nn.MaxPool2d(3, 2, 1)
        self.conv2 = nn.Conv2d(6, 8, 3, groups=2, padding=1)
        self.avg = nn.AvgPool2d(3, 1, 1)
        self.ceil = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.adaptive = nn.AdaptiveAvgPool2d(1 if pad else 2)
        self.fc = nn.Linear(8 if pad else 32, 5)

    def forward(self, x):
        x = self.max(F.relu(self.conv1(self.pad(x))))
        x = self.adaptive(self.ceil(self.avg(F.relu(self.conv2(x)))))
        return self.fc(x.reshape(-1, x.size(1) * x.size(2) * x.size(3)))


class Example(nn.Module):
    """The network of PyTorch's MNIST example, narrower."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.conv2 = nn.Conv2d(4, 6, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.fc1 = nn.Linear(216, 8)
        self.fc2 = nn.Linear(8, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.relu(self.fc1(torch.flatten(self.dropout1(x), 1)))
        return F.log_softmax(self.fc2(x), dim=1)


def densenet():
    net = torchvision.models.DenseNet(growth_rate=4, block_config=(2, 3), num_init_features=8, bn_size=2, num_classes=5)
    for m in net.modules():
        if isinstance(m, nn.ReLU):
            m.inplace = False
    return net


def main():
    os.makedirs(FOLDER, exist_ok=True)
    mlp, image = (1, 8, 8), (3, 32, 32)
    export("mlp", MLP(), mlp, 11)
    export("mlp-unfolded", MLP(bias=False), mlp, 12, dynamic=False, fold=False)
    export("mlp-double", MLP(), mlp, 13, dtype=torch.float64)
    export("vgg11", vgg11(False), image, 11, dynamic=False)
    export("vgg11_bn", vgg11(True), image, 12)
    export("vgg11_bn-kept", vgg11(True), image, 13, training=KEPT)
    export("resnet18", ResNet(Block, [2, 2, 2, 2], [2, 4, 8, 16], norm=False, stem=True), image, 13)
    export("resnet18_bn", ResNet(Block, [2, 2, 2, 2], [2, 4, 8, 16]), image, 14, fold=False)
    export("resnet18_bn-kept", ResNet(Block, [2, 2, 2, 2], [2, 4, 8, 16], stem=True), image, 15, training=KEPT, fold=False)
    export("resnet20_bn-kept", ResNet(Block, [3, 3, 3], [2, 4, 8]), image, 16, training=KEPT)
    export("preactresnet18", ResNet(PreActivation, [2, 2, 2, 2], [2, 4, 8, 16]), image, 17, training=KEPT)
    export("mobilenetv2", MobileNetV2(), image, 17)
    export("mobilenetv2-kept", MobileNetV2(), image, 13, training=KEPT)
    export("densenet", densenet(), image, 14)
    export("densenet-kept", densenet(), image, 11, training=KEPT, dynamic=False, fold=False)
    export("activations", Activations(), (3, 8, 8), 16)
    export("activations-kept", Activations(), (3, 8, 8), 12, training=KEPT, fold=False)
    export("pools", Pools(pad=False), (3, 16, 16), 11)
    export("pools-pad", Pools(pad=True), (3, 16, 16), 17, dynamic=False)
    export("example", Example(), (1, 16, 16), 15)
    path = export("external", MLP(), mlp, 14)
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location="external.bin", size_threshold=0)
    with open(os.path.join(FOLDER, "logits.json"), "w") as f:
        json.dump({name: [float("%.9g" % v) for v in values] for name, values in logits.items()}, f, indent=0)
        f.write("\n")


main()

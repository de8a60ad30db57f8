#!/usr/bin/env python3
"""Writes the small ONNX networks of the tests, with random weights: network.onnx, from pictures to 6 classes, and two_ports.onnx, with two
inputs and two outputs.

Run again only where the files are to change: other versions of PyTorch give other random numbers.
"""

import pathlib

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1, stride=2, bias=False)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.stage1 = Block(8, 16)
        self.clipped = nn.ReLU6()
        self.stage2 = Block(16, 24)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(24, 6)

    def forward(self, pictures):
        x = self.clipped(self.stage1(torch.relu(self.stem(pictures))))
        return self.classifier(torch.flatten(self.pool(self.stage2(x)), 1))


class TwoPorts(nn.Module):
    def __init__(self):
        super().__init__()
        self.colour = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.distance = nn.Conv2d(1, 6, 3, padding=1)
        self.mix = nn.Conv2d(12, 8, 3, padding=1)
        self.score = nn.Linear(8, 4)
        self.map = nn.Conv2d(8, 2, 1)

    def forward(self, picture, depth):
        both = torch.cat([torch.relu(self.colour(picture)), torch.relu(self.distance(depth))], 1)
        mixed = torch.relu(self.mix(both))
        return self.score(mixed.mean((2, 3))), self.map(mixed)


def export(network, inputs, name, **names):
    path = pathlib.Path(__file__).with_name(name)
    torch.onnx.export(network.eval(), inputs, str(path), opset_version=13, **names)


torch.manual_seed(0)
export(Network(), torch.zeros(1, 3, 64, 64), "network.onnx", input_names=["pictures"], output_names=["logits"],
       dynamic_axes={"pictures": {0: "examples", 2: "rows", 3: "columns"}, "logits": {0: "examples"}})
export(TwoPorts(), (torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 8, 8)), "two_ports.onnx", input_names=["picture", "depth"],
       output_names=["scores", "map"],
       dynamic_axes={name: {0: "examples"} for name in ("picture", "depth", "scores", "map")})

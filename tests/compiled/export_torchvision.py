"""Writes networks of torchvision with random weights as TorchScript, and as ONNX where the size of its pictures is given:
export_torchvision.py FOLDER NAME[:SIZE] ..."""
import os
import sys
import warnings

import torch
import torchvision

warnings.filterwarnings("ignore")
for argument in sys.argv[2:]:
    name, _, size = argument.partition(":")
    torch.manual_seed(0)
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    network = getattr(torchvision.models, name)(weights=None, **options).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics of an untrained network would be 0 and 1
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            # resnet152's blocks would add up to more than float32 holds
            module.weight.data.uniform_(0.5, 1.0 if name == "resnet152" else 1.5)
            module.bias.data.uniform_(-0.2, 0.2)
    path = os.path.join(sys.argv[1], name)
    if size:
        torch.onnx.export(network, torch.zeros(1, 3, int(size), int(size)), path + ".onnx.new", input_names=["image"],
                          output_names=["scores"], dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}})
        os.rename(path + ".onnx.new", path + ".onnx")
    torch.jit.script(network).save(path + ".pt.new")
    os.rename(path + ".pt.new", path + ".pt")

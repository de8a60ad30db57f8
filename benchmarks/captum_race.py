#!/usr/bin/python3
"""Races whycam against Captum: same libtorch, threads, weights and inputs.

usage: captum_race.py WORKER [--method guided-grad-cam|integrated-gradients] [--rounds N] [--threads N] [--device cpu|cuda]
                      [--networks NAME ...] [--batches N ...]

WORKER is build/benchmarks/whycam_explain_worker. Needs PyTorch and torchvision for Python built on the libtorch that
whycam uses (Debian: python3-torch, python3-torchvision), and Captum. For each network and batch it first proves the two
answers equal, then lets the two explain in turns, and prints the ratio of their medians: below 1, whycam is faster.
Absolute times say little on a shared machine and are not printed. Both sides keep freed memory (see MALLOC below): glibc
otherwise returns it to the system after each explanation and fetches it again, page by page, at the next, which takes longer
than computing and hits the two sides at random. On a GPU, both wait for it before the clock stops. Integrated gradients
take 50 steps; Captum puts them into batches of 50 inputs.
"""
import argparse
import copy
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import torch
import torchvision
from captum.attr import GuidedGradCam, IntegratedGradients

from race_worker import MALLOC

# The last convolutional stage of each network.
LAYERS = {
    "resnet18": "layer4",
    "resnet50": "layer4",
    "vgg16": "features",
    "squeezenet1_0": "features",
    "densenet121": "features",
    "mobilenet_v2": "features",
}
TOLERANCE = 1e-3  # relative L2 error: float32 rounding through some hundred layers


def arguments():
    parser = argparse.ArgumentParser(description="Races whycam against Captum.")
    parser.add_argument("worker")
    parser.add_argument("--method", default="guided-grad-cam", choices=["guided-grad-cam", "integrated-gradients"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--networks", nargs="+", default=list(LAYERS), choices=list(LAYERS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    return parser.parse_args()


def without_in_place(network):
    """Captum cannot explain ReLUs that work in place."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    if isinstance(network, torchvision.models.DenseNet):
        # Its forward calls the function in place behind the features; the module below is the same function.
        network.last_relu = torch.nn.ReLU()
        network.forward = lambda x: network.classifier(
            torch.flatten(torch.nn.functional.adaptive_avg_pool2d(network.last_relu(network.features(x)), (1, 1)), 1))
    return network


def attribute_of(method, network, layer):
    """What explains (inputs, target)."""
    if method == "guided-grad-cam":
        return GuidedGradCam(network, layer).attribute
    attribute = IntegratedGradients(network).attribute
    return lambda inputs, target: attribute(inputs, target=target, n_steps=50, internal_batch_size=50)


def explained(attribute, inputs, target):
    attribution = attribute(inputs, target)
    if inputs.is_cuda:
        torch.cuda.synchronize()
    return attribution


def race(options, name, batch, folder):
    torch.manual_seed(0)
    network = getattr(torchvision.models, name)(weights=None).eval()
    inputs = torch.randn(batch, 3, 224, 224)
    files = {key: os.path.join(folder, key) for key in ("network.pt", "input.npy", "answer.npy")}
    torch.jit.script(network).save(files["network.pt"])
    numpy.save(files["input.npy"], inputs.numpy())

    reference = without_in_place(network).to(options.device)
    inputs = inputs.to(options.device)
    attribute = attribute_of(options.method, reference, getattr(reference, LAYERS[name]))
    # Weights are random: a class whose Grad-CAM is positive nowhere has an answer of zeros, which would prove nothing.
    for target in range(100):
        expected = attribute(inputs, target).detach().cpu().double()  # squares of tiny answers vanish in float32
        if expected.norm() > 0:
            break
    process = subprocess.Popen(
        [options.worker, options.method, files["network.pt"], files["input.npy"], LAYERS[name], str(target),
         str(options.threads), options.device, files["answer.npy"]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdout.readline().strip() != "ready":
        sys.exit("the worker failed")

    error = ((torch.from_numpy(numpy.load(files["answer.npy"])) - expected).norm() / expected.norm()).item()
    if not error <= TOLERANCE:
        sys.exit(f"{name}, batch {batch}: the answers differ by {error:.2e}; there is nothing to race")

    times = {"whycam": [], "captum": []}
    for _ in range(options.rounds):
        process.stdin.write("\n")
        process.stdin.flush()
        times["whycam"].append(float(process.stdout.readline()))
        start = time.perf_counter()
        explained(attribute, inputs, target)
        times["captum"].append(time.perf_counter() - start)
    process.stdin.close()
    process.wait()
    ratio = statistics.median(times["whycam"]) / statistics.median(times["captum"])
    print(f"{name:14} batch {batch}: whycam / Captum = {ratio:.2f}   (answers equal to {error:.0e})", flush=True)
    return ratio


def main():
    options = arguments()
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            for batch in options.batches:
                ratios.append(race(options, name, batch, folder))
    print(f"geometric mean {math.exp(statistics.mean(map(math.log, ratios))):.2f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    main()

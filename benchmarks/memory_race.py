#!/usr/bin/env python3
"""Compares the most memory that an explanation takes with that of ONNX Runtime's plain forward pass of the same file.

usage: memory_race.py WORKER NETWORK.onnx ... [--batch N] [--threads N] [--size N]

WORKER is a build's whycam_plan_worker. Each side is a process of its own that computes the same input a few times, and both must give equal
outputs to a relative L2 error of 1e-4. Of whycam's process all is counted, its libraries too; of ONNX Runtime's only what comes on top
of Python and the libraries. It takes NumPy and ONNX Runtime, and Linux.
"""
import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

from forward_pass import require_equal
from race_worker import Worker

TURNS = 3
FORWARD = """
import sys, numpy, onnxruntime
from forward_pass import session_of
def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))
x = numpy.load(sys.argv[2])
before = status("VmRSS")
open("/proc/self/clear_refs", "w").write("5")  # the peak is counted from here
session = session_of(sys.argv[1], int(sys.argv[4]))
for _ in range(int(sys.argv[5])):
    y = session.run(None, {session.get_inputs()[0].name: x})[0]
print(status("VmHWM") - before)
numpy.save(sys.argv[3], y)
"""


def peak_of(process):
    with open(f"/proc/{process}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def compare(options, network, folder):
    x, answer, output, expected = (os.path.join(folder, name + ".npy") for name in ("x", "answer", "output", "expected"))
    shape = (options.batch, 3, options.size, options.size)
    numpy.save(x, numpy.random.default_rng(0).standard_normal(shape, dtype=numpy.float32))
    command = [sys.executable, "-c", FORWARD, network, x, expected, str(options.threads), str(TURNS)]
    here = os.path.dirname(os.path.abspath(__file__))  # where forward_pass is looked for
    forward = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": here}).stdout)
    worker = Worker(options.worker, [network, x, answer, "exact", output], options.threads)
    for _ in range(TURNS):
        worker.take_turn()
    explanation = peak_of(worker.process.pid)
    worker.end()
    require_equal(numpy.load(output), numpy.load(expected), network)
    print(f"{os.path.basename(network):24} batch {options.batch}: explanation / forward pass = {explanation / forward:.2f}", flush=True)
    return explanation / forward


def main():
    parser = argparse.ArgumentParser(description="Compares the peak memory of an explanation with ONNX Runtime's plain forward pass.")
    parser.add_argument("worker")
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ratios = [compare(options, network, folder) for network in options.networks]
    print(f"geometric mean {math.exp(statistics.mean(map(math.log, ratios))):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Races an explanation against ONNX Runtime's plain forward pass of the same file.

usage: forward_race.py WORKER NETWORK.onnx ... [--precision fast] [--batches N ...] [--rounds N] [--threads N] [--size N] [--first]

WORKER is a build's whycam_plan_worker. First both compute the network's output, which must be equal to a relative L2 error of 1e-4. Then
they take turns in blocks of runs, the first of which is not counted; before each block the other's threads have time to fall asleep. The
ratio of the medians is printed for each network and batch, and the geometric mean of all. NETWORK may have a fixed batch of 1, and is then
raced with that alone. With --first, each round begins a process and counts its first explanation, which makes the plan; the network is
loaded before, and the first of each block only brings memory that a host has taken back. It takes NumPy, ONNX and ONNX Runtime.
"""
import argparse
import math
import os
import statistics
import sys
import tempfile
import time

import numpy

from forward_pass import require_equal, session_of
from race_worker import MALLOC, Worker

BLOCK = 5  # runs of a block that count
SLEEP = 0.2  # seconds in which OpenMP's and ONNX Runtime's threads stop waiting awake


def arguments():
    parser = argparse.ArgumentParser(description="Races an explanation against ONNX Runtime's plain forward pass.")
    parser.add_argument("worker")
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--precision", default="exact", choices=["exact", "fast"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=5, help="blocks of each side (default: 5)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--first", action="store_true", help="race the first explanation of a process")
    return parser.parse_args()


def seconds_of(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def block(take_turn):
    time.sleep(SLEEP)
    take_turn()
    return [take_turn() for _ in range(BLOCK)]


def first_of(worker):
    worker.end()
    return float(worker.first)


def race(options, network, batch, folder):
    session = session_of(network, options.threads)
    given = session.get_inputs()[0]
    if isinstance(given.shape[0], int) and given.shape[0] != batch:
        return None
    inputs, answer, output = (os.path.join(folder, name) for name in ("input.npy", "answer.npy", "output.npy"))
    x = numpy.random.default_rng(0).standard_normal((batch, 3, options.size, options.size), dtype=numpy.float32)
    numpy.save(inputs, x)
    forward = lambda: session.run(None, {given.name: x})
    start = lambda: Worker(options.worker, [network, inputs, answer, options.precision, output], options.threads)
    worker = start()
    error = require_equal(numpy.load(output), forward()[0], f"{network}, batch {batch}")
    explaining, running = [], []
    for _ in range(options.rounds):
        explaining += block(lambda: first_of(start()) if options.first else worker.take_turn())
        running += block(lambda: seconds_of(forward))
    worker.end()
    ratio = statistics.median(explaining) / statistics.median(running)
    print(f"{os.path.basename(network):24} batch {batch}: {'first ' if options.first else ''}explanation / forward pass = {ratio:.2f}   (outputs equal to {error:.0e})", flush=True)
    return ratio


def main():
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):  # the C library reads them as a program starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        ratios = [race(options, network, batch, folder) for network in options.networks for batch in options.batches]
    ratios = [ratio for ratio in ratios if ratio is not None]
    print(f"geometric mean {math.exp(statistics.mean(map(math.log, ratios))):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()

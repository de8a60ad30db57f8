#!/usr/bin/env python3
"""Races two builds of whycam against each other on ONNX networks: of two revisions, or with two versions of oneDNN.

usage: build_race.py WORKER OTHER_WORKER NETWORK.onnx ... [--batches N ...] [--rounds N] [--threads N] [--size N]

A worker is a build's whycam_plan_worker, or a command that ends in it (one that runs it in another root, say). For each network and
batch the answers of both are compared first. Then they take turns, and the ratio of their medians is printed: below 1, the first
is faster. Both keep freed memory (MALLOC), since giving it back and fetching it again hits both at random. It takes NumPy.
"""
import argparse
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

import numpy

MALLOC = {"MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_MMAP_THRESHOLD_": "4294967296"}
TOLERANCE = 2e-3  # relative L2 error: rounding flips some ReLUs' masks where two versions compute in another order


def arguments():
    parser = argparse.ArgumentParser(description="Races two builds of whycam.")
    parser.add_argument("workers", nargs=2)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--folder", help="for the workers' files, where both must see it; a temporary one by default")
    return parser.parse_args()


class Worker:
    def __init__(self, command, network, inputs, answer, threads):
        settings = [f"{name}={value}" for name, value in {**MALLOC, "OMP_NUM_THREADS": threads}.items()]
        # Through env, as a command that changes the root may drop the environment.
        words = shlex.split(command)
        self.process = subprocess.Popen([*words[:-1], "env", *settings, words[-1], network, inputs, answer],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"the worker failed: {command}")
        self.seconds = []

    def take_turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def race(options, network, batch, folder):
    inputs, answers = os.path.join(folder, "input.npy"), [os.path.join(folder, f"answer{i}.npy") for i in (0, 1)]
    numpy.save(inputs, numpy.random.default_rng(0).standard_normal((batch, 3, options.size, options.size), dtype=numpy.float32))
    workers = [Worker(command, network, inputs, answer, options.threads) for command, answer in zip(options.workers, answers)]
    one, other = (numpy.load(answer).astype(numpy.float64) for answer in answers)
    error = numpy.linalg.norm(one - other) / numpy.linalg.norm(other)
    if not error <= TOLERANCE:
        sys.exit(f"{network}, batch {batch}: the answers differ by {error:.1e}; there is nothing to race")
    for _ in range(options.rounds):
        for worker in workers:
            worker.take_turn()
    for worker in workers:
        worker.end()
    ratio = statistics.median(workers[0].seconds) / statistics.median(workers[1].seconds)
    print(f"{os.path.basename(network):24} batch {batch}: first / second = {ratio:.2f}   (answers equal to {error:.0e})", flush=True)
    return ratio


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ratios = [race(options, network, batch, folder) for network in options.networks for batch in options.batches]
    print(f"geometric mean {math.exp(statistics.mean(map(math.log, ratios))):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()

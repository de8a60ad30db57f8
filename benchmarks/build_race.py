#!/usr/bin/env python3
"""Races two builds of whycam against each other on ONNX networks: of two revisions, or with two versions of oneDNN.

usage: build_race.py WORKER OTHER_WORKER NETWORK.onnx ... [--batches N ...] [--starts N] [--rounds N] [--threads N] [--size N]

A worker is a build's whycam_plan_worker, or a command that ends in it (one that runs it in another root, say). For each network and
batch both take turns; then their answers are compared, and the ratio of the medians is printed: below 1, the first is
faster. It takes NumPy.
"""
import argparse
import math
import os
import statistics
import sys
import tempfile

import numpy

from race_worker import Worker

TOLERANCE = 2e-3  # relative L2 error: rounding flips some ReLUs' masks where two versions compute in another order


def arguments():
    parser = argparse.ArgumentParser(description="Races two builds of whycam.")
    parser.add_argument("workers", nargs=2)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--starts", type=int, default=4, help="how often both workers are started anew (default: 4)")
    parser.add_argument("--rounds", type=int, default=6, help="turns after each start (default: 6)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--folder", help="for the workers' files, where both must see it; a temporary one by default")
    return parser.parse_args()


def race(options, network, batch, folder):
    inputs, answers = os.path.join(folder, "input.npy"), [os.path.join(folder, f"answer{i}.npy") for i in (0, 1)]
    numpy.save(inputs, numpy.random.default_rng(0).standard_normal((batch, 3, options.size, options.size), dtype=numpy.float32))
    seconds = [[], []]
    for start in range(options.starts):
        # Whoever starts or begins first may get slower memory or a colder cache, so both do it equally often.
        workers = [None, None]
        order = (0, 1) if start % 2 == 0 else (1, 0)
        for i in order:
            workers[i] = Worker(options.workers[i], [network, inputs, answers[i]], options.threads)
        for turn in range(options.rounds):
            for i in order if turn % 2 == 0 else order[::-1]:
                seconds[i].append(workers[i].take_turn())
        for worker in workers:
            worker.end()
    one, other = (numpy.load(answer).astype(numpy.float64) for answer in answers)
    error = numpy.linalg.norm(one - other) / numpy.linalg.norm(other)
    if not error <= TOLERANCE:
        sys.exit(f"{network}, batch {batch}: the answers differ by {error:.1e}; there is nothing to race")
    ratio = statistics.median(seconds[0]) / statistics.median(seconds[1])
    print(f"{os.path.basename(network):24} batch {batch}: first / second = {ratio:.2f}   (answers equal to {error:.0e})", flush=True)
    return ratio


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ratios = [race(options, network, batch, folder) for network in options.networks for batch in options.batches]
    print(f"geometric mean {math.exp(statistics.mean(map(math.log, ratios))):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()

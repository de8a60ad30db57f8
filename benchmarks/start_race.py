#!/usr/bin/python3
"""Races the command that was built without libtorch against the one with it, each from process start to written files.

usage: start_race.py WITH_LIBTORCH WITHOUT_LIBTORCH NETWORK PICTURE [ROUNDS [TORCHSCRIPT]]

NETWORK is a .pt2 or an ONNX file. Where the same network is given as a TorchScript file, too, the command with libtorch explains that one.
First both explain the picture once, and their raw attributions must be equal to a relative L2 error of 1e-4. Then they take turns.
Times and peak memories are of whole processes, as the system counts them (wait4). It takes NumPy.
"""

import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy


def run(command):
    """Seconds and MiB of one process."""
    begin = time.perf_counter()
    process = os.fork()
    if process == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def prove_equal(folders):
    names = [sorted(path.name for path in folder.glob("*.npy")) for folder in folders]
    if not names[0] or names[0] != names[1]:
        sys.exit(f"other files: {names[0]} and {names[1]}")
    worst = 0.0
    for name in names[0]:
        one, other = (numpy.load(folder / name).astype(numpy.float64) for folder in folders)
        worst = max(worst, float(numpy.linalg.norm(one - other) / numpy.linalg.norm(one)))
    if not worst < 1e-4:
        sys.exit(f"other answers: a relative error of {worst:.2g}")
    print(f"{len(names[0])} attributions are equal to a relative error of {worst:.1g}")


def main():
    if len(sys.argv) not in (5, 6, 7):
        sys.exit(__doc__)
    commands, network, picture = [os.path.abspath(path) for path in sys.argv[1:3]], sys.argv[3], sys.argv[4]
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 20
    networks = [sys.argv[6] if len(sys.argv) > 6 else network, network]
    with tempfile.TemporaryDirectory() as temporary:
        folders = [pathlib.Path(temporary) / name for name in ("with", "without")]
        explain = [
            [command, "explain", file, picture, "--output-dir", str(folder)]
            for command, file, folder in zip(commands, networks, folders)
        ]
        for one in explain:
            run(one + ["--save-npy"])
        prove_equal(folders)
        results = [[], []], [[], []]
        for _ in range(rounds):
            for kind, lines in enumerate((explain, [[command, "--version"] for command in commands])):
                for side, line in enumerate(lines):
                    results[kind][side].append(run(line))
    for name, sides in zip(("explain", "--version"), results):
        seconds = [statistics.median(one[0] for one in side) for side in sides]
        memory = [statistics.median(one[1] for one in side) for side in sides]
        print(f"{name}: with libtorch {seconds[0]:.3f} s and {memory[0]:.0f} MiB, without {seconds[1]:.3f} s and {memory[1]:.0f} MiB; "
              f"without / with = {seconds[1] / seconds[0]:.2f} of the time, {memory[1] / memory[0]:.2f} of the memory (medians of {rounds})")


if __name__ == "__main__":
    main()

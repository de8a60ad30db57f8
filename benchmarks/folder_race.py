#!/usr/bin/env python3
"""Races the command over a folder: one worker with all threads against as many workers as it takes by itself.

usage: folder_race.py WHYCAM NETWORK PICTURE [--pictures N] [--rounds N] [--threads N]

The folder holds the picture N times over. Both sides must give the same classes, and scores equal to 1e-4 of themselves. Then they take
turns. Pictures per second are those from the tenth on, reading and writing included, so that loading the network and making its plan do not
count; whycam_workers_race says how many are explained where none is read or written.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FIRST = 10  # pictures of the short run, which is taken off


def run(options, folder, output, arguments):
    shutil.rmtree(output, ignore_errors=True)
    begin = time.perf_counter()
    subprocess.run([options.whycam, "explain", options.network, folder, "--output-dir", output, "--quiet", *arguments], check=True)
    return time.perf_counter() - begin


def answers(output):
    with open(os.path.join(output, "manifest.jsonl")) as manifest:
        return [(line["class"], line["score"]) for line in map(json.loads, manifest)]


def main():
    parser = argparse.ArgumentParser(description="Races the command over a folder, with one worker and with several.")
    parser.add_argument("whycam")
    parser.add_argument("network")
    parser.add_argument("picture")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    threads = [f"--threads={options.threads}"] if options.threads else []
    sides = {"one worker": [*threads, "--workers=1"], "several": threads}
    with tempfile.TemporaryDirectory() as place:
        short, whole = (os.path.join(place, name) for name in ("short", "whole"))
        for folder, count in ((short, FIRST), (whole, FIRST + options.pictures)):
            os.mkdir(folder)
            for i in range(count):
                shutil.copy(options.picture, os.path.join(folder, f"{i}{os.path.splitext(options.picture)[1]}"))
        rates = {side: [] for side in sides}
        for _ in range(options.rounds):
            for side, arguments in sides.items():
                output = os.path.join(place, side)
                seconds = -run(options, short, output, arguments) + run(options, whole, output, arguments)
                rates[side].append(options.pictures / seconds)
        expected, actual = (answers(os.path.join(place, side)) for side in sides)
        if len(expected) != len(actual) or any(a[0] != b[0] or abs(a[1] - b[1]) > 1e-4 * abs(a[1]) for a, b in zip(expected, actual)):
            sys.exit("the answers differ; there is nothing to race")
    for side in sides:
        print(f"{side}: {statistics.median(rates[side]):.1f} pictures per second")
    print(f"several / one worker = {statistics.median(b / a for a, b in zip(*rates.values())):.2f}")


if __name__ == "__main__":
    main()

"""Doubles the nodes of ONNX networks and shows how the time of `whycam layers` and `whycam explain` grows: near 2 is linear, 4 the square.

usage: scaling.py WHYCAM [NODES [DOUBLINGS]]
"""
import os
import resource
import struct
import subprocess
import sys
import tempfile


def varint(number):
    parts = b""
    while number > 127:
        parts += bytes([number & 127 | 128])
        number >>= 7
    return parts + bytes([number])


def field(tag, content):
    if isinstance(content, int):
        return varint(tag << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(tag << 3 | 2) + varint(len(content)) + content


def node(op, inputs, output, name=""):
    return b"".join(field(1, one) for one in inputs) + field(2, output) + field(3, name or output) + field(4, op)


def port(name, shape):
    dims = b"".join(field(1, field(1, extent) if extent else field(2, "n")) for extent in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def weight(name):
    return b"".join(field(1, 1) for _ in range(4)) + field(2, 1) + field(8, name) + field(9, struct.pack("<f", 1))


def network(body, weights):
    nodes = [node("Conv", ["x", "w"], "r0")] + body
    nodes += [node("GlobalAveragePool", [f"r{len(body)}"], "mean"), node("Flatten", ["mean"], "y")]
    graph = b"".join(field(1, one) for one in nodes) + field(2, "g") + b"".join(field(5, one) for one in weights)
    graph += field(11, port("x", [1, 1, 4, 4])) + field(12, port("y", [1, 0]))
    return field(1, 7) + field(8, field(2, 13)) + field(7, graph)


KINDS = {
    "ReLUs": lambda n: network([node("Relu", [f"r{i}"], f"r{i + 1}") for i in range(n)], [weight("w")]),
    "modules": lambda n: network([node("Relu", [f"r{i}"], f"r{i + 1}", f"/m{i}/Relu") for i in range(n)], [weight("w")]),
    "convolutions": lambda n: network([node("Conv", [f"r{i}", "w"], f"r{i + 1}") for i in range(n)], [weight("w")]),
    "constants": lambda n: network([node("Add", [f"r{i}", f"w{i}"], f"r{i + 1}") for i in range(n)],
                                   [weight("w")] + [weight(f"w{i}") for i in range(n)]),
    "a long name": lambda n: network([node("Relu", ["r0"], "r1", "/a" * n)], [weight("w")]),
}


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    whycam, nodes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    doublings = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with tempfile.TemporaryDirectory() as folder:
        path, array = os.path.join(folder, "network.onnx"), os.path.join(folder, "x.npy")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 4, 4), }".ljust(117) + "\n"
        with open(array, "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + struct.pack("<16f", *range(16)))
        layers = [whycam, "layers", path, "--size", "4", "--channels", "1", "--threads", "1"]
        explain = [whycam, "explain", path, array, "--layer", "r0", "--target", "0", "--quiet", "--threads", "1",
                   "--output-dir", os.path.join(folder, "results")]
        for name, build in KINDS.items():
            for command in (layers, explain):
                times = []
                for doubling in range(doublings + 1):
                    with open(path, "wb") as file:
                        file.write(build(nodes << doubling))
                    times.append(seconds(command))
                growth = ", ".join(f"{after / before:.1f}" for before, after in zip(times, times[1:]))
                print(f"{name:14} {command[1]:8} {times[0]:.2f} s at {nodes}, {times[-1]:.2f} s at {nodes << doublings}; by {growth}")


main()

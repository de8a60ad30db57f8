#!/usr/bin/env python3
"""Draw scenes of plain shapes, train a small classifier on them and write the example's files.

Needs PyTorch (1.13 or newer), NumPy and Pillow. Run it without arguments to write again the
files of this folder; export.py writes the .pt2 ones. See README.md for what they are.
"""

import argparse
import colorsys
import dataclasses
import io
import json
import math
import pathlib
import time
import zipfile

import numpy
import torch
from PIL import Image, ImageDraw
from torch import nn

LABELS = ["disc", "square", "triangle", "star", "ring", "cross"]

PICTURE_SIZE = 224
# The usual ImageNet figures, so that a tool's default preprocessing is right for this network too.
CHANNEL_MEAN = [0.485, 0.456, 0.406]
CHANNEL_DEVIATION = [0.229, 0.224, 0.225]

# Shapes are drawn this many times larger and then reduced, which smooths their edges.
OVERSAMPLING = 4
SMALLEST_RADIUS = 24
LARGEST_RADIUS = 50
# Pixels between a shape's outline and the edge of its box in the truth files.
BOX_PADDING = 8


# --- Scenes -------------------------------------------------------------------------------------


@dataclasses.dataclass
class Shape:
    label: str
    row: float
    column: float
    radius: float
    angle: float
    # Red, green and blue from 0 to 1; None lets draw_scene choose one that shows.
    colour: tuple = None


def regular_points(radii):
    """Points at equal angles around the origin, at the given distances from it."""
    step = 2 * math.pi / len(radii)
    return [
        (radius * math.cos(index * step), radius * math.sin(index * step))
        for index, radius in enumerate(radii)
    ]


def outline_and_hole(label):
    """The shape's outline, and its hole where it has one, for a shape of radius 1."""
    if label == "disc":
        return regular_points([0.9] * 72), []
    if label == "ring":
        return regular_points([0.95] * 72), regular_points([0.55] * 72)
    if label == "square":
        return regular_points([1.0] * 4), []
    if label == "triangle":
        return regular_points([1.0] * 3), []
    if label == "star":
        return regular_points([1.0, 0.42] * 5), []
    if label == "cross":
        arm, half = 0.95, 0.3
        corners = [(arm, -half), (arm, half), (half, half)]
        # One arm's corners, turned by a quarter three more times.
        return [
            point
            for x, y in [(1, 0), (0, 1), (-1, 0), (0, -1)]
            for point in [(a * x - b * y, a * y + b * x) for a, b in corners]
        ], []
    raise ValueError(f"no shape is called {label}")


def draw_mask(shape):
    """How much of each pixel the shape covers, from 0 to 1, in a window around the shape.

    Also returns the window's rows and columns in the picture, as two slices.
    """
    reach = math.ceil(shape.radius) + 2
    top, left = int(shape.row) - reach, int(shape.column) - reach
    large = Image.new("L", (2 * reach * OVERSAMPLING, 2 * reach * OVERSAMPLING), 0)
    canvas = ImageDraw.Draw(large)
    along = shape.radius * math.cos(shape.angle) * OVERSAMPLING
    across = shape.radius * math.sin(shape.angle) * OVERSAMPLING
    centre_row = (shape.row - top) * OVERSAMPLING
    centre_column = (shape.column - left) * OVERSAMPLING
    for points, value in zip(outline_and_hole(shape.label), (255, 0)):
        if points:
            canvas.polygon(
                [
                    (centre_column + x * along - y * across, centre_row + x * across + y * along)
                    for x, y in points
                ],
                fill=value,
            )
    mask = numpy.asarray(large.reduce(OVERSAMPLING), dtype=numpy.float32) / 255
    return mask, slice(top, top + 2 * reach), slice(left, left + 2 * reach)


def draw_background(random, size):
    """A ramp between two muted colours, with soft blobs, waves and grain over it."""
    first, second = (
        numpy.array(
            colorsys.hsv_to_rgb(
                random.uniform(), random.uniform(0.05, 0.45), random.uniform(0.2, 0.9)
            ),
            dtype=numpy.float32,
        )
        for _ in range(2)
    )
    # From -1 to 1 across a whole scene; a smaller picture shows a part of one.
    position = numpy.arange(size, dtype=numpy.float32) / (PICTURE_SIZE / 2) - 1
    rows, columns = position[:, None], position[None, :]

    angle = random.uniform(0, 2 * math.pi)
    ramp = 0.5 + 0.35 * (rows * math.sin(angle) + columns * math.cos(angle))
    picture = first + (second - first) * ramp[:, :, None]

    cells = int(random.integers(3, 10))
    coarse = Image.fromarray(random.normal(size=(cells, cells)).astype(numpy.float32))
    blobs = numpy.asarray(coarse.resize((size, size), Image.BICUBIC))
    picture += (blobs * random.uniform(0.01, 0.08))[:, :, None]

    if random.uniform() < 0.5:
        angle = random.uniform(0, 2 * math.pi)
        waves = rows * math.sin(angle) + columns * math.cos(angle)
        bent = waves + random.uniform(0, 0.15) * numpy.sin(5 * (rows - columns))
        stripes = numpy.sin(bent * random.uniform(15, 80))
        picture += (stripes * random.uniform(0.01, 0.05))[:, :, None]

    grain = random.standard_normal(picture.shape, dtype=numpy.float32)
    return picture + grain * numpy.float32(random.uniform(0.005, 0.04))


def choose_colour(random, surroundings):
    """A colour unlike the surroundings. The class has no say in it."""
    while True:
        colour = colorsys.hsv_to_rgb(
            random.uniform(), random.uniform(0.4, 1.0), random.uniform(0.3, 1.0)
        )
        if numpy.linalg.norm(numpy.array(colour) - surroundings) > 0.4:
            return colour


def draw_scene(shapes, random, size=PICTURE_SIZE):
    """The picture as rows x columns x RGB bytes, and each shape's box [top, left, bottom, right].

    A box holds the pixels top <= row < bottom and left <= column < right.
    """
    picture = draw_background(random, size)
    boxes = {}
    for shape in shapes:
        mask, rows, columns = draw_mask(shape)
        covered_rows = rows.start + numpy.flatnonzero(mask.any(axis=1))
        covered_columns = columns.start + numpy.flatnonzero(mask.any(axis=0))
        boxes[shape.label] = [
            max(int(covered_rows[0]) - BOX_PADDING, 0),
            max(int(covered_columns[0]) - BOX_PADDING, 0),
            min(int(covered_rows[-1]) + 1 + BOX_PADDING, size),
            min(int(covered_columns[-1]) + 1 + BOX_PADDING, size),
        ]

        window = picture[rows, columns]
        colour = shape.colour or choose_colour(random, window[mask > 0].mean(axis=0))
        colour = numpy.array(colour, dtype=numpy.float32)
        # Light from a random side, so that a shape's inside is not one flat colour.
        light = random.uniform(0, 2 * math.pi)
        position = numpy.linspace(-1, 1, len(mask), dtype=numpy.float32)
        slope = position[:, None] * math.sin(light) + position[None, :] * math.cos(light)
        grain = random.standard_normal(mask.shape, dtype=numpy.float32)
        shading = 1 + 0.15 * slope + 0.015 * grain
        window += (colour * shading[:, :, None] - window) * mask[:, :, None]
    return (picture.clip(0, 1) * 255).round().astype(numpy.uint8), boxes


def random_shapes(count, random, size):
    """Shapes of different classes, placed so that their boxes do not meet."""
    labels = random.choice(LABELS, size=count, replace=False)
    while True:
        shapes = []
        for label in labels:
            radius = random.uniform(SMALLEST_RADIUS, LARGEST_RADIUS)
            row, column = random.uniform(radius + 3, size - radius - 3, size=2)
            angle = random.uniform(0, 2 * math.pi)
            shapes.append(Shape(str(label), row, column, radius, angle))
        apart = all(
            max(abs(one.row - other.row), abs(one.column - other.column))
            > one.radius + other.radius + 2 * BOX_PADDING + 2
            for index, one in enumerate(shapes)
            for other in shapes[:index]
        )
        if apart:
            return shapes


def random_scene(count, random, size=PICTURE_SIZE):
    return draw_scene(random_shapes(count, random, size), random, size)


def to_input(pictures):
    """Pictures (rows x columns x RGB bytes) as the network's input, N x 3 x rows x columns."""
    scaled = torch.from_numpy(numpy.stack(pictures)).float().div_(255)
    scaled.sub_(torch.tensor(CHANNEL_MEAN)).div_(torch.tensor(CHANNEL_DEVIATION))
    return scaled.permute(0, 3, 1, 2)


def to_target(present):
    """Equal shares for the classes present; equal shares for all where nothing is."""
    shares = torch.tensor([float(label in present or not present) for label in LABELS])
    return shares / shares.sum()


def random_batch(batch_size, random, size, count_shares):
    pictures, targets = [], []
    for _ in range(batch_size):
        count = int(random.choice(len(count_shares), p=count_shares))
        picture, boxes = random_scene(count, random, size)
        pictures.append(picture)
        targets.append(to_target(boxes))
    return to_input(pictures), torch.stack(targets)


# --- Network ------------------------------------------------------------------------------------


class ResidualBlock(nn.Module):
    def __init__(self, channels_in, channels_out, stride, inplace):
        super().__init__()
        self.convolution1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.normalization1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU(inplace=inplace)
        self.convolution2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.normalization2 = nn.BatchNorm2d(channels_out)
        self.relu2 = nn.ReLU(inplace=inplace)
        if stride == 1 and channels_in == channels_out:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, features):
        change = self.relu1(self.normalization1(self.convolution1(features)))
        change = self.normalization2(self.convolution2(change))
        return self.relu2(self.shortcut(features) + change)


class ShapeNetwork(nn.Module):
    """A small residual network; stage4 is the last convolutional stage, 14 x 14 for 224 x 224."""

    def __init__(self, inplace=True):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=inplace),
            nn.MaxPool2d(3, 2, 1),
        )
        self.stage1 = ResidualBlock(16, 24, 1, inplace)
        self.stage2 = ResidualBlock(24, 40, 2, inplace)
        self.stage3 = ResidualBlock(40, 56, 2, inplace)
        self.stage4 = ResidualBlock(56, 56, 1, inplace)
        self.pool = nn.AdaptiveAvgPool2d(1)
        # No bias: it would be evidence for a class that no place in the picture holds.
        self.classifier = nn.Linear(56, len(LABELS), bias=False)
        nn.init.zeros_(self.classifier.weight)

    def forward(self, pictures):
        features = self.stem(pictures)
        features = self.stage1(features)
        features = self.stage2(features)
        features = self.stage3(features)
        features = self.stage4(features)
        return self.classifier(torch.flatten(self.pool(features), 1))


# --- Training -----------------------------------------------------------------------------------


@dataclasses.dataclass
class Phase:
    steps: int
    # Rows and columns of its pictures.
    size: int
    # count_shares[n] is the share of scenes with n shapes.
    count_shares: list
    learning_rate: float


# The mean over the picture's places thins out what one small shape says, so that whole scenes
# alone teach very slowly. Small pictures that one shape fills teach what the classes are; scenes
# then teach to tell several apart. A few scenes stay empty: they teach that the background speaks
# for no class.
PHASES = [
    Phase(steps=900, size=112, count_shares=[0, 1], learning_rate=4e-3),
    Phase(
        steps=600, size=PICTURE_SIZE, count_shares=[0.06, 0.4, 0.36, 0.18], learning_rate=3e-3
    ),
]
BATCH_SIZE = 32
# Weights that multiply a mean over the picture have to grow large: they learn faster.
CLASSIFIER_SPEED = 12


def train_phase(network, phase, random):
    classifier = list(network.classifier.parameters())
    others = [
        parameter
        for name, parameter in network.named_parameters()
        if not name.startswith("classifier.")
    ]
    optimizer = torch.optim.AdamW([{"params": others}, {"params": classifier}], weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[phase.learning_rate, phase.learning_rate * CLASSIFIER_SPEED],
        total_steps=phase.steps,
        pct_start=0.2,
    )
    started = time.monotonic()
    losses = []
    for step in range(1, phase.steps + 1):
        pictures, targets = random_batch(BATCH_SIZE, random, phase.size, phase.count_shares)
        # Less the targets' own entropy, so that a perfect answer costs nothing.
        entropy = -torch.xlogy(targets, targets).sum(dim=1).mean()
        loss = nn.functional.cross_entropy(network(pictures), targets) - entropy
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 50 == 0 or step == phase.steps:
            print(
                f"{phase.size} x {phase.size}, step {step} of {phase.steps}:"
                f" loss {numpy.mean(losses):.4f}, {time.monotonic() - started:.0f} s",
                flush=True,
            )
            losses = []


def train(phases, seed):
    torch.manual_seed(seed)
    random = numpy.random.default_rng(seed)
    # The pictures come channels last; convolutions then run faster on a processor.
    network = ShapeNetwork().to(memory_format=torch.channels_last)
    network.train()
    for phase in phases:
        train_phase(network, phase, random)
    # Softmax sees only differences between classes, so what the classes' weights have in common is
    # arbitrary, and Grad-CAM would show it for all of them. Without it, what speaks for one class
    # speaks against the others.
    with torch.no_grad():
        weight = network.classifier.weight
        weight.sub_(weight.mean(dim=0, keepdim=True))
    return network.to(memory_format=torch.contiguous_format).eval()


def share_right(network, object_count, scene_count, seed):
    """The share of fresh scenes whose `object_count` highest classes are just those present."""
    random = numpy.random.default_rng(seed)
    right = 0
    for _ in range(scene_count):
        picture, boxes = random_scene(object_count, random)
        with torch.no_grad():
            logits = network(to_input([picture]))[0]
        highest = {LABELS[index] for index in logits.topk(object_count).indices.tolist()}
        right += highest == set(boxes)
    return right / scene_count


# --- Files --------------------------------------------------------------------------------------


def save(network, path):
    """Write the network as TorchScript, less the debugging records.

    Those hold the paths of the sources on the machine that trained, and would make the file
    depend on where this script lies.
    """
    whole = io.BytesIO()
    torch.jit.save(torch.jit.script(network), whole)
    with zipfile.ZipFile(whole) as records, zipfile.ZipFile(path, "w") as kept:
        for name in records.namelist():
            if not name.endswith(".debug_pkl"):
                # An entry made from a bare name has a fixed date and is not compressed.
                kept.writestr(zipfile.ZipInfo(name), records.read(name))


def write_pictures(folder):
    """The demonstration pictures and the boxes of what is in them."""
    full_turn = 2 * math.pi
    # Each with the seed of its background and shading.
    drawn_by_hand = {
        ("two_shapes.png", 7): [
            Shape("star", 57, 60, 45, 0.11 * full_turn, (0.98, 0.76, 0.18)),
            Shape("ring", 164, 164, 45, 0, (0.8, 0.2, 0.35)),
        ],
        ("pictures/cross.png", 1): [
            Shape("cross", 104, 122, 50, 0.07 * full_turn, (0.85, 0.25, 0.3)),
        ],
        ("pictures/triangle.png", 2): [
            Shape("triangle", 128, 92, 46, 0.71 * full_turn, (0.2, 0.45, 0.85)),
        ],
        ("pictures/square_and_disc.png", 3): [
            Shape("square", 150, 64, 46, 0.03 * full_turn, (0.45, 0.3, 0.7)),
            Shape("disc", 62, 166, 42, 0, (0.95, 0.5, 0.25)),
        ],
        ("pictures/ring_star_and_triangle.png", 4): [
            Shape("ring", 58, 60, 38, 0, (0.8, 0.2, 0.5)),
            Shape("star", 70, 168, 40, 0.03 * full_turn, (0.25, 0.6, 0.3)),
            Shape("triangle", 166, 110, 42, 0.77 * full_turn, (0.95, 0.85, 0.3)),
        ],
    }
    truth = {}
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for (name, seed), shapes in drawn_by_hand.items():
        picture, truth[name] = draw_scene(shapes, numpy.random.default_rng(seed))
        Image.fromarray(picture).save(folder / name)

    def write_json(name, entries):
        # A line for each entry: json's own indentation would give one to each number.
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        (folder / name).write_text(text, encoding="utf-8")

    write_json("two_shapes.json", truth.pop("two_shapes.png"))
    write_json(
        "pictures/truth.json", {pathlib.Path(name).name: boxes for name, boxes in truth.items()}
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        help="folder to write to (default: this script's)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="train for a few steps only, to try the script out; needs --output",
    )
    options = parser.parse_args()
    if options.quick and not options.output:
        parser.error("--quick needs --output, lest it write over the trained network")
    folder = options.output or pathlib.Path(__file__).resolve().parent

    # One thread and fixed algorithms: sums are then always taken in the same order, and two runs
    # on one machine give the same weights.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    write_pictures(folder)
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")

    phases = PHASES
    if options.quick:
        phases = [dataclasses.replace(phase, steps=10) for phase in PHASES]
    network = train(phases, seed=1)
    save(network, folder / "shapes.pt")

    for object_count in (1, 2):
        share = share_right(network, object_count, 20 if options.quick else 500, seed=2)
        print(f"fresh scenes of {object_count}: {share:.1%} right")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Write the trained network of shapes.pt as shapes.pt2, and as dense.pt2, which answers for every place.

Needs PyTorch (2.8 or newer), NumPy and Pillow. The network is train.py's, with the weights that shapes.pt holds.
"""

import io
import pathlib
import zipfile

import torch
from torch import nn

import train

FOLDER = pathlib.Path(__file__).resolve().parent


class DenseShapeNetwork(nn.Module):
    """What the classifier says before it takes the mean over places, in three forms: a segmenter's, a detector's, a classifier's.

    Each place of stage4 is a box of BOX pixels around its centre, as a detector with one anchor has it.
    """

    BOX = 100

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pictures):
        features = self.network.stem(pictures)
        for stage in (self.network.stage1, self.network.stage2, self.network.stage3, self.network.stage4):
            features = stage(features)
        scores = nn.functional.conv2d(features, self.network.classifier.weight[:, :, None, None])
        # Centre, width and height of each place's box, in pixels of the picture.
        rows, columns = features.shape[2:]
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centres = torch.stack([x.flatten(), y.flatten()], 1) * 16.0 + 8
        boxes = torch.cat([centres, torch.full_like(centres, self.BOX)], 1)
        boxes = boxes.expand(features.shape[0], -1, -1)
        return {
            "places": scores,  # N x classes x rows x columns
            "boxes": torch.cat([boxes, scores.flatten(2).transpose(1, 2)], 2),  # N x places x (4 + classes)
            "probabilities": scores.mean((2, 3)).softmax(1),  # N x classes
        }


def save(network, name):
    """For pictures of train.PICTURE_SIZE, and batches of any size up to 64; without the paths of sources.

    Like shapes.pt, the file then depends on the network alone. It is compressed, which torch.export.load reads, too.
    """
    example = torch.zeros(2, 3, train.PICTURE_SIZE, train.PICTURE_SIZE)
    batch = torch.export.Dim("batch", max=64)
    program = torch.export.export(network.eval(), (example,), dynamic_shapes=({0: batch},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    whole = io.BytesIO()
    torch.export.save(program, whole)
    with zipfile.ZipFile(whole) as records, zipfile.ZipFile(FOLDER / name, "w", zipfile.ZIP_DEFLATED) as kept:
        for record in records.namelist():
            kept.writestr(zipfile.ZipInfo(record), records.read(record), zipfile.ZIP_DEFLATED)


def main():
    network = train.ShapeNetwork()
    network.load_state_dict(torch.jit.load(str(FOLDER / "shapes.pt")).state_dict())
    save(network, "shapes.pt2")
    save(DenseShapeNetwork(network), "dense.pt2")


if __name__ == "__main__":
    main()

"""Guided Grad-CAM and its kin for network files, on NumPy arrays, without PyTorch.

    explanation = whycam.explain("network.onnx", pictures, layer="layer4", target=3)
    explanation.attributions("guided-gradcam")   # N x C x H x W, as Captum computes it

A network that is explained more than once is loaded once: network = whycam.load("network.onnx"), network.explain(...).
Arrays are float32 in row-major order; dimension 0 of an input is the examples, and preprocessing is the caller's. A network
may be explained from several threads at once: the library runs without Python's lock.
"""
import collections
import ctypes
import os

import numpy

from ._library import (ArgumentError, Error, Given, Handle, InputError, LayerError, LayerInfo, ModelError, Port,
                       TargetError, array_of, call, library, numbers_of, size)

__all__ = ["ArgumentError", "Error", "Explanation", "InputError", "Layer", "LayerError", "ModelError", "Network", "Target",
           "TargetError", "explain", "load", "option_names"]
__version__ = library.whycam_version().decode()

NetworkPort = collections.namedtuple("NetworkPort", "name shape")
NetworkPort.__doc__ = "An input or output as the file declares it: an extent that is left open is -1, a shape that is not said ()."

Layer = collections.namedtuple("Layer", "path type layout fit_for_grad_cam is_default")
Layer.__doc__ = "A layer, as inputs of some shape make it. layout: where channels and space lie, '' where it is not known."


def option_names():
    """The options of Network.explain, in the words of `whycam explain --help`, with _ for -."""
    names = []
    while (name := library.whycam_option_name(size(len(names)))) is not None:
        names.append(name.decode().replace("-", "_"))
    return names


class Target:
    """What is explained: a number for each example that the network's output says.

    Target(3) is a class, Target([3, 5]) one for each example, Target((1, 7, 3)) an element of an output of more dimensions.
    -target is what speaks against it, target - other what speaks for one rather than the other.
    """

    def __init__(self, index):
        if isinstance(index, Handle):
            self._handle = index
        elif isinstance(index, tuple):
            self._handle = Handle("target", "target_at", (ctypes.c_int64 * len(index))(*index), size(len(index)))
        elif numpy.ndim(index) == 0:
            self._handle = Handle("target", "target_class", ctypes.c_int64(index))
        else:
            self._handle = Handle("target", "target_per_example", (ctypes.c_int64 * len(index))(*index), size(len(index)))

    @staticmethod
    def best(rank=0):
        """The class with the largest score of each example, or the one after it (rank 1), and so on."""
        return Target(Handle("target", "target_best", size(rank)))

    @staticmethod
    def similarity(reference):
        """The cosine similarity of the output with an embedding, of one example's shape."""
        return Target(Handle("target", "target_similarity", Given([reference]).tensors))

    def over(self, region):
        """The class of an output N x classes x space, summed over "all" places, those where it is "predicted", or those
        where a mask, an array of the output's spatial extent, is not 0."""
        if isinstance(region, str):
            return Target(Handle("target", "target_over", self._handle, region.encode(), None))
        return Target(Handle("target", "target_over", self._handle, b"mask", Given([region]).tensors))

    def __neg__(self):
        return Target(Handle("target", "target_negated", self._handle))

    def __sub__(self, other):
        return Target(Handle("target", "target_minus", self._handle, _target(other)._handle))


def _target(target):
    return target if isinstance(target, Target) else Target(target)


class Explanation:
    """What one target's explanation gives. Arrays are copies."""

    def __init__(self, handle, index):
        self._handle, self._index = handle, size(index)

    def attributions(self, method="guided-gradcam", input=0):
        """A method's attributions for an input: of its shape, or a heat map resized to it, N x 1 x (its spatial extent).
        `method` is one that was asked for, in the command's words."""
        return array_of("explanation_attributions", self._handle, self._index, method.encode(), size(input))

    def heat_map(self, method="gradcam"):
        """A heat map as it is at the layer, before it is resized: N x 1 x (the layer's spatial extent)."""
        return array_of("explanation_heat_map", self._handle, self._index, method.encode())

    @property
    def scores(self):
        """The explained number of each example."""
        return numbers_of("explanation_scores", self._handle, self._index)

    @property
    def completeness_error(self):
        """By how much integrated gradients miss their sum, for each example; empty where they were not asked for."""
        return numbers_of("explanation_completeness_error", self._handle, self._index)

    @property
    def output(self):
        """The network's output."""
        return array_of("explanation_output", self._handle)

    @property
    def layer(self):
        """The layer that was explained."""
        return library.whycam_explanation_layer(self._handle).decode()

    @property
    def relus_guided(self):
        """How many ReLUs were guided; 0: guided backpropagation is the plain gradient."""
        return library.whycam_explanation_relus_guided(self._handle)

    @property
    def warnings(self):
        """What a careful reader should know, a sentence each."""
        found = []
        while (text := library.whycam_explanation_warning(self._handle, size(len(found)))) is not None:
            found.append(text.decode())
        return found


def _options(options):
    handle = Handle("options", "options_new")
    for name, value in options.items():
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, (list, tuple)):
            value = ",".join(map(str, value))
        call("options_set", handle, name.replace("_", "-").encode(), str(value).encode())
    return handle


def _inputs(inputs):
    """One array, or one for each of the network's inputs."""
    return Given(list(inputs) if isinstance(inputs, (list, tuple)) else [inputs])


class Network:
    """A network; immutable, and safe to use from several threads. whycam.load makes it."""

    def __init__(self, handle):
        self._handle = handle

    def _ports(self, kind):
        ports = []
        for index in range(getattr(library, f"whycam_{kind}_count")(self._handle)):
            port = Port(ctypes.sizeof(Port))
            call(kind, self._handle, size(index), ctypes.byref(port))
            ports.append(NetworkPort(port.name.decode(), tuple(port.shape[:port.dimensions])))
        return ports

    @property
    def inputs(self):
        return self._ports("input")

    @property
    def outputs(self):
        return self._ports("output")

    def before_softmax(self):
        """The same network with the scores that enter its final softmax or sigmoid."""
        return Network(Handle("network", "before_softmax", self._handle))

    def layers(self, *shapes):
        """The layers in the order in which they run, for inputs of these shapes: network.layers((1, 3, 224, 224))."""
        given = Given(shapes, with_values=False)
        handle = Handle("layers", "list_layers", self._handle, given.tensors, given.count)
        found = []
        for index in range(library.whycam_layer_count(handle)):
            layer = LayerInfo(ctypes.sizeof(LayerInfo))
            call("layer_at", handle, size(index), ctypes.byref(layer))
            found.append(Layer(layer.path.decode(), layer.type.decode(), layer.layout.decode(),
                               bool(layer.fit_for_grad_cam), bool(layer.is_default)))
        return found

    def explain(self, inputs, layer="", target=Target.best(), **options):
        """Explains one input, or a list of them, for a target: a class, one for each example, an element, or a Target.

        layer: "" for the last one that still has spatial extent. options: those of the command, with _ for -, such as
        method=["gradcam", "guided-gradcam"], interpolate="bilinear", guided_rule="paper"; the defaults are Captum's.
        """
        return self.explain_all(inputs, layer, [target], **options)[0]

    def explain_all(self, inputs, layer="", targets=(), **options):
        """The same for several targets, from one forward pass: an Explanation each."""
        given, made = _inputs(inputs), [_target(target) for target in targets]
        handles = (ctypes.c_void_p * len(made))(*(target._handle._as_parameter_.value for target in made))
        handle = Handle("explanation", "explain", self._handle, given.tensors, given.count, layer.encode(), handles,
                        size(len(made)), _options(options))
        return [Explanation(handle, index) for index in range(len(made))]


def load(network, name="network"):
    """Reads a .pt2 or ONNX file, by its path or from its bytes, which messages call by `name`."""
    if isinstance(network, (bytes, bytearray, memoryview)):
        content = bytes(network)
        return Network(Handle("network", "load_bytes", content, size(len(content)), name.encode()))
    return Network(Handle("network", "load", os.fsencode(network)))


def explain(network, inputs, layer="", target=Target.best(), **options):
    """Network.explain of a network file, its bytes, or a Network."""
    loaded = network if isinstance(network, Network) else load(network)
    return loaded.explain(inputs, layer, target, **options)

"""The library for C (whycam/c.h), as ctypes sees it."""
import ctypes
import ctypes.util
import os
import pathlib

import numpy


class Error(Exception):
    """What whycam says of a request that it cannot fulfil. The text says what was wrong, and what to do."""


class ArgumentError(Error, ValueError):
    """An unknown option or method, or an index out of range."""


class ModelError(Error):
    """The network cannot be read, run on these inputs, or explained."""


class InputError(Error, ValueError):
    """An input is empty, or does not fit its shape or the others."""


class LayerError(Error):
    """There is no such layer, or nothing to explain at it."""


class TargetError(Error, ValueError):
    """The target does not choose one number of the output for each example."""


# By whycam_status; others are internal errors.
_ERRORS = {2: ArgumentError, 3: ModelError, 4: InputError, 5: LayerError, 6: TargetError, 9: MemoryError}


class Tensor(ctypes.Structure):
    """whycam_tensor"""
    _fields_ = [("struct_size", ctypes.c_size_t), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("dimensions", ctypes.c_size_t), ("values", ctypes.POINTER(ctypes.c_float))]


class Port(ctypes.Structure):
    """whycam_port"""
    _fields_ = [("struct_size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("dimensions", ctypes.c_size_t)]


class LayerInfo(ctypes.Structure):
    """whycam_layer"""
    _fields_ = [("struct_size", ctypes.c_size_t), ("path", ctypes.c_char_p), ("type", ctypes.c_char_p),
                ("layout", ctypes.c_char_p), ("fit_for_grad_cam", ctypes.c_int), ("is_default", ctypes.c_int)]


def _load():
    """The library that was installed with the package, that of WHYCAM_LIBRARY, or the system's."""
    beside = pathlib.Path(__file__).with_name("libwhycam.so")
    path = os.environ.get("WHYCAM_LIBRARY") or (str(beside) if beside.exists() else ctypes.util.find_library("whycam"))
    if path is None:
        raise ImportError("there is no libwhycam: install the package with pip, or name the library in WHYCAM_LIBRARY")
    library = ctypes.CDLL(path)
    for name in ("version", "last_error", "option_name", "explanation_layer", "explanation_warning"):
        getattr(library, f"whycam_{name}").restype = ctypes.c_char_p
    for name in ("input_count", "output_count", "layer_count"):
        getattr(library, f"whycam_{name}").restype = ctypes.c_size_t
    library.whycam_explanation_relus_guided.restype = ctypes.c_int64
    return library


library = _load()


def call(function, *arguments):
    """Calls a function of the library that returns a whycam_status."""
    status = getattr(library, f"whycam_{function}")(*arguments)
    if status != 0:
        raise _ERRORS.get(status, Error)(library.whycam_last_error().decode())


class Handle:
    """An object of the library, which is freed when the last reference to it goes."""

    def __init__(self, kind, function, *arguments):
        self._free = getattr(library, f"whycam_{kind}_free")
        self._as_parameter_ = ctypes.c_void_p()
        call(function, *arguments, ctypes.byref(self._as_parameter_))

    def __del__(self):
        if getattr(self, "_as_parameter_", None):
            self._free(self._as_parameter_)


def size(number):
    return ctypes.c_size_t(number)


class Given:
    """Arrays on their way into the library, which reads them where they are."""

    def __init__(self, arrays, with_values=True):
        self._kept = [numpy.ascontiguousarray(array, dtype=numpy.float32) for array in arrays] if with_values else []
        shapes = [array.shape for array in self._kept] if with_values else [tuple(shape) for shape in arrays]
        self.count = size(len(shapes))
        self.tensors = (Tensor * len(shapes))()
        for index, (tensor, shape) in enumerate(zip(self.tensors, shapes)):
            extents = (ctypes.c_int64 * len(shape))(*shape)
            self._kept.append(extents)
            values = self._kept[index].ctypes.data_as(ctypes.POINTER(ctypes.c_float)) if with_values else None
            tensor.struct_size, tensor.dimensions = ctypes.sizeof(Tensor), len(shape)
            tensor.shape, tensor.values = extents, values


def array_of(function, *arguments):
    """A copy of the tensor that a function of the library gives."""
    tensor = Tensor(ctypes.sizeof(Tensor))
    call(function, *arguments, ctypes.byref(tensor))
    shape = tuple(tensor.shape[:tensor.dimensions])
    if 0 in shape or not tensor.values:
        return numpy.zeros(shape, dtype=numpy.float32)
    return numpy.ctypeslib.as_array(tensor.values, shape).copy()


def numbers_of(function, *arguments):
    """A copy of the numbers that a function of the library gives by a pointer and a count."""
    numbers, count = ctypes.POINTER(ctypes.c_float)(), ctypes.c_size_t()
    call(function, *arguments, ctypes.byref(numbers), ctypes.byref(count))
    return numpy.array(numbers[:count.value], dtype=numpy.float32)

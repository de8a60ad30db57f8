"""ONNX Runtime's plain forward pass, as races take it for the other side."""
import sys

import numpy


def session_of(network, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def require_equal(actual, expected, what):
    """The relative L2 error of an output; ends the race where that is above 1e-4."""
    expected = expected.astype(numpy.float64)
    error = numpy.linalg.norm(actual.astype(numpy.float64) - expected) / numpy.linalg.norm(expected)
    if not error <= 1e-4:
        sys.exit(f"{what}: the outputs differ by {error:.1e}; there is nothing to compare")
    return error

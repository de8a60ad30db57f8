"""Explains a network on an image of numbers through the C interface: explain.py LIBRARY NETWORK HEIGHT WIDTH."""
import ctypes
import sys


class Tensor(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("dimensions", ctypes.c_size_t), ("values", ctypes.POINTER(ctypes.c_float))]


library = ctypes.CDLL(sys.argv[1])
library.whycam_last_error.restype = ctypes.c_char_p
library.whycam_explanation_layer.restype = ctypes.c_char_p


def call(function, *arguments):
    """Calls a function that gives a status; an error becomes an exception."""
    if getattr(library, function)(*arguments) != 0:
        raise RuntimeError(library.whycam_last_error().decode())


def made(function, *arguments):
    """What a function hands out through its last argument."""
    handle = ctypes.c_void_p()
    call(function, *arguments, ctypes.byref(handle))
    return handle


height, width = int(sys.argv[3]), int(sys.argv[4])
count = 3 * height * width
shape = (ctypes.c_int64 * 4)(1, 3, height, width)
pixels = (ctypes.c_float * count)(*((i % 17) / 17 - 0.5 for i in range(count)))
image = Tensor(ctypes.sizeof(Tensor), shape, 4, pixels)

network = made("whycam_load", sys.argv[2].encode())
options = made("whycam_options_new")
call("whycam_options_set", options, b"method", b"gradcam,guided-gradcam")
call("whycam_options_set", options, b"interpolate", b"bilinear")
target = made("whycam_target_best", ctypes.c_size_t(0))
targets = (ctypes.c_void_p * 1)(target)
explanation = made("whycam_explain", network, ctypes.byref(image), ctypes.c_size_t(1), None, targets,
                   ctypes.c_size_t(1), options)

scores, examples = ctypes.POINTER(ctypes.c_float)(), ctypes.c_size_t()
call("whycam_explanation_scores", explanation, ctypes.c_size_t(0), ctypes.byref(scores), ctypes.byref(examples))
attributions = Tensor(ctypes.sizeof(Tensor))
call("whycam_explanation_attributions", explanation, ctypes.c_size_t(0), b"guided-gradcam", ctypes.c_size_t(0),
     ctypes.byref(attributions))
layer = library.whycam_explanation_layer(explanation).decode()
print(f"layer {layer}, score {scores[0]:.5f}, sum of Guided Grad-CAM {sum(attributions.values[:count]):.5f}")

for free, handle in (("explanation", explanation), ("target", target), ("options", options), ("network", network)):
    getattr(library, f"whycam_{free}_free")(handle)

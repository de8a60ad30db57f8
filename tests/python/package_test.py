"""The package for Python beside Captum's numbers, which tests/fixtures/pt2.py wrote."""
import concurrent.futures
import pathlib
import sys
import unittest

try:
    import numpy
except ImportError:
    print("skipped: no NumPy")
    sys.exit(77)

import whycam

TESTS = pathlib.Path(__file__).parents[1]
NETWORKS = TESTS / "pt2/networks"
METHODS = ["gradcam", "guided-backprop", "guided-gradcam"]


def numbers(name):
    return numpy.load(NETWORKS / f"{name}.npy")


def apart(actual, expected):
    """Relative L2 error."""
    return numpy.linalg.norm(actual.astype(float) - expected) / numpy.linalg.norm(expected)


class Explaining(unittest.TestCase):
    def test_gives_captums_numbers(self):
        for network, layer, relus in (("unet", "join1", 5), ("siamese", "body", 2), ("squeeze", "depthwise", 2)):
            for file in (f"{network}.pt2", f"{network}.onnx"):
                if not (NETWORKS / file).exists():
                    continue
                explanation = whycam.explain(NETWORKS / file, numbers(f"{network}.x"), layer, 1, method=METHODS)
                self.assertEqual(explanation.relus_guided, relus)
                self.assertEqual(explanation.layer, layer)
                for method in METHODS:
                    expected = numbers(f"{network}.{method}")
                    actual = explanation.attributions(method)
                    self.assertEqual(actual.shape, expected.shape)
                    self.assertLess(apart(actual, expected), 1e-5, f"{file}, {method}")  # float32, few operations

    def test_gives_captums_numbers_for_a_batch_of_float64_in_another_order(self):
        network, x = whycam.load((NETWORKS / "unet.batch.pt2").read_bytes(), name="U-Net"), numbers("unet.x")
        batch = numpy.asfortranarray(numpy.concatenate([x, x]).astype(numpy.float64))
        explanation = network.explain(batch, "join1", [1, 1])
        expected = numbers("unet.guided-gradcam")
        self.assertLess(apart(explanation.attributions(), numpy.concatenate([expected, expected])), 1e-5)
        self.assertEqual(explanation.scores.shape, (2,))
        self.assertAlmostEqual(float(explanation.scores[1]), float(explanation.output[1, 1]), places=6)

    def test_is_alike_from_several_threads(self):
        network, x = whycam.load(NETWORKS / "squeeze.pt2"), numbers("squeeze.x")
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            maps = list(threads.map(lambda _: network.explain(x, "depthwise", 1).attributions(), range(16)))
        for one in maps:
            self.assertTrue((one == maps[0]).all())


class Targets(unittest.TestCase):
    def setUp(self):
        self.network, self.x = whycam.load(NETWORKS / "squeeze.pt2"), numbers("squeeze.x")

    def scores(self, target):
        return self.network.explain(self.x, "depthwise", target).scores

    def test_are_sums_of_the_outputs_numbers(self):
        row = self.network.explain(self.x).output[0]
        self.assertAlmostEqual(self.scores(1)[0], row[1], places=6)
        self.assertAlmostEqual(self.scores((2,))[0], row[2], places=6)
        self.assertAlmostEqual(self.scores(whycam.Target.best())[0], row.max(), places=6)
        self.assertAlmostEqual(self.scores(whycam.Target.best(1))[0], numpy.sort(row)[-2], places=6)
        self.assertAlmostEqual(self.scores(-whycam.Target(1))[0], -row[1], places=6)
        self.assertAlmostEqual(self.scores(whycam.Target(1) - 2)[0], row[1] - row[2], places=6)
        reference = numpy.arange(row.size, dtype=numpy.float32)
        cosine = row @ reference / numpy.linalg.norm(row) / numpy.linalg.norm(reference)
        self.assertAlmostEqual(self.scores(whycam.Target.similarity(reference))[0], cosine, places=6)

    def test_of_a_region_are_sums_over_its_places(self):
        network, x = whycam.load(NETWORKS / "detector.pt2"), numbers("detector.x")
        dense = network.outputs[1]
        self.assertEqual(dense.shape, (1, 4, 4, 4))

        def explained(region):
            return network.explain(x, "stage2", whycam.Target(1).over(region), output_element=dense.name)

        everywhere = explained("all")
        classes = everywhere.output[0]
        self.assertAlmostEqual(everywhere.scores[0], classes[1].sum(), places=5)
        self.assertAlmostEqual(explained("predicted").scores[0], classes[1][classes.argmax(0) == 1].sum(), places=5)
        mask = numpy.zeros((4, 4))
        mask[1:3, 2:4] = 1
        self.assertAlmostEqual(explained(mask).scores[0], classes[1, 1:3, 2:4].sum(), places=5)

    def test_of_one_pass_are_those_of_several(self):
        both = self.network.explain_all(self.x, "depthwise", [1, whycam.Target.best()])
        for one, target in zip(both, (1, whycam.Target.best())):
            alone = self.network.explain(self.x, "depthwise", target)
            self.assertTrue((one.attributions() == alone.attributions()).all())


class Options(unittest.TestCase):
    def test_are_those_of_the_command(self):
        self.assertIn("guided_rule", whycam.option_names())
        network, x = whycam.load(NETWORKS / "squeeze.pt2"), numbers("squeeze.x")
        explanation = network.explain(x, "depthwise", 1, method=["gradcam", "integrated-gradients"], interpolate="bilinear",
                                      integration_steps=20)
        self.assertEqual(explanation.attributions("gradcam").shape[2:], x.shape[2:])
        self.assertEqual(explanation.heat_map("gradcam").shape[:2], (1, 1))
        self.assertEqual(explanation.completeness_error.shape, (1,))
        entering = network.explain(x, "depthwise", 1, layer_input=True, method=["gradcam"])
        self.assertFalse(numpy.array_equal(entering.heat_map(), explanation.heat_map()))


class Networks(unittest.TestCase):
    def test_tell_their_ports_and_layers(self):
        network, x = whycam.load(NETWORKS / "squeeze.pt2"), numbers("squeeze.x")
        self.assertEqual(network.inputs[0].shape, x.shape)
        self.assertEqual(len(network.outputs), 1)
        layers = {layer.path: layer for layer in network.layers(x.shape)}
        self.assertTrue(layers["depthwise"].fit_for_grad_cam)
        self.assertEqual(layers["depthwise"].layout, "nchw")
        self.assertEqual(sum(layer.is_default for layer in layers.values()), 1)


class Mistakes(unittest.TestCase):
    def test_are_exceptions_that_say_what_was_wrong(self):
        network, x = whycam.load(NETWORKS / "squeeze.pt2"), numbers("squeeze.x")
        for error, text, call in (
                (whycam.ModelError, "nowhere.onnx", lambda: whycam.load("nowhere.onnx")),
                (whycam.ModelError, "some bytes", lambda: whycam.load(b"no network", name="some bytes")),
                (whycam.LayerError, "depthwise", lambda: network.explain(x, "depthwize")),
                (whycam.TargetError, "1000", lambda: network.explain(x, "depthwise", 1000)),
                (whycam.InputError, "", lambda: network.explain(numpy.zeros(x.shape[:1] + (0,) + x.shape[2:]), "depthwise", 1)),
                (whycam.ArgumentError, "interpolate", lambda: network.explain(x, "depthwise", 1, interpolation="nearest")),
                (whycam.ArgumentError, "heatmap", lambda: network.explain(x, "depthwise", 1).attributions("heatmap")),
                (whycam.InputError, "Eigen-CAM", lambda: network.explain(x, "depthwise", 1).attributions("eigencam"))):
            with self.assertRaises(error) as caught:
                call()
            self.assertIsInstance(caught.exception, whycam.Error)
            self.assertIn(text, str(caught.exception))


if __name__ == "__main__":
    unittest.main()

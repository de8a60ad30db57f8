"""make_reference.py: writes reference.tensors.pt beside itself, what pytorch-grad-cam and Captum give for a small network: the heat
maps before they are scaled and resized, negative values 0, and the maps of the input. Needs torch, grad-cam and captum from pip."""
import os

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget


class Network(torch.nn.Module):
    """As the test has it: the layer's values have either sign, which tells the methods apart."""

    def __init__(self, first, second):
        super().__init__()
        self.layer, self.last = torch.nn.Conv2d(3, 6, 3, bias=False), torch.nn.Conv2d(6, 4, 3, bias=False)
        self.layer.weight.data, self.last.weight.data = first, second

    def forward(self, x):
        return torch.relu(self.last(torch.relu(self.layer(torch.relu(x))))).mean((2, 3))


torch.manual_seed(11)
first, second, x = torch.randn(6, 3, 3, 3), torch.randn(4, 6, 3, 3), torch.randn(2, 3, 12, 10)
network, classes = Network(first, second).eval(), [2, 1]
targets = [ClassifierOutputTarget(one) for one in classes]
tensors = {"first": first, "second": second, "x": x, "classes": torch.tensor(classes)}
for name, cam in (("gradcam", GradCAM), ("gradcam++", GradCAMPlusPlus), ("hirescam", HiResCAM), ("layercam", LayerCAM),
                  ("xgradcam", XGradCAM), ("eigencam", EigenCAM)):
    with cam(network, [network.layer]) as method:
        output = method.activations_and_grads(x)
        sum(target(one) for target, one in zip(targets, output)).backward()
        values, gradients = (one[0].detach().numpy() for one in (method.activations_and_grads.activations, method.activations_and_grads.gradients))
        image = method.get_cam_image(x, network.layer, targets, values, gradients, False)
    tensors[name] = torch.from_numpy(np.asarray(image if name == "eigencam" else np.maximum(image, 0), np.float32))
target = torch.tensor(classes)
tensors["saliency"] = Saliency(network).attribute(x, target).detach()
tensors["input-x-gradient"] = InputXGradient(network).attribute(x, target).detach()
tensors["integrated-gradients"], error = (
    one.detach() for one in IntegratedGradients(network).attribute(x, 0.1, target, n_steps=20, return_convergence_delta=True))
tensors["completeness-error"] = error
torch.save({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, os.path.join(os.path.dirname(__file__), "reference.tensors.pt"))

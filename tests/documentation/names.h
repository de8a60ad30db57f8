// The names that fragments in the documents take for granted.
#pragma once

#include <torch/torch.h>
#include <whycam/whycam.h>

extern whycam::Model model;
extern torch::Tensor image, depth, mask;

struct NetImpl : torch::nn::Module {
  torch::Tensor forward(torch::Tensor x);
  torch::nn::Conv2d conv4{nullptr};
};

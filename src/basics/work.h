// What has to be computed for the methods that are asked for.
#pragma once

#include <algorithm>
#include <vector>

#include "whycam/method.h"

namespace whycam::basics {

struct Work {
  explicit Work(const std::vector<Method>& methods)
      : product(has(methods, Method::guided_grad_cam)),
        layers(product || has(methods, Method::grad_cam)),
        guided(product || has(methods, Method::guided_backprop)),
        deconvolution(has(methods, Method::deconvolution)) {}

  bool product, layers, guided, deconvolution;
  int gradients_per_target() const { return layers + guided + deconvolution; }

 private:
  static bool has(const std::vector<Method>& methods, Method method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  }
};

}  // namespace whycam::basics

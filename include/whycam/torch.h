// All of whycam that is on torch::Tensor, without libtorch's modules: it takes little longer to compile than
// torch/types.h. whycam/tap.h, which needs them, is by itself; whycam/whycam.h has both, and the rest. Where whycam was
// built with libtorch alone.
#pragma once

#include <torch/types.h>

#include "whycam/explanation.h"
#include "whycam/export.h"
#include "whycam/graph.h"
#include "whycam/guided_backprop.h"
#include "whycam/guided_grad_cam.h"
#include "whycam/input_attribution.h"
#include "whycam/interpolation.h"
#include "whycam/layer.h"
#include "whycam/layer_grad_cam.h"
#include "whycam/model.h"
#include "whycam/module.h"
#include "whycam/options.h"
#include "whycam/picture/tensor.h"
#include "whycam/tensor_target.h"
#include "whycam/trust.h"

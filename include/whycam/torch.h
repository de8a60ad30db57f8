// All of whycam that is on torch::Tensor; whycam/whycam.h has the rest. Where whycam was built with libtorch alone.
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
#include "whycam/tap.h"
#include "whycam/tensor_target.h"
#include "whycam/trust.h"

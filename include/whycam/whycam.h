// All of whycam.
#pragma once

#include "whycam/errors.h"
#include "whycam/explanation.h"
#include "whycam/guided_backprop.h"
#include "whycam/guided_grad_cam.h"
#include "whycam/interpolation.h"
#include "whycam/layer.h"
#include "whycam/layer_grad_cam.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/target.h"
#include "whycam/version.h"
#include "whycam/warnings.h"

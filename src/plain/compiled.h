// What the public words mean to the compiler's graph.
#pragma once

#include "basics/relu_rule.h"
#include "graph/guided_grad_cam.h"
#include "graph/program.h"
#include "whycam/activation_report.h"
#include "whycam/interpolation_mode.h"

namespace whycam::plain {

/// What happens at a network's ReLUs.
graph::ReluTreatment treatment(const basics::ReluRule& rule);

graph::Resizing resizing(Interpolation mode);

/// Which activations stand between the output and the inputs.
ActivationReport activations(const graph::Forward& forward, bool clipped_relus);

/// Throws CannotCompile where plans cannot be run in this process.
void require_onednn();

}  // namespace whycam::plain

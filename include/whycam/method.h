// The attributions that are computed.
#pragma once

namespace whycam {

/// The attributions that explain() can compute.
enum class Method {
  grad_cam,         ///< Selvaraju et al. 2017, equations 1 and 2
  guided_backprop,  ///< Springenberg et al. 2014
  guided_grad_cam,  ///< Selvaraju et al. 2017, section 3.2: the product of the two above
  deconvolution,    ///< Zeiler and Fergus 2014
};

}  // namespace whycam

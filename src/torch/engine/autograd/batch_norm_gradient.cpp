#include "torch/engine/autograd/batch_norm_gradient.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/generated/Functions.h>

#include <memory>

namespace whycam::engine {
namespace {

using torch::autograd::variable_list;
using torch::autograd::generated::NativeBatchNormBackward0;

class AsItsInput : public torch::autograd::FunctionPreHook {
 public:
  explicit AsItsInput(const NativeBatchNormBackward0& node) : node_(node) {}

  variable_list operator()(const variable_list& gradients) override {
    variable_list changed = gradients;
    if (!changed[0].defined()) return changed;
    changed[0] = changed[0].contiguous(node_.input_.unpack().suggest_memory_format());
    return changed;
  }

 private:
  const NativeBatchNormBackward0& node_;  ///< which the hook belongs to
};

}  // namespace

void lay_out_gradient(torch::autograd::Node& node) {
  if (const auto* normalisation = dynamic_cast<const NativeBatchNormBackward0*>(&node))
    node.add_pre_hook(std::make_unique<AsItsInput>(*normalisation));
}

}  // namespace whycam::engine

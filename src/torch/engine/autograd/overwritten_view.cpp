#include "torch/engine/autograd/overwritten_view.h"

#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/tensor.h>
#include <torch/csrc/autograd/variable.h>

#include "whycam/errors.h"

namespace whycam::engine {

using torch::autograd::CopySlices;
using torch::autograd::variable_list;

class OverwrittenView::Catch : public torch::autograd::FunctionPostHook {
 public:
  explicit Catch(std::shared_ptr<torch::Tensor> caught) : caught_(std::move(caught)) {}
  variable_list operator()(const variable_list& outputs, const variable_list&) override {
    *caught_ = outputs[0];
    return outputs;
  }

 private:
  std::shared_ptr<torch::Tensor> caught_;
};

std::optional<OverwrittenView> OverwrittenView::of(const network::Observation& observation) {
  if (!observation.was_overwritten()) return std::nullopt;
  const torch::Tensor& view = observation.view;
  const torch::Tensor base(view._base());
  // The first writer stands right behind the memory as it was; later ones behind that one.
  auto writer = base.grad_fn();  // a pointer whose kind differs between versions
  while (dynamic_cast<CopySlices*>(writer.get()) && writer->next_edge(0).function != observation.memory.function)
    writer = writer->next_edge(0).function;
  if (!dynamic_cast<CopySlices*>(writer.get()))
    throw ModelError(
        "the layer's output shares its memory with a tensor that an operation in place writes over; its "
        "gradient cannot be told apart then. Explain the layer before or behind it, or write that operation "
        "not in place");
  OverwrittenView found;
  found.memory_ = observation.memory;
  found.writer_ = writer;
  found.caught_ = std::make_shared<torch::Tensor>();
  found.sizes_ = view.sizes().vec();
  found.strides_ = view.strides().vec();
  found.memory_sizes_ = base.sizes().vec();
  found.memory_strides_ = base.strides().vec();
  found.offset_ = view.storage_offset() - base.storage_offset();
  writer->add_post_hook(std::make_unique<Catch>(found.caught_));
  return found;
}

torch::Tensor OverwrittenView::gradient(const torch::Tensor& at_old_place) const {
  const torch::Tensor whole = std::exchange(*caught_, {});
  if (!whole.defined()) return at_old_place;
  const torch::Tensor laid_out = whole.new_empty_strided(memory_sizes_, memory_strides_).copy_(whole);
  const torch::Tensor through = laid_out.as_strided(sizes_, strides_, offset_).clone();
  return at_old_place.defined() ? at_old_place + through : through;
}

}  // namespace whycam::engine

// A call in a script as the table of libtorch's operators takes it.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <vector>

#include "formats/aten/call.h"
#include "formats/torchscript/symbols.h"

namespace whycam::torchscript {

/// The tensors among the arguments of one call.
class CallTensors : public aten::Tensors {
 public:
  explicit CallTensors(Symbols& symbols) : Tensors(symbols.graph), symbols_(symbols) {}

  /// A node's inputs. Throws CannotCompile for values that no operator with a rule takes.
  aten::Arguments arguments(const torch::jit::Node& node, const std::vector<c10::IValue>& inputs);
  /// What the node gives for them: one for each of its outputs, or of the first ones.
  std::vector<c10::IValue> results(const aten::Call& call, const std::vector<c10::IValue>& inputs, bool in_place);

  graph::Value value(const aten::Tensor& tensor) override { return symbols_.value_of(tensors_[tensor.id]); }
  bool depends_on_inputs(const aten::Tensor& tensor) const override { return symbols_.is_symbol(tensors_[tensor.id]); }
  std::vector<double> numbers(const aten::Tensor& tensor) override;
  std::string module_of(const aten::Tensor& tensor) const override { return symbols_.name_of(tensors_[tensor.id]); }
  aten::Order order(const aten::Tensor& tensor) const override { return symbols_.order(tensors_[tensor.id]); }

 private:
  aten::Argument argument(const c10::IValue& value, const std::string& name);
  aten::Tensor tensor(const torch::Tensor& tensor);
  torch::Tensor in_order(torch::Tensor result, const aten::Call& call, bool view) const;
  torch::Tensor tensor_of(const aten::Result& result, const aten::Call& call, bool in_place);

  Symbols& symbols_;
  std::vector<torch::Tensor> tensors_;
};

}  // namespace whycam::torchscript

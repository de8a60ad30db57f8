#include "torch/model/newer_operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <memory>

namespace whycam::network {
namespace {

using at::Tensor;

constexpr const char* attention_name = "aten::scaled_dot_product_attention";
constexpr const char* attention_schema =
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, "
    "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor";

/// Keys or values that several heads of queries share, once for each of them.
Tensor for_each_head(const Tensor& x, const Tensor& query) {
  return x.repeat_interleave(query.size(-3) / x.size(-3), -3);
}

/// softmax(query key^T * scale + mask) value, as PyTorch documents it: where nothing of a row is left by the mask, it
/// is 0.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const c10::optional<Tensor>& mask,
                 double dropout, bool causal, c10::optional<double> scale, bool shared) {
  const Tensor k = shared ? for_each_head(key, query) : key, v = shared ? for_each_head(value, query) : value;
  const double factor = scale ? *scale : 1 / std::sqrt(static_cast<double>(query.size(-1)));
  Tensor scores = at::matmul(query * factor, k.transpose(-2, -1)), allowed;
  if (causal)
    allowed = at::ones({query.size(-2), k.size(-2)}, query.options().dtype(at::kBool)).tril();
  else if (mask && mask->scalar_type() == at::kBool)
    allowed = *mask;
  else if (mask)
    scores = scores + *mask;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (allowed.defined()) scores = scores.masked_fill(allowed.logical_not(), -infinity);
  Tensor weights = at::softmax(scores, -1);
  if (allowed.defined() || mask) weights = weights.masked_fill((scores == -infinity).all(-1, true), 0);
  if (dropout > 0) weights = at::dropout(weights, dropout, true);
  return at::matmul(weights, v);
}

/// Empty where libtorch has the operator.
std::unique_ptr<torch::Library> missing_operators() {
  if (c10::Dispatcher::singleton().findSchema({attention_name, ""})) return nullptr;
  auto library = std::make_unique<torch::Library>(torch::Library::FRAGMENT, "aten", c10::nullopt, __FILE__, __LINE__);
  library->def(torch::schema(attention_schema, c10::AliasAnalysisKind::FROM_SCHEMA), attention);
  return library;
}

}  // namespace

void provide_newer_operators() { static const std::unique_ptr<torch::Library> library = missing_operators(); }

}  // namespace whycam::network

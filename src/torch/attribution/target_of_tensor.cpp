// Targets that are tensors: the part of whycam::Target that knows libtorch.

#include "formats/torchscript/messages.h"
#include "whycam/errors.h"
#include "whycam/target.h"

namespace whycam {

Target::Target(const at::Tensor& indices) {
  if (!indices.defined() || !c10::isIntegralType(indices.scalar_type(), false))
    throw TargetError("a target tensor holds integers; this one " +
                      (indices.defined() ? std::string("has type ") + c10::toString(indices.scalar_type())
                                         : std::string("is undefined")));
  const torch::Tensor numbers = indices.detach().to(torch::kCPU, torch::kLong).contiguous();
  const auto* first = numbers.data_ptr<std::int64_t>();
  if (numbers.numel() == 1)
    *this = at({*first});
  else if (numbers.dim() == 1)
    *this = per_example({first, first + numbers.numel()});
  else
    throw TargetError("a target tensor has one element or one dimension; this one is " +
                      torchscript::shape_text(numbers.sizes()) + "; use Target::per_example_at for index tuples");
}

}  // namespace whycam

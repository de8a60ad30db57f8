// What tests on a GPU share.
#pragma once

#include <ATen/Context.h>

namespace whycam::test {

constexpr const char* no_gpu = "libtorch finds no GPU";

/// Convolutions on a GPU in float32 throughout, while it lives: libtorch lets them round to TF32's ten bits.
class WithoutTf32 {
 public:
  WithoutTf32() { at::globalContext().setAllowTF32CuDNN(false); }
  ~WithoutTf32() { at::globalContext().setAllowTF32CuDNN(former_); }
  WithoutTf32(const WithoutTf32&) = delete;
  WithoutTf32& operator=(const WithoutTf32&) = delete;

 private:
  bool former_ = at::globalContext().allowTF32CuDNN();
};

}  // namespace whycam::test

// A library of operators that libtorch does not have, for --operators.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <cstdlib>
#include <fstream>

TORCH_LIBRARY(whycam_test, library) {
  library.def("twice(Tensor x) -> Tensor", [](const at::Tensor& x) { return x * 2; });
  library.def("writing(Tensor x) -> Tensor", [](const at::Tensor& x) {
    std::ofstream(std::getenv("WHYCAM_TEST_VICTIM")) << "written by an operator";
    return x * 2;
  });
}

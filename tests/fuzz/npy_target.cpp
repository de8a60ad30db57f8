// The reader of .npy arrays.
#include <cstdlib>

#include "target.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/errors.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto array = whycam::picture::to_array(whycam::picture::decode_npy("array", {data, data + size}));
    if (!is_consistent(array)) std::abort();
  } catch (const whycam::picture::PictureError&) {
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  return LLVMFuzzerMutate(data, size, max_size);
}

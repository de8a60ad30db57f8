// A oneDNN for whycam alone, in a process whose libtorch has another one inside, as those of pip and of libtorch's
// downloads have. oneDNN's C++ interface is inline code that calls the C functions of dnnl.h; here they are looked up
// in a library that is loaded apart, so that neither oneDNN's calls can end in the other.
#pragma once

namespace whycam::onednn {

/// A function of the private oneDNN, which is loaded when the first is asked for. Throws std::runtime_error where it
/// cannot be. Thread-safe.
void* private_function(const char* name);

}  // namespace whycam::onednn

/// In place of a function's name. Each call looks up once.
#define WHYCAM_PRIVATE_FUNCTION(name)                                                                            \
  ([] {                                                                                                          \
    static const auto function = reinterpret_cast<decltype(&::name)>(::whycam::onednn::private_function(#name)); \
    return function;                                                                                             \
  }())

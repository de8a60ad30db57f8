// Exported networks in ONNX Runtime, where node and onnxruntime-node are there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace whycam::test {

class OnnxRuntime {
 public:
  struct Array {
    std::vector<std::int64_t> shape;
    std::vector<float> numbers;
    bool integers = false;
  };
  using Arrays = std::map<std::string, Array>;

  /// Whether there is one to run networks in.
  static bool available();
  static constexpr const char* missing =
      "no onnxruntime-node beside tests/exported (scripts/install-node-modules.sh puts it there)";

  /// Keeps a network for the cases that follow.
  void add_network(const std::string& name, const std::string& bytes);
  /// A network's outputs for these inputs must be as expected, to a relative L2 error of `tolerance`.
  void expect(const std::string& name, const std::string& network, const Arrays& inputs, const Arrays& outputs,
              double tolerance);
  /// The network must refuse these inputs.
  void expect_failure(const std::string& name, const std::string& network, const Arrays& inputs);

  /// Runs all, in each of the threads; what went wrong, a line each, or nothing.
  std::string run(int threads = 1);

 private:
  void add_case(const std::string& name, const std::string& network, const Arrays& inputs, const Arrays& outputs,
                double tolerance, bool fails);
  std::string list(const Arrays& arrays);

  TemporaryFolder folder_;
  std::string cases_;
  int count_ = 0, files_ = 0;
};

}  // namespace whycam::test

// Networks and tensors of the ONNX project's own backend tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// The folder that holds them; empty where it is absent.
std::filesystem::path reference_folder();

/// A tensor as a file of its own.
graph::Shape read_tensor_file(const std::filesystem::path& path, std::vector<double>& numbers);

/// 0, 1, ..., n - 1 divided by n: the input of the light networks.
std::vector<double> ramp(const graph::Shape& shape);

/// A file of this network in the folder for temporary files, removed at the end.
class TemporaryNetwork {
 public:
  explicit TemporaryNetwork(const proto::ModelProto& model);
  explicit TemporaryNetwork(const std::string& bytes);
  ~TemporaryNetwork();
  TemporaryNetwork(const TemporaryNetwork&) = delete;
  TemporaryNetwork& operator=(const TemporaryNetwork&) = delete;
  const std::filesystem::path path;
};

/// A field of a message whose content is said to have so many bytes.
std::string field(int number, const std::string& content, std::size_t bytes);

proto::ModelProto parse_file(const std::filesystem::path& path);

/// The network's first output by the plain evaluator, and by a plan.
std::vector<double> evaluated(const Network& network, const std::vector<graph::Shape>& shapes,
                              const std::vector<std::vector<double>>& inputs);
std::vector<double> planned(const Network& network, const std::vector<graph::Shape>& shapes,
                            const std::vector<std::vector<double>>& inputs);

/// The norm of the difference over that of what is expected.
double relative_error(const std::vector<double>& actual, const std::vector<double>& expected);

}  // namespace whycam::onnx

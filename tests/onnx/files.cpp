#include "onnx/files.h"

#include <unistd.h>

#include <cmath>
#include <fstream>

#include "backends/onednn/plan.h"
#include "graph/evaluate.h"
#include "graph/passes.h"

namespace whycam::onnx {
namespace {

std::string input_name(std::size_t i) { return "input." + std::to_string(i); }

std::vector<Given> named(const std::vector<graph::Shape>& shapes) {
  std::vector<Given> given;
  for (std::size_t i = 0; i < shapes.size(); ++i) given.push_back({input_name(i), shapes[i]});
  return given;
}

}  // namespace

std::filesystem::path reference_folder() {
  const std::filesystem::path folder = std::filesystem::path(WHYCAM_REFERENCE_DIR) / "onnx";
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

graph::Shape read_tensor_file(const std::filesystem::path& path, std::vector<double>& numbers) {
  const auto tensor = std::make_shared<proto::TensorProto>();
  std::ifstream file(path, std::ios::binary);
  if (!tensor->ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path.string());
  const Tensor read = WeightReader(tensor, path.parent_path()).read(*tensor);
  const auto count = static_cast<std::size_t>(graph::element_count(read.shape));
  numbers = read.integers ? read.array.numbers
                          : std::vector<double>(read.constant.numbers().get(), read.constant.numbers().get() + count);
  return read.shape;
}

std::vector<double> ramp(const graph::Shape& shape) {
  const std::int64_t count = graph::element_count(shape);
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i) / static_cast<double>(count));
  return numbers;
}

namespace {

std::filesystem::path temporary_path() {
  static int count = 0;
  return std::filesystem::temp_directory_path() /
         ("whycam-onnx-" + std::to_string(getpid()) + "-" + std::to_string(count++) + ".onnx");
}

}  // namespace

TemporaryNetwork::TemporaryNetwork(const std::string& bytes) : path(temporary_path()) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
TemporaryNetwork::TemporaryNetwork(const proto::ModelProto& model) : TemporaryNetwork(model.SerializeAsString()) {}
TemporaryNetwork::~TemporaryNetwork() { std::filesystem::remove(path); }

std::string field(int number, const std::string& content, std::size_t bytes) {
  std::string result(1, static_cast<char>(number << 3 | 2));
  for (; bytes >= 128; bytes >>= 7) result += static_cast<char>(128 | (bytes & 127));
  return result + static_cast<char>(bytes) + content;
}

proto::ModelProto parse_file(const std::filesystem::path& path) {
  proto::ModelProto model;
  std::ifstream file(path, std::ios::binary);
  if (!model.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path.string());
  return model;
}

std::vector<double> evaluated(const Network& network, const std::vector<graph::Shape>& shapes,
                              const std::vector<std::vector<double>>& inputs) {
  Lowered lowered = network.lower(named(shapes), {}, false);
  lowered.graph.add_output("output", lowered.outputs.at(0));
  std::map<std::string, graph::Tensor> given;
  for (std::size_t i = 0; i < inputs.size(); ++i) given[input_name(i)] = {shapes[i], inputs[i]};
  return graph::evaluate(lowered.graph, given).at("output").values;
}

std::vector<double> planned(const Network& network, const std::vector<graph::Shape>& shapes,
                            const std::vector<std::vector<double>>& inputs) {
  Lowered lowered = network.lower(named(shapes), {}, false);
  lowered.graph.add_output("output", lowered.outputs.at(0));
  const auto count = static_cast<std::size_t>(graph::element_count(lowered.graph.shape(lowered.outputs[0])));
  const onednn::Plan plan(graph::optimise(graph::fold_scales(lowered.graph)));
  const auto run = plan.start();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<float> floats(inputs[i].begin(), inputs[i].end());
    run->set(0, input_name(i), floats.data());
  }
  run->run(0);
  std::vector<float> output(count);
  run->read("output", output.data());
  return {output.begin(), output.end()};
}

double relative_error(const std::vector<double>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return INFINITY;
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

}  // namespace whycam::onnx

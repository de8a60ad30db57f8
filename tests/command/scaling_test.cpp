// Time in proportion to the file: four times the nodes take about four times as long, not sixteen times.
#include <onnx/onnx_pb.h>
#include <sys/resource.h>

#include <functional>

#include "command/networks.h"

namespace whycam::test {
namespace {

using Build = std::function<void(onnx::GraphProto&, int)>;

onnx::NodeProto& add(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                     const std::string& output, const std::string& name = {}) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  node.set_name(name.empty() ? output : name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void set(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& numbers) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t one : numbers) attribute.add_ints(one);
}

void weight(onnx::GraphProto& graph, const std::string& name) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (int i = 0; i < 4; ++i) tensor.add_dims(1);
  tensor.add_float_data(1);
}

void port(onnx::ValueInfoProto& info, const std::string& name, const std::vector<std::int64_t>& shape) {
  info.set_name(name);
  info.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : shape)
    info.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(extent);
}

std::string step(int i) { return i < 0 ? "c" : "r" + std::to_string(i); }

/// What grew with the square once: looked up, compared or placed among all others.
const std::vector<std::pair<const char*, Build>> kinds{
    {"chain of ReLUs",
     [](onnx::GraphProto& graph, int n) {
       for (int i = 0; i < n; ++i) add(graph, "Relu", {step(i - 1)}, step(i));
     }},
    {"chain of poolings",
     [](onnx::GraphProto& graph, int n) {
       for (int i = 0; i < n; ++i) {
         onnx::NodeProto& node = add(graph, "MaxPool", {step(i - 1)}, step(i));
         set(node, "kernel_shape", {2, 2});
         set(node, "pads", {0, 0, 1, 1});
       }
     }},
    {"constants of their own",
     [](onnx::GraphProto& graph, int n) {
       for (int i = 0; i < n; ++i) {
         weight(graph, "w" + std::to_string(i));
         add(graph, "Add", {step(i - 1), "w" + std::to_string(i)}, step(i));
       }
     }},
    {"convolutions",
     [](onnx::GraphProto& graph, int n) {
       for (int i = 0; i < n; ++i) add(graph, "Conv", {step(i - 1), "w"}, step(i));
     }},
    {"parts of one tensor",
     [](onnx::GraphProto& graph, int n) {
       std::vector<std::string> parts;
       for (int i = 0; i < n; ++i) parts.push_back(add(graph, "Relu", {"c"}, step(i)).output(0));
       onnx::AttributeProto& axis = *add(graph, "Concat", parts, step(n)).add_attribute();
       axis.set_name("axis");
       axis.set_type(onnx::AttributeProto::INT);
       axis.set_i(1);
     }},
    {"modules",
     [](onnx::GraphProto& graph, int n) {
       for (int i = 0; i < n; ++i) {
         const std::string module = "/m" + std::to_string(i);
         add(graph, "Relu", {step(i - 1)}, module + "/a", module + "/Relu");
         add(graph, "Neg", {module + "/a"}, step(i), module + "/Neg");
       }
     }},
    {"one name of many levels", [](onnx::GraphProto& graph, int n) {
       std::string name;
       for (int i = 0; i < 4 * n; ++i) name += "/a";
       add(graph, "Relu", {"c"}, step(0), name);
     }}};

class Scaling : public InputsCommand {
 protected:
  std::string save(const Build& build, int n) const {
    onnx::ModelProto model;
    model.set_ir_version(7);
    model.add_opset_import()->set_version(13);
    onnx::GraphProto& graph = *model.mutable_graph();
    graph.set_name("g");
    port(*graph.add_input(), "x", {1, 1, 4, 4});
    weight(graph, "w");
    add(graph, "Conv", {"x", "w"}, "c");
    build(graph, n);
    add(graph, "GlobalAveragePool", {graph.node(graph.node_size() - 1).output(0)}, "mean");
    add(graph, "Flatten", {"mean"}, "y");
    port(*graph.add_output(), "y", {1, 1});
    graph.mutable_output(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param("k");
    const fs::path path = folder_ / "network.onnx";
    std::ofstream file(path, std::ios::binary);
    model.SerializeToOstream(&file);
    return path;
  }

  /// Processor seconds, which others on the machine disturb little.
  double seconds_of(const std::vector<std::string>& arguments) {
    const auto used = [] {
      rusage usage{};
      getrusage(RUSAGE_CHILDREN, &usage);
      const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
      };
      return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    };
    const double before = used();
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return used() - before;
  }
};

TEST_F(Scaling, IsNearLinearInTheNodes) {
  constexpr int small = 2000;
  const std::string x = array({{1, 1, 4, 4}, std::vector<float>(16, 1)});
  for (const auto& [name, build] : kinds) {
    SCOPED_TRACE(name);
    double layers[2], explained[2];
    for (const int large : {0, 1}) {
      const std::string network = save(build, large ? 4 * small : small);
      layers[large] = seconds_of({"layers", network, "--size", "4", "--channels", "1", "--threads", "1"});
      explained[large] = seconds_of({"explain", network, x, "--layer", "c", "--target", "0", "--quiet", "--threads",
                                     "1", "--output-dir", results()});
    }
    // Four times as long and what the sorting and the caches take; the square would be 16. What every run takes is
    // small beside it.
    EXPECT_LT(layers[1], 8 * layers[0] + 0.2);
    EXPECT_LT(explained[1], 8 * explained[0] + 0.2);
  }
}

}  // namespace
}  // namespace whycam::test

// An exported program as its file says it: for the inside of this folder.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "formats/aten/call.h"
#include "formats/format.h"

namespace whycam::pt2 {

using formats::Error;

/// A tensor, or a number that was computed, by its name in the program.
struct TensorName {
  std::string name;
};
struct NumberName {
  std::string name;
};

/// What no rule takes: custom objects, complex numbers.
struct Foreign {
  std::string kind;  ///< "as_custom_obj"
};

/// A part of the program that a node is given: a branch, or a region that is run in a way of its own.
struct Subprogram;

/// What a node is given, or gives.
struct Argument {
  std::variant<std::monostate, TensorName, NumberName, Foreign, std::shared_ptr<const Subprogram>, bool, std::int64_t,
               double, std::string, aten::Type, aten::MemoryFormat, aten::Device, std::vector<Argument>>
      value;
};

/// A call of a module that a node belongs to.
struct ModuleCall {
  std::string path;  ///< "layer4.2.conv3"
  std::string type;  ///< "Conv2d"
  std::string key;   ///< tells calls apart
};

struct Node {
  std::string name;
  std::string op;                                        ///< "relu_", of the domain below
  std::string overload;                                  ///< "default"
  std::string domain;                                    ///< "aten", "higher_order" or "_operator"
  std::vector<std::pair<std::string, Argument>> inputs;  ///< with their names in the operator's signature
  std::vector<Argument> outputs;
  std::vector<ModuleCall> modules;  ///< outermost first, without the network itself
  std::string function;             ///< the call in Python that it is a part of: "hardswish_3;function.hardswish"
  bool without_gradient = false;    ///< stood under torch.no_grad()
};

/// What the file says of a tensor when the program was exported.
struct TensorMeta {
  aten::Type type = aten::Type::other;
  graph::Shape sizes;       ///< -1 where a symbol stands
  graph::Shape example;     ///< the sizes of the example that the program was exported with; empty where not known
  graph::Integers strides;  ///< of the example
  std::vector<std::string> symbols;  ///< of each size; empty where it is a number
  std::int64_t offset = 0;
};

/// What a tensor that the program brings along is called: a parameter, a buffer or a constant.
struct Lifted {
  std::string argument;  ///< its name in the program
  std::string name;      ///< "layer4.2.conv3.weight"
  bool is_parameter = false;
};

/// A value that the program gives, with its path in what the network's forward returned.
struct ProgramOutput {
  std::string path;
  Argument argument;
};

struct Range {
  std::int64_t least = 0, most = 0;
};

struct Subprogram {
  std::vector<Argument> inputs, outputs;
  std::vector<Node> nodes;
  std::unordered_map<std::string, TensorMeta> tensors;
};

struct Program {
  std::string torch_version;
  std::vector<Lifted> lifted;
  std::vector<std::string> inputs;  ///< those that a user gives, all tensors
  std::vector<ProgramOutput> outputs;
  std::vector<Node> nodes;
  std::unordered_map<std::string, TensorMeta> tensors;
  std::map<std::string, Range> ranges;  ///< of symbols
  std::vector<std::string> modules;     ///< the paths of all of the network's modules
};

/// The tensors and numbers among arguments, also in lists of them.
std::vector<std::string> names_of(const std::vector<Argument>& arguments);

/// "aten.conv2d.default"
std::string op_text(const Node& node);

/// Puts the nodes of regions that only say how they are run, without gradients or in no other precision, where the
/// regions stand.
void inline_regions(Program& program);

/// Puts activations together again that run_decompositions() took apart, so that they are explained and counted as what
/// the network says.
void recompose_activations(Program& program);

/// Reads a program's text. Throws Error, without the file's name.
Program read_program(const std::string& json);

/// The records and tensors of a payload's configuration: data/weights/model_weights_config.json.
struct Payload {
  std::string record;
  bool is_pickle = false;
  TensorMeta tensor;
};
std::map<std::string, Payload> read_payloads(const std::string& json);

}  // namespace whycam::pt2

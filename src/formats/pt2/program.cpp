// Source: torch/_export/serde/schema.py, whose major version is 8 since PyTorch 2.5.
#include "formats/pt2/program.h"

#include <algorithm>
#include <limits>

#include "formats/pt2/json.h"

namespace whycam::pt2 {
namespace {

constexpr std::int64_t newest_schema = 8, oldest_schema = 7;

aten::MemoryFormat memory_format(const Json& number) {
  const std::int64_t format = whole(number);
  return format == 1   ? aten::MemoryFormat::contiguous
         : format == 4 ? aten::MemoryFormat::preserve
                       : aten::MemoryFormat::other;
}

/// Infinities and NaN are texts, since JSON has none.
double real(const Json& number) {
  if (!number.is_string()) return number.get<double>();
  const auto& text = number.get_ref<const std::string&>();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "Infinity") return infinity;
  if (text == "-Infinity") return -infinity;
  return std::numeric_limits<double>::quiet_NaN();
}

Argument argument_of(const std::string& kind, const Json& value);
std::shared_ptr<const Subprogram> subprogram_of(const Json& graph);

std::vector<Argument> list_of(const Json& values, const std::string& kind) {
  std::vector<Argument> result;
  for (const Json& value : values) result.push_back(argument_of(kind, value));
  return result;
}

/// One member of a union: {"as_int": 3}.
Argument argument(const Json& json) {
  const auto [kind, value] = only_member(json);
  return argument_of(kind, *value);
}

std::vector<Argument> unions_of(const Json& values) {
  std::vector<Argument> result;
  for (const Json& value : values) result.push_back(argument(value));
  return result;
}

/// Numbers that may have been computed: {"as_name": "sym_size_int"}.
std::vector<Argument> symbols_of(const Json& values) { return unions_of(values); }

Argument argument_of(const std::string& kind, const Json& value) {
  if (kind == "as_none") return {};
  if (kind == "as_tensor") return {TensorName{value.at("name").get<std::string>()}};
  if (kind == "as_name") return {NumberName{value.get<std::string>()}};
  if (kind == "as_tensors") return {list_of(value, "as_tensor")};
  if (kind == "as_optional_tensor") return argument(value);
  if (kind == "as_optional_tensors") return {unions_of(value)};
  if (kind == "as_int") return {whole(value)};
  if (kind == "as_ints") return {list_of(value, "as_int")};
  if (kind == "as_float") return {real(value)};
  if (kind == "as_floats") return {list_of(value, "as_float")};
  if (kind == "as_bool") return {value.get<bool>()};
  if (kind == "as_bools") return {list_of(value, "as_bool")};
  if (kind == "as_string") return {value.get<std::string>()};
  if (kind == "as_strings") return {list_of(value, "as_string")};
  if (kind == "as_sym_int" || kind == "as_sym_float" || kind == "as_sym_bool") return argument(value);
  if (kind == "as_sym_ints" || kind == "as_sym_floats" || kind == "as_sym_bools") return {symbols_of(value)};
  if (kind == "as_scalar_type") return {type_of(value)};
  if (kind == "as_memory_format") return {memory_format(value)};
  if (kind == "as_layout") return {};  // tensors of other layouts than the usual one are refused where they are made
  if (kind == "as_device") return {aten::Device{value.at("type").get<std::string>() == "cpu"}};
  if (kind == "as_graph") return {subprogram_of(value.at("graph"))};
  return {Foreign{kind}};
}

/// "L__self__layer4.2@1,layer4.2,torchvision.models.resnet.Bottleneck;…"
std::vector<ModuleCall> module_calls(const std::string& text) {
  std::vector<ModuleCall> calls;
  constexpr std::size_t most_levels = 64;
  for (std::size_t from = 0; from < text.size() && calls.size() < most_levels;) {
    const std::size_t to = std::min(text.find(';', from), text.size());
    const std::string entry = text.substr(from, to - from);
    const std::size_t first = entry.find(','), second = first == std::string::npos ? first : entry.find(',', first + 1);
    from = to + 1;
    if (second == std::string::npos) continue;
    const std::string path = entry.substr(first + 1, second - first - 1), type = entry.substr(second + 1);
    if (path.empty() || entry.rfind("_empty_nn_module_stack", 0) == 0) continue;
    calls.push_back({path, type.substr(type.rfind('.') + 1), entry.substr(0, first)});
  }
  return calls;
}

/// "torch.ops.aten.conv2d.default", or "_operator.add".
void read_target(const std::string& target, Node& node) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= target.size();) {
    const std::size_t to = std::min(target.find('.', from), target.size());
    parts.push_back(target.substr(from, to - from));
    from = to + 1;
  }
  if (parts.size() >= 4 && parts[0] == "torch" && parts[1] == "ops") {
    node.domain = parts[2];
    node.op = parts[3];
    node.overload = parts.size() > 4 ? parts[4] : "";
  } else {
    node.op = parts.back();
    parts.pop_back();
    for (const std::string& part : parts) node.domain += (node.domain.empty() ? "" : ".") + part;
  }
}

Node node_of(const Json& json) {
  Node node;
  read_target(json.at("target").get<std::string>(), node);
  if (const Json* name = find(json, "name")) node.name = name->get<std::string>();
  for (const Json& input : json.at("inputs"))
    node.inputs.emplace_back(input.at("name").get<std::string>(), argument(input.at("arg")));
  node.outputs = unions_of(json.at("outputs"));
  if (const Json* stack = find(json.at("metadata"), "nn_module_stack"))
    node.modules = module_calls(stack->get<std::string>());
  if (const Json* function = find(json.at("metadata"), "torch_fn")) node.function = function->get<std::string>();
  return node;
}

std::shared_ptr<const Subprogram> subprogram_of(const Json& graph) {
  auto result = std::make_shared<Subprogram>();
  result->inputs = unions_of(graph.at("inputs"));
  result->outputs = unions_of(graph.at("outputs"));
  for (const Json& node : graph.at("nodes")) result->nodes.push_back(node_of(node));
  for (const auto& [name, meta] : graph.at("tensor_values").items()) result->tensors[name] = tensor_meta(meta);
  return result;
}

void read_inputs(const Json& signature, Program& program) {
  for (const Json& spec : signature.at("input_specs")) {
    const auto [kind, member] = only_member(spec);
    const Json& value = *member;
    if (kind == "custom_obj") throw Error("holds a custom object, which only Python can make anything of");
    if (kind == "token" || kind == "constant_input") continue;
    if (kind != "user_input") {
      const char* const name = kind == "parameter" ? "parameter_name"
                               : kind == "buffer"  ? "buffer_name"
                                                   : "tensor_constant_name";
      program.lifted.push_back(
          {value.at("arg").at("name").get<std::string>(), value.at(name).get<std::string>(), kind == "parameter"});
      continue;
    }
    const Argument given = argument(value.at("arg"));
    if (const auto* tensor = std::get_if<TensorName>(&given.value))
      program.inputs.push_back(tensor->name);
    else if (std::holds_alternative<NumberName>(given.value))
      throw Error("takes a number as an input; export it with that number as a constant");
  }
}

/// The paths of the leaves of a tree, as torch.utils._pytree writes one.
void leaf_paths(const Json& tree, const std::string& path, std::vector<std::string>& paths) {
  const Json& children = tree.at("children_spec");
  const Json* type = find(tree, "type");
  if (!type) {
    paths.push_back(path);
    return;
  }
  Json keys;  // a dictionary's, or the fields of a named tuple or a data class
  if (const Json* context = find(tree, "context"); context && context->is_string())
    keys = Json::parse(context->get<std::string>(), nullptr, false);
  for (std::size_t i = 0; i < children.size(); ++i) {
    const bool named = keys.is_array() && keys.size() == children.size() && keys[i].is_string();
    const std::string own = named ? keys[i].get<std::string>() : std::to_string(i);
    leaf_paths(children[i], path.empty() ? own : path + "." + own, paths);
  }
}

std::vector<std::string> output_paths(const Json& module) {
  std::vector<std::string> paths;
  for (const Json& entry : module.at("module_call_graph")) {
    const Json* signature = find(entry, "signature");
    if (!entry.at("fqn").get<std::string>().empty() || !signature) continue;
    const Json tree = parsed(signature->at("out_spec").get<std::string>());
    if (tree.is_array() && tree.size() == 2) leaf_paths(tree[1], "", paths);
    break;
  }
  return paths;
}

void read_outputs(const Json& module, Program& program) {
  const std::vector<std::string> paths = output_paths(module);
  std::size_t leaf = 0;
  for (const Json& spec : module.at("signature").at("output_specs")) {
    const auto [kind, value] = only_member(spec);
    if (kind != "user_output") continue;  // buffers that are written, which changes no explanation
    ProgramOutput output{leaf < paths.size() ? paths[leaf] : std::string(), argument(value->at("arg"))};
    ++leaf;
    const auto* tensor = std::get_if<TensorName>(&output.argument.value);
    if (!tensor) continue;
    if (output.path.empty()) output.path = tensor->name;
    program.outputs.push_back(std::move(output));
  }
}

void check_version(const Json& program) {
  const Json& version = program.at("schema_version");
  const std::int64_t major = whole(version.at("major"));
  const std::string text = std::to_string(major) + "." + std::to_string(whole(version.at("minor")));
  const Json* torch = find(program, "torch_version");
  const std::string writer = torch ? " (PyTorch " + torch->get<std::string>() + ")" : "";
  if (major > newest_schema)
    throw Error("is of version " + text + " of the format" + writer + ", which is newer than whycam; versions up to " +
                std::to_string(newest_schema) + " are read");
  if (major < oldest_schema)
    throw Error("is of version " + text + " of the format" + writer +
                ", which is too old; export it with PyTorch 2.5 or newer");
}

void read_ranges(const Json& program, Program& result) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const auto& [symbol, range] : program.at("range_constraints").items()) {
    const Json *low = find(range, "min_val"), *high = find(range, "max_val");
    result.ranges[symbol] = {low && low->is_number_integer() ? whole(*low) : 0,
                             high && high->is_number_integer() ? whole(*high) : most};
  }
}

}  // namespace

std::vector<std::string> names_of(const std::vector<Argument>& arguments) {
  std::vector<std::string> names;
  for (const Argument& argument : arguments) {
    if (const auto* tensor = std::get_if<TensorName>(&argument.value)) names.push_back(tensor->name);
    if (const auto* number = std::get_if<NumberName>(&argument.value)) names.push_back(number->name);
    if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value))
      for (const std::string& name : names_of(*list)) names.push_back(name);
  }
  return names;
}

std::string op_text(const Node& node) {
  return (node.domain.empty() ? "" : node.domain + ".") + node.op + (node.overload.empty() ? "" : "." + node.overload);
}

Program read_program(const std::string& json) {
  return reading("the program", [&] {
    const Json file = parsed(json);
    check_version(file);
    Program program;
    if (const Json* torch = find(file, "torch_version")) program.torch_version = torch->get<std::string>();
    const Json& module = file.at("graph_module");
    const Json& graph = module.at("graph");
    read_inputs(module.at("signature"), program);
    read_outputs(module, program);
    read_ranges(file, program);
    for (const Json& node : graph.at("nodes")) program.nodes.push_back(node_of(node));
    for (const auto& [name, meta] : graph.at("tensor_values").items()) program.tensors[name] = tensor_meta(meta);
    for (const Json& entry : module.at("module_call_graph"))
      program.modules.push_back(entry.at("fqn").get<std::string>());
    inline_regions(program);
    recompose_activations(program);
    return program;
  });
}

std::map<std::string, Payload> read_payloads(const std::string& json) {
  return reading("the list of weights", [&] {
    std::map<std::string, Payload> payloads;
    const Json file = parsed(json);
    for (const auto& [name, payload] : file.at("config").items()) {
      Payload& one = payloads[name];
      one.record = payload.at("path_name").get<std::string>();
      one.is_pickle = payload.at("use_pickle").get<bool>();
      if (const Json* meta = find(payload, "tensor_meta")) one.tensor = tensor_meta(*meta);
    }
    return payloads;
  });
}

}  // namespace whycam::pt2

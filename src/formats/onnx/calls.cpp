#include "formats/onnx/calls.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace whycam::onnx {
namespace {

const proto::NodeProto& node_at(const Network::Contents& contents, std::size_t node) {
  return contents.model->graph().node(static_cast<int>(node));
}

std::vector<std::string> operators_of(const Network::Contents& contents, const Module& module) {
  std::vector<std::string> operators;
  for (const std::size_t node : module.nodes) operators.push_back(node_at(contents, node).op_type());
  return operators;
}

std::set<std::string> weights_of(const Network::Contents& contents, const Module& module) {
  std::set<std::string> weights;
  for (const std::size_t node : module.nodes)
    for (const std::string& input : node_at(contents, node).input())
      if (contents.initializers.count(input)) weights.insert(input);
  return weights;
}

/// A module and those that may be later calls of it: PyTorch calls those of "relu" "relu_1", "relu_2" and so on.
std::vector<std::string> chain_of(const Network::Contents& contents, const std::string& module) {
  const std::vector<std::string> operators = operators_of(contents, contents.modules.at(module));
  std::vector<std::string> chain{module};
  for (int i = 1;; ++i) {
    const std::string next = module + "_" + std::to_string(i);
    const auto found = contents.modules.find(next);
    if (found == contents.modules.end() || operators_of(contents, found->second) != operators) return chain;
    chain.push_back(next);
  }
}

/// Whether a path ends in "_" and a number, and where.
std::size_t end_without_number(const std::string& path) {
  std::size_t end = path.size();
  while (end > 0 && std::isdigit(static_cast<unsigned char>(path[end - 1]))) --end;
  return end > 1 && end < path.size() && path[end - 1] == '_' && path[end - 2] != '.' ? end - 1 : path.size();
}

/// A path without the numbers by which exporters tell calls apart.
std::string without_numbers(const std::string& path) {
  std::string result;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find('.', from), path.size());
    const std::string part = path.substr(from, to - from);
    result += (from == 0 ? "" : ".") + part.substr(0, end_without_number(part));
    from = to + 1;
  }
  return result;
}

/// Divides what is found of a module under one path into calls.
class Division {
 public:
  Division(const Network::Contents& contents, const std::string& name, const Module& module)
      : contents_(contents), name_(name), module_(module) {
    for (const std::size_t node : module.nodes)
      if (node_at(contents, node).op_type() != "Constant") add(node);
  }

  /// One where the file does not tell of several.
  std::vector<Module> calls() const {
    if (std::vector<Module> tagged = by_tags(); tagged.size() > 1) return tagged;
    const std::size_t period = shortest_period();
    if (period < nodes_.size() && has_weights(period)) return parts(period);
    const std::size_t run = run_length();
    return run > 0 && run < nodes_.size() && run % period == 0 ? parts(run) : parts(nodes_.size());
  }

 private:
  void add(std::size_t node) {
    nodes_.push_back(node);
    const proto::NodeProto& found = node_at(contents_, node);
    std::string text = found.op_type();
    const auto& paths = contents_.paths[node];
    text += " " + (paths.empty() ? std::string() : without_numbers(paths.back().path));
    weights_.push_back(false);
    for (const std::string& input : found.input()) {
      if (!contents_.initializers.count(input)) continue;
      const bool computed = is_computed(input);  // a name of each call's own
      text += computed ? " ?" : " " + input;
      weights_.back() = weights_.back() || !computed;
    }
    signatures_.push_back(std::move(text));
  }

  /// By what PyTorch's newer exporter may write behind the path.
  std::vector<Module> by_tags() const {
    std::vector<Module> calls;
    std::map<std::string, std::size_t> index;
    for (const std::size_t node : module_.nodes) {
      const auto& paths = contents_.paths[node];
      const auto path =
          std::find_if(paths.begin(), paths.end(), [&](const ModulePath& one) { return one.path == name_; });
      const auto [found, is_new] = index.emplace(path == paths.end() ? std::string() : path->tags, calls.size());
      if (is_new) calls.emplace_back();
      calls[found->second].nodes.push_back(node);
    }
    return calls;
  }

  /// Of which the nodes are repetitions.
  std::size_t shortest_period() const {
    const std::size_t count = signatures_.size();
    std::vector<std::size_t> border(count + 1, 0);
    for (std::size_t i = 1, same = 0; i < count; ++i) {
      while (same > 0 && signatures_[i] != signatures_[same]) same = border[same];
      if (signatures_[i] == signatures_[same]) ++same;
      border[i + 1] = same;
    }
    const std::size_t period = count - border[count];
    return period > 0 && count % period == 0 ? period : count;
  }

  bool has_weights(std::size_t period) const {
    return std::find(weights_.begin(), weights_.begin() + static_cast<std::ptrdiff_t>(period), true) !=
           weights_.begin() + static_cast<std::ptrdiff_t>(period);
  }

  /// The length of what runs without another's node between, where all are of one length; a call is never interrupted.
  std::size_t run_length() const {
    std::size_t begin = 0, length = 0;
    for (std::size_t i = 1; i <= nodes_.size(); ++i) {
      if (i < nodes_.size() && !interrupted(nodes_[i - 1], nodes_[i])) continue;
      if (length != 0 && i - begin != length) return 0;
      length = i - begin;
      begin = i;
    }
    return length;
  }

  bool interrupted(std::size_t one, std::size_t next) const { return contents_.steps[next] - contents_.steps[one] > 1; }

  std::vector<Module> parts(std::size_t length) const {
    if (length == nodes_.size()) return {module_};
    std::vector<Module> calls(nodes_.size() / length);
    for (std::size_t i = 0; i < nodes_.size(); ++i) calls[i / length].nodes.push_back(nodes_[i]);
    return calls;
  }

  const Network::Contents& contents_;
  const std::string& name_;
  const Module& module_;
  std::vector<std::size_t> nodes_;
  std::vector<std::string> signatures_;
  std::vector<bool> weights_;
};

using Calls = std::map<std::string, std::vector<Module>>;

/// Paths that differ by a number, and all within them, are calls of one module where common weights tell that. Modules
/// with weights of their own are several. Without either, nothing tells.
void settle_chains(Network::Contents& contents, Calls& decided) {
  std::vector<std::string> names;
  for (const auto& [name, module] : contents.modules) names.push_back(name);
  for (const std::string& name : names) {
    if (contents.function_calls.count(name)) continue;  // each has a name of its own
    const std::vector<std::string> chain = chain_of(contents, name);
    if (chain.size() == 1) continue;
    const std::set<std::string> first = weights_of(contents, contents.modules.at(name)),
                                weights = weights_of(contents, contents.modules.at(chain.back()));
    const bool one_module = !weights.empty() && weights == first;
    if (!one_module && !weights.empty() && std::none_of(weights.begin(), weights.end(), is_computed)) continue;
    for (auto inner = contents.modules.lower_bound(name); inner != contents.modules.end(); ++inner) {
      if (inner->first.compare(0, name.size(), name) != 0) break;
      const std::string rest = inner->first.substr(name.size());
      if (!rest.empty() && rest[0] != '.') continue;
      std::vector<Module> calls;
      for (const std::string& call : chain)
        if (const auto found = contents.modules.find(call + rest); found != contents.modules.end())
          calls.push_back(found->second);
      if (contents.modules.count(chain.back() + rest) == 0) continue;
      if (!one_module) contents.undecided[inner->first] = chain.back() + rest;
      (one_module ? decided : contents.calls)[inner->first] = std::move(calls);
    }
  }
}

/// Where a container's calls are known, so are those of what runs once in each of them.
void settle_within(const Network::Contents& contents, const std::string& name, const std::vector<Module>& calls,
                   Calls& decided) {
  std::map<std::size_t, std::size_t> call_of;
  for (std::size_t call = 0; call < calls.size(); ++call)
    for (const std::size_t node : calls[call].nodes) call_of[node] = call;
  Calls found;
  for (auto inner = contents.modules.upper_bound(name + "."); inner != contents.modules.end(); ++inner) {
    if (inner->first.compare(0, name.size() + 1, name + ".") != 0) break;
    std::set<std::size_t> own;
    for (const std::size_t node : inner->second.nodes)
      if (const auto call = call_of.find(node); call != call_of.end()) own.insert(call->second);
    if (own.size() != 1) continue;
    std::vector<Module>& of_path = found[name + without_numbers(inner->first.substr(name.size()))];
    of_path.resize(calls.size());
    Module& call = of_path[*own.begin()];
    if (!call.nodes.empty()) of_path.push_back(inner->second);  // twice within a call
    call = inner->second;
  }
  for (auto& [path, of_path] : found) {
    const bool once_each =
        of_path.size() == calls.size() &&
        std::none_of(of_path.begin(), of_path.end(), [](const Module& m) { return m.nodes.empty(); });
    if (once_each && contents.modules.count(path)) decided[path] = std::move(of_path);
  }
}

}  // namespace

ModulePath module_path(const std::string& module) {
  ModulePath result;
  for (std::size_t i = 0; i < module.size();) {
    std::size_t end = i + 1;
    while (module[i] == '@' && end < module.size() && std::isdigit(static_cast<unsigned char>(module[end]))) ++end;
    const bool tag = module[i] == '@' && end > i + 1 && (end == module.size() || module[end] == '.');
    (tag ? result.tags : result.path).append(module, i, tag ? end - i : 1);
    i = tag ? end : i + 1;
  }
  return result;
}

void settle_calls(Network::Contents& contents) {
  Calls decided;
  settle_chains(contents, decided);
  for (const auto& [name, module] : contents.modules) {
    if (decided.count(name) || contents.undecided.count(name) || contents.function_calls.count(name)) continue;
    std::vector<Module> calls = Division(contents, name, module).calls();
    if (calls.size() == 1) continue;
    settle_within(contents, name, calls, decided);
    decided[name] = std::move(calls);
  }
  for (auto& [name, calls] : decided) {
    contents.undecided.erase(name);
    contents.modules[name] = calls.back();
    contents.calls[name] = std::move(calls);
  }
  for (const auto& [name, last] : contents.undecided) contents.modules.erase(name);
  const auto is_undecided = [&](const Layer& layer) {
    return layer.type == "module" && contents.undecided.count(layer.name);
  };
  contents.layers.erase(std::remove_if(contents.layers.begin(), contents.layers.end(), is_undecided),
                        contents.layers.end());
}

}  // namespace whycam::onnx

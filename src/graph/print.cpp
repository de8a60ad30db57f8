#include "graph/print.h"

#include <sstream>
#include <string_view>

namespace whycam::graph {
namespace {

/// Attributes that differ from the usual ones, and always a function.
class Sayer {
 public:
  template <class A>
  void say_all(const A& attributes) {
    const A usual;
    const auto say_each = [&](const auto&... field) {
      std::apply([&](const auto&... of_usual) { (say(field, of_usual), ...); }, usual.fields());
    };
    std::apply(say_each, attributes.fields());
  }
  std::string text() const { return text_.str(); }

 private:
  template <class T>
  void say(const Field<T>& field, const Field<T>& usual) {
    constexpr bool is_function = std::is_same_v<T, Function>;
    if (std::string_view(field.name) == "shape" || (!is_function && field == usual))
      return;  // the node tells its shape
    text_ << between_ << field.name << ' ';
    between_ = ", ";
    if constexpr (is_function)
      text_ << record(field.value).name;
    else if constexpr (std::is_same_v<T, Integers>)
      text_ << to_string(field.value);
    else
      text_ << std::boolalpha << field.value;
  }

  std::ostringstream text_;
  const char* between_ = "";
};

std::string attributes_text(const Node& node) {
  Sayer sayer;
  std::visit([&](const auto& attributes) { sayer.say_all(attributes); }, node.attributes);
  sayer.say_all(node.fused);
  return sayer.text();
}

}  // namespace

std::string to_string(const Graph& graph) {
  std::ostringstream text;
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    text << '%' << value << " = " << signature(node.op).name;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) text << (i ? ", %" : " %") << node.inputs[i];
    const std::string attributes = attributes_text(node);
    if (!attributes.empty()) text << " {" << attributes << '}';
    text << " : " << to_string(node.shape);
    if (!node.name.empty()) text << "  # " << node.name;
    text << '\n';
  }
  for (const Output& output : graph.outputs()) text << output.name << " -> %" << output.value << '\n';
  return text.str();
}

}  // namespace whycam::graph

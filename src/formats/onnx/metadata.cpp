#include "formats/onnx/metadata.h"

#include <google/protobuf/unknown_field_set.h>

namespace whycam::onnx {
namespace {

template <class Node>
auto value_of(const Node& node, const std::string& key, int) -> decltype(node.metadata_props(), std::string()) {
  for (const auto& entry : node.metadata_props())
    if (entry.key() == key) return entry.value();
  return {};
}

/// The texts and messages of a field that this version of ONNX does not know.
template <class Message>
std::vector<std::string> unknown_field(const Message& message, int number) {
  std::vector<std::string> contents;
  const auto& unknown = message.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    const auto& field = unknown.field(i);
    if (field.number() == number && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      contents.push_back(field.length_delimited());
  }
  return contents;
}

template <class Node>
std::string value_of(const Node& node, const std::string& key, long) {
  for (const std::string& content : unknown_field(node, 9)) {
    proto::StringStringEntryProto entry;
    if (entry.ParseFromString(content) && entry.key() == key) return entry.value();
  }
  return {};
}

template <class Message>
auto overload(const Message& message, int, int) -> decltype(message.overload(), std::string()) {
  return message.overload();
}

template <class Message>
std::string overload(const Message& message, int number, long) {
  const std::vector<std::string> found = unknown_field(message, number);
  return found.empty() ? "" : found.back();
}

using AttributeList = std::vector<proto::AttributeProto>;

template <class Function>
auto defaults(const Function& function, int) -> decltype(function.attribute_proto(), AttributeList()) {
  return {function.attribute_proto().begin(), function.attribute_proto().end()};
}

template <class Function>
AttributeList defaults(const Function& function, long) {
  AttributeList found;
  for (const std::string& content : unknown_field(function, 11))
    if (proto::AttributeProto attribute; attribute.ParseFromString(content)) found.push_back(std::move(attribute));
  return found;
}

}  // namespace

std::string metadata_of(const proto::NodeProto& node, const std::string& key) { return value_of(node, key, 0); }
std::string overload_of(const proto::NodeProto& call) { return overload(call, 8, 0); }
std::string overload_of(const proto::FunctionProto& function) { return overload(function, 13, 0); }
AttributeList defaults_of(const proto::FunctionProto& function) { return defaults(function, 0); }

std::vector<std::string> texts_of_list(const std::string& list) {
  std::vector<std::string> texts;
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return texts;
  for (std::size_t i = 1; i + 1 < list.size(); ++i) {
    const char quote = list[i];
    if (quote == ',' || quote == ' ') continue;
    if (quote != '\'' && quote != '"') return {};
    std::string& text = texts.emplace_back();
    for (++i; i + 1 < list.size() && list[i] != quote; ++i) {
      if (list[i] == '\\') ++i;
      text += list[i];
    }
    if (i + 1 >= list.size()) return {};  // without an end
  }
  return texts;
}

std::vector<std::string> modules_in_metadata(const proto::NodeProto& node) {
  std::vector<std::string> modules;
  constexpr std::size_t most_levels = 64;
  const std::vector<std::string> scopes = texts_of_list(metadata_of(node, name_scopes));
  if (scopes.size() > most_levels) return modules;
  for (std::size_t i = 0; i + 1 < scopes.size(); ++i)  // the last is the operator's
    if (!scopes[i].empty() && (modules.empty() || modules.back() != scopes[i])) modules.push_back(scopes[i]);
  return modules;
}

}  // namespace whycam::onnx

#include "formats/pt2/json.h"

#include <algorithm>
#include <limits>
#include <set>

namespace whycam::pt2 {

Json parsed(const std::string& text) {
  constexpr int deepest = 64;
  static const std::set<std::string> left_out{"stack_trace", "from_node", "source_fn_stack", "guards_code"};
  bool too_deep = false;
  const auto keep = [&](int depth, Json::parse_event_t event, Json& value) {
    too_deep = too_deep || depth > deepest;
    return !too_deep && (event != Json::parse_event_t::key || left_out.count(value.get_ref<const std::string&>()) == 0);
  };
  try {
    Json result = Json::parse(text, keep);
    if (!too_deep) return result;
  } catch (const Json::exception&) {
    if (!too_deep) throw Error("has a program that is no JSON");
  }
  throw Error("has a program that is nested deeper than any is");
}

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::int64_t whole(const Json& json) {
  const bool fits = json.is_number_unsigned() ? json.get<std::uint64_t>() <=
                                                    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                                              : json.is_number_integer();
  if (!fits) throw Error("has " + json.dump().substr(0, 40) + " where an integer belongs");
  return json.get<std::int64_t>();
}

std::pair<std::string, const Json*> only_member(const Json& json) {
  if (!json.is_object() || json.size() != 1) throw Error("holds something of an unknown form");
  return {json.begin().key(), &json.begin().value()};
}

/// torch._export.serde.schema.ScalarType
aten::Type type_of(const Json& number) {
  using aten::Type;
  static const Type types[] = {Type::other, Type::uint8,   Type::int8,    Type::int16,   Type::int32,
                               Type::int64, Type::float16, Type::float32, Type::float64, Type::other,
                               Type::other, Type::other,   Type::boolean, Type::bfloat16};
  const std::int64_t index = whole(number);
  return index >= 0 && index < static_cast<std::int64_t>(std::size(types)) ? types[index] : Type::other;
}

namespace {

/// A size or stride: the number, or that of the example where a symbol stands, and the symbol's name.
std::pair<std::int64_t, std::string> sym_int(const Json& json) {
  if (const Json* number = find(json, "as_int")) return {whole(*number), ""};
  const Json& expression = json.at("as_expr");
  std::string text = expression.at("expr_str").get<std::string>();
  // "Symbol('s77', positive=True, integer=True)" in newer files, "s77" in older ones
  const std::string begin = "Symbol('";
  if (text.rfind(begin, 0) == 0 && text.find('(', begin.size()) == std::string::npos)
    text = text.substr(begin.size(), text.find('\'', begin.size()) - begin.size());
  const Json* hint = find(expression, "hint");
  const Json* number = hint ? find(*hint, "as_int") : nullptr;
  return {number ? whole(*number) : -1, text.empty() ? "?" : text};
}

}  // namespace

TensorMeta tensor_meta(const Json& meta) {
  TensorMeta result;
  result.type = type_of(meta.at("dtype"));
  bool is_known = true;
  for (const Json& size : meta.at("sizes")) {
    auto [number, symbol] = sym_int(size);
    result.sizes.push_back(symbol.empty() ? number : -1);
    result.example.push_back(number);
    is_known = is_known && number >= 0;
    result.symbols.push_back(symbol);
  }
  for (const Json& stride : meta.at("strides")) {
    result.strides.push_back(sym_int(stride).first);
    is_known = is_known && result.strides.back() >= 0;
  }
  result.offset = sym_int(meta.at("storage_offset")).first;
  if (!is_known || result.strides.size() != result.sizes.size()) {
    result.example.clear();
    result.strides.clear();
  }
  return result;
}

}  // namespace whycam::pt2

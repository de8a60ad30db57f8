// JSON from files that are not trusted.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "formats/pt2/program.h"

namespace whycam::pt2 {

using Json = nlohmann::json;

/// Throws Error where it is no JSON, or nested deeper than anything that a program holds. Source locations and the like
/// are left out.
Json parsed(const std::string& text);

/// Does `read` on a parsed text. What is missing or of another kind than expected there is an Error.
template <class Read>
auto reading(const std::string& what, const Read& read) {
  try {
    return read();
  } catch (const Json::exception& reason) {
    throw Error(what + " is damaged: " + reason.what());
  }
}

/// An integer. Throws Error for any other number, which JSON's library would cut off.
std::int64_t whole(const Json& json);
/// The one member of a union: {"as_int": 3}. Throws Error.
std::pair<std::string, const Json*> only_member(const Json& json);
aten::Type type_of(const Json& number);
TensorMeta tensor_meta(const Json& meta);
/// A value, or nothing where it is absent or null.
const Json* find(const Json& object, const char* key);

}  // namespace whycam::pt2

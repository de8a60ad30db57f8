#include "core/layer_name.h"

#include <algorithm>

namespace whycam::core {
namespace {

/// A number without a sign that has an end: none has more digits.
std::optional<std::int64_t> number(const std::string& text) {
  constexpr std::size_t most_digits = 9;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > most_digits || !digits) return std::nullopt;
  return std::stoll(text);
}

/// Takes "@1" from the end of a path.
void take_call(LayerName& name) {
  const std::size_t at = name.path.rfind('@');
  if (at == std::string::npos || at == 0) return;
  name.call = number(name.path.substr(at + 1));
  if (name.call) name.path.resize(at);
}

}  // namespace

std::optional<std::int64_t> LayerName::tensor_index() const { return tensor ? number(*tensor) : std::nullopt; }

LayerName parse_layer_name(const std::string& name) {
  LayerName result{name, {}, {}};
  take_call(result);
  if (result.call) return result;
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == name.size()) return result;
  result.path.resize(colon);
  result.tensor = name.substr(colon + 1);
  take_call(result);
  return result;
}

std::string call_suffix(std::size_t call) { return "@" + std::to_string(call); }

std::optional<std::size_t> tensor_among(const std::vector<std::string>& tensors, const LayerName& name) {
  const auto found = std::find(tensors.begin(), tensors.end(), name.tensor.value());
  if (found != tensors.end()) return static_cast<std::size_t>(found - tensors.begin());
  const auto index = name.tensor_index();
  if (!index || static_cast<std::size_t>(*index) >= tensors.size()) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

std::string names_no_tensor(const std::string& name, const std::vector<std::string>& tensors) {
  std::string names;
  for (const std::string& tensor : tensors) names += (names.empty() ? "\"" : ", \"") + tensor + "\"";
  return "\"" + name + "\" names none of the layer's tensors, which are " + names + ", counted from 0";
}

}  // namespace whycam::core

#include "picture/npy_types.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace whycam::picture {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they are in the file");

/// IEEE 754 binary16.
double half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = 0;
  if (exponent == 31)
    value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  else
    value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 == 0 ? value : -value;
}

template <typename Stored, typename Value>
Value read_one(const std::uint8_t* bytes) {
  Stored stored;
  std::memcpy(&stored, bytes, sizeof stored);
  return static_cast<Value>(stored);
}

template <typename Value>
using ReadOne = Value (*)(const std::uint8_t*);

/// How a number is read whose bytes are in this machine's order.
template <typename Value>
ReadOne<Value> reader(char kind, std::size_t size) {
  switch (kind) {
    case 'f':
      if (size == 2)
        return [](const std::uint8_t* bytes) {
          return static_cast<Value>(half(read_one<std::uint16_t, std::uint16_t>(bytes)));
        };
      return size == 4 ? read_one<float, Value> : read_one<double, Value>;
    case 'i':
      if (size == 1) return read_one<std::int8_t, Value>;
      if (size == 2) return read_one<std::int16_t, Value>;
      return size == 4 ? read_one<std::int32_t, Value> : read_one<std::int64_t, Value>;
    case 'u':
      if (size == 1) return read_one<std::uint8_t, Value>;
      if (size == 2) return read_one<std::uint16_t, Value>;
      return size == 4 ? read_one<std::uint32_t, Value> : read_one<std::uint64_t, Value>;
    default:  // bool
      return [](const std::uint8_t* bytes) { return static_cast<Value>(*bytes != 0 ? 1 : 0); };
  }
}

}  // namespace

std::size_t stored_size(const std::string& type) {
  if (type.size() != 3 || type[2] < '1' || type[2] > '8') return 0;
  const auto size = static_cast<std::size_t>(type[2] - '0');
  const bool is_known = type[1] == 'f'   ? size == 2 || size == 4 || size == 8
                        : type[1] == 'b' ? size == 1
                                         : (type[1] == 'i' || type[1] == 'u') && (size & (size - 1)) == 0;
  const bool has_order = type[0] == '<' || type[0] == '>' || (type[0] == '|' && size == 1);
  return is_known && has_order ? size : 0;
}

bool fits_float(const std::string& type) {
  const std::size_t size = stored_size(type);
  return size <= 2 || (type[1] == 'f' && size == 4);
}

std::string type_name(const std::string& type) {
  const std::string size_digits = type.substr(std::min<std::size_t>(2, type.size()));
  unsigned size = 0;  // no sign: "-8" is no size
  const auto [end, error] = std::from_chars(size_digits.data(), size_digits.data() + size_digits.size(), size);
  const bool is_plain = error == std::errc() && end == size_digits.data() + size_digits.size() && size <= 32;
  if (!is_plain) return "\"" + type + "\"";
  const std::string bits = std::to_string(8 * size);
  const std::string prefix = type[0] == '>' ? "big-endian " : "";
  switch (type[1]) {
    case 'f':
      return prefix + "float" + bits;
    case 'i':
      return prefix + "int" + bits;
    case 'u':
      return prefix + "uint" + bits;
    case 'c':
      return prefix + "complex" + bits;
    case 'b':
      return "bool";
    default:
      return "\"" + type + "\"";
  }
}

template <typename Value>
std::vector<Value> npy_values(const std::string& type, const std::uint8_t* bytes, std::size_t count) {
  const std::size_t size = stored_size(type);
  const ReadOne<Value> read = reader<Value>(type[1], size);
  const bool is_turned = type[0] == '>' && size > 1;
  std::vector<Value> values(count);
  if (!is_turned && type[1] == 'f' && size == sizeof(Value)) {
    std::memcpy(values.data(), bytes, count * size);
    return values;
  }
  std::uint8_t turned[8];
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* one = bytes + i * size;
    if (is_turned) one = (std::reverse_copy(one, one + size, turned), turned);
    values[i] = read(one);
  }
  return values;
}

template std::vector<float> npy_values<float>(const std::string&, const std::uint8_t*, std::size_t);
template std::vector<double> npy_values<double>(const std::string&, const std::uint8_t*, std::size_t);

}  // namespace whycam::picture

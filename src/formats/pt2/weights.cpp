#include "formats/pt2/weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "graph/operators.h"

namespace whycam::pt2 {
namespace {

using aten::Type;

std::int64_t bytes_of(Type type) {
  switch (type) {
    case Type::boolean:
    case Type::uint8:
    case Type::int8:
      return 1;
    case Type::int16:
    case Type::float16:
    case Type::bfloat16:
      return 2;
    case Type::int32:
    case Type::float32:
      return 4;
    case Type::int64:
    case Type::float64:
      return 8;
    case Type::other:
      break;
  }
  throw Error("has numbers of a type that is not known");
}

template <class Number>
double plain(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return static_cast<double>(number);
}

double half(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31)
    return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

double brain_float(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float number = 0;
  std::memcpy(&number, &wide, sizeof number);
  return static_cast<double>(number);
}

using Reader = double (*)(const char*);

Reader reader_of(Type type) {
  switch (type) {
    case Type::boolean:
    case Type::uint8:
      return plain<std::uint8_t>;
    case Type::int8:
      return plain<std::int8_t>;
    case Type::int16:
      return plain<std::int16_t>;
    case Type::int32:
      return plain<std::int32_t>;
    case Type::int64:
      return plain<std::int64_t>;
    case Type::float16:
      return half;
    case Type::bfloat16:
      return brain_float;
    case Type::float32:
      return plain<float>;
    default:
      return plain<double>;
  }
}

/// Where each element lies in the record, in row-major order.
template <class Visit>
void for_each_element(const TensorMeta& meta, const Visit& visit) {
  graph::for_each_index(meta.sizes, [&](const graph::Integers& index) {
    std::int64_t place = meta.offset;
    for (std::size_t d = 0; d < index.size(); ++d) place += index[d] * meta.strides[d];
    visit(place);
  });
}

/// How many elements a record must have. Throws Error for what no tensor is.
std::int64_t elements_needed(const TensorMeta& meta) {
  std::int64_t last = meta.offset, count = 1;
  graph::Shape without_zeros = meta.sizes;
  for (std::int64_t& size : without_zeros) size = std::max<std::int64_t>(size, 1);
  if (graph::element_count(without_zeros) > graph::most_elements) throw Error("has an impossible size");
  if (meta.strides.size() != meta.sizes.size() || meta.offset < 0) throw Error("is described in an impossible way");
  for (std::size_t d = 0; d < meta.sizes.size(); ++d) {
    std::int64_t step = 0;
    if (meta.sizes[d] < 0 || meta.strides[d] < 0 || __builtin_mul_overflow(count, meta.sizes[d], &count) ||
        count > graph::most_elements || __builtin_mul_overflow(meta.sizes[d] - 1, meta.strides[d], &step) ||
        __builtin_add_overflow(last, step, &last) || last > graph::most_elements * 2)
      throw Error("has an impossible size");
  }
  return count == 0 ? 0 : last + 1;
}

bool is_row_major(const TensorMeta& meta) {
  const graph::Integers strides = graph::strides_of(meta.sizes);
  for (std::size_t d = 0; d < strides.size(); ++d)
    if (meta.sizes[d] > 1 && meta.strides[d] != strides[d]) return false;
  return true;
}

}  // namespace

const WeightReader::Bytes& WeightReader::bytes(const std::string& record) {
  Bytes& bytes = records_[record];
  if (bytes.begin) return bytes;
  const auto found = std::find_if(file_.records().begin(), file_.records().end(),
                                  [&](const archive::Record& one) { return one.name == record; });
  if (found == file_.records().end()) throw Error("lies in \"" + record + "\", which is not there");
  const std::shared_ptr<float> memory = pieces_.returnable_piece(found->size);
  file_.read(*found, reinterpret_cast<char*>(memory.get()));
  return bytes = {{memory, reinterpret_cast<const char*>(memory.get())}, found->size};
}

graph::Constant WeightReader::constant(const Bytes& held, std::int64_t offset, std::int64_t count) {
  graph::Constant constant;
  const float* const floats = reinterpret_cast<const float*>(held.begin.get()) + offset;
  if (static_cast<std::size_t>(count) * sizeof(float) < graph::large_weight) {
    constant.owner = held.begin;
    constant.floats = floats;
    return constant;
  }
  auto& weights = weights_[{floats, count}];
  if (!weights)
    weights = std::make_shared<const graph::Weights>(std::shared_ptr<const float>(held.begin, floats), count);
  constant.weights = weights;
  return constant;
}

Weight WeightReader::read(const std::string& name, const std::string& record, const TensorMeta& meta) try {
  Weight weight{meta.type, meta.sizes, {}, {}};
  const std::int64_t size = bytes_of(meta.type), needed = elements_needed(meta);
  static const Bytes none{std::make_shared<const char>(), 0};
  const Bytes& held = needed == 0 ? none : bytes(record);
  if (static_cast<std::int64_t>(held.size) / size < needed)
    throw Error("takes " + std::to_string(needed * size) + " bytes, but there are only " + std::to_string(held.size));
  // Elements that are there many times over, by strides of 0, must not make a small file ask for all memory.
  if (graph::element_count(meta.sizes) > std::max<std::int64_t>(needed, 1) * 1024)
    throw Error("repeats few numbers to " + std::to_string(graph::element_count(meta.sizes)));
  const Reader number = reader_of(meta.type);
  if (!aten::is_float(meta.type)) {
    for_each_element(meta,
                     [&](std::int64_t place) { weight.integers.push_back(number(held.begin.get() + place * size)); });
  } else if (meta.type == Type::float32 && is_row_major(meta)) {
    weight.floats = constant(held, meta.offset, graph::element_count(meta.sizes));
  } else {
    std::vector<float> floats;
    floats.reserve(static_cast<std::size_t>(graph::element_count(meta.sizes)));
    for_each_element(meta, [&](std::int64_t place) {
      floats.push_back(static_cast<float>(number(held.begin.get() + place * size)));
    });
    weight.floats = graph::constant_of(std::move(floats));
  }
  return weight;
} catch (const Error& reason) {
  throw Error("the tensor \"" + name + "\" " + reason.what());
}

}  // namespace whycam::pt2

// Tensors of a file: weights and constants.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "core/open_file.h"
#include "formats/onnx/contents.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using proto::TensorProto;

std::string text(const TensorProto& tensor) { return "the tensor \"" + tensor.name() + "\""; }

[[noreturn]] void refuse(const TensorProto& tensor, const std::string& why) { throw Error(text(tensor) + " " + why); }

std::int64_t count_of(const TensorProto& tensor) {
  graph::Shape shape(tensor.dims().begin(), tensor.dims().end()), without_zeros;
  for (const std::int64_t extent : shape) {
    if (extent < 0) refuse(tensor, "has an extent of " + std::to_string(extent));
    without_zeros.push_back(std::max<std::int64_t>(extent, 1));
  }
  if (graph::element_count(without_zeros) > graph::most_elements) refuse(tensor, "claims more than 2^36 elements");
  return graph::element_count(shape);
}

bool is_packed(std::int32_t type) { return type == int4_type || type == uint4_type; }

/// Of each element; of two where they are packed.
std::size_t bytes_of(std::int32_t type) {
  switch (type) {
    case int4_type:
    case uint4_type:
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      return 2;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 8;
    default:
      return 0;
  }
}

std::size_t byte_count(const TensorProto& tensor) {
  const auto count = static_cast<std::size_t>(count_of(tensor));
  return is_packed(tensor.data_type()) ? count / 2 + count % 2 : count * bytes_of(tensor.data_type());
}

/// Digits alone: no sign, no space, nothing behind. Throws std::exception.
std::uint64_t number_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) throw std::invalid_argument(text);
  return std::stoull(text);
}

/// Where numbers lie that are not in the message.
struct Stored {
  std::string location;
  std::uint64_t offset = 0, length = std::numeric_limits<std::uint64_t>::max();
};

Stored stored(const TensorProto& tensor) {
  Stored at;
  try {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") at.location = entry.value();
      if (entry.key() == "offset") at.offset = number_of(entry.value());
      if (entry.key() == "length") at.length = number_of(entry.value());
    }
  } catch (const std::exception&) {
    refuse(tensor, "has an offset or length that is no number");
  }
  return at;
}

void require_bytes(const TensorProto& tensor, std::uint64_t bytes) {
  if (bytes != byte_count(tensor))
    refuse(tensor, "has " + std::to_string(bytes) + " bytes for " + std::to_string(count_of(tensor)) + " elements");
}

/// The file beside the network in which numbers lie, all of which are there.
std::filesystem::path file_beside(const TensorProto& tensor, const Stored& at, const WeightFolder& folder) {
  const auto& [location, offset, length] = at;
  std::error_code failure;
  if (location.find('\0') != std::string::npos) refuse(tensor, "lies in a location with a zero byte in it");
  if (!folder.exists)
    refuse(tensor, "lies in \"" + location + "\" beside the network, which was given as bytes: load it from its file");
  const auto path = within(folder, location);
  if (path.empty()) refuse(tensor, "lies in \"" + location + "\", which is not within the network's folder");
  const std::uint64_t size = std::filesystem::file_size(path, failure);
  if (failure) refuse(tensor, "lies in \"" + location + "\", which cannot be read");
  if (offset > size || (length != std::numeric_limits<std::uint64_t>::max() && length > size - offset))
    refuse(tensor, "reaches beyond the end of \"" + location + "\"");
  const std::uint64_t there = std::min(length, size - offset), wanted = byte_count(tensor);
  if (there < wanted)
    refuse(tensor,
           "has " + std::to_string(there) + " bytes in \"" + location + "\" instead of " + std::to_string(wanted));
  return path;
}

bool read_part(const std::filesystem::path& path, std::uint64_t offset, std::size_t bytes, char* to) {
  const core::OpenFile file(path);
  return file.is_open() && file.read(offset, bytes, to);
}

double half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31)
    return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

double brain_float(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float number = 0;
  std::memcpy(&number, &wide, sizeof number);
  return number;
}

template <class Number>
std::vector<double> numbers_in(const char* bytes, std::int64_t count) {
  std::vector<double> numbers;
  numbers.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    Number number;
    std::memcpy(&number, bytes + i * static_cast<std::int64_t>(sizeof number), sizeof number);
    numbers.push_back(static_cast<double>(number));
  }
  return numbers;
}

std::vector<double> halves_in(const char* bytes, std::int64_t count, double (*value)(std::uint16_t)) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes + 2 * i, sizeof bits);
    numbers.push_back(value(bits));
  }
  return numbers;
}

/// The first of two in the lower half of a byte.
template <class Byte>
std::vector<double> packed_numbers(const Byte* bytes, std::int64_t count, bool has_sign) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < count; ++i) {
    const int four_bits = static_cast<int>(bytes[i / 2]) >> (i % 2 * 4) & 15;
    numbers.push_back(has_sign && four_bits > 7 ? four_bits - 16 : four_bits);
  }
  return numbers;
}

std::vector<double> raw_numbers(const TensorProto& tensor, const char* bytes, std::int64_t count) {
  switch (tensor.data_type()) {
    case int4_type:
    case uint4_type:
      return packed_numbers(bytes, count, tensor.data_type() == int4_type);
    case TensorProto::BOOL:
    case TensorProto::UINT8:
      return numbers_in<std::uint8_t>(bytes, count);
    case TensorProto::INT8:
      return numbers_in<std::int8_t>(bytes, count);
    case TensorProto::INT16:
      return numbers_in<std::int16_t>(bytes, count);
    case TensorProto::UINT16:
      return numbers_in<std::uint16_t>(bytes, count);
    case TensorProto::INT32:
      return numbers_in<std::int32_t>(bytes, count);
    case TensorProto::UINT32:
      return numbers_in<std::uint32_t>(bytes, count);
    case TensorProto::INT64:
      return numbers_in<std::int64_t>(bytes, count);
    case TensorProto::UINT64:
      return numbers_in<std::uint64_t>(bytes, count);
    case TensorProto::FLOAT:
      return numbers_in<float>(bytes, count);
    case TensorProto::DOUBLE:
      return numbers_in<double>(bytes, count);
    case TensorProto::FLOAT16:
      return halves_in(bytes, count, half);
    default:
      return halves_in(bytes, count, brain_float);
  }
}

/// Numbers that stand in a field of their type.
std::vector<double> field_numbers(const TensorProto& tensor, std::int64_t count) {
  if (is_packed(tensor.data_type()) && static_cast<std::size_t>(tensor.int32_data_size()) == byte_count(tensor))
    return packed_numbers(tensor.int32_data().data(), count, tensor.data_type() == int4_type);
  const auto of = [](const auto& field) { return std::vector<double>(field.begin(), field.end()); };
  const auto halves = [&](double (*value)(std::uint16_t)) {
    std::vector<double> numbers;
    for (const std::int32_t bits : tensor.int32_data()) numbers.push_back(value(static_cast<std::uint16_t>(bits)));
    return numbers;
  };
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return of(tensor.float_data());
    case TensorProto::DOUBLE:
      return of(tensor.double_data());
    case TensorProto::INT64:
      return of(tensor.int64_data());
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return of(tensor.uint64_data());
    case TensorProto::FLOAT16:
      return halves(half);
    case TensorProto::BFLOAT16:
      return halves(brain_float);
    default:
      return of(tensor.int32_data());
  }
}

bool is_floating_point(std::int32_t type) {
  return type == TensorProto::FLOAT || type == TensorProto::DOUBLE || type == TensorProto::FLOAT16 ||
         type == TensorProto::BFLOAT16;
}

}  // namespace

std::shared_ptr<const float> WeightReader::stored_numbers(const TensorProto& tensor) {
  const Stored at = stored(tensor);
  const bool is_own = own_ && at.location == in_the_network;
  std::filesystem::path file;
  if (is_own)
    require_bytes(tensor, at.length);
  else
    file = file_beside(tensor, at, folder_);
  const std::size_t bytes = byte_count(tensor);
  std::shared_ptr<float> memory;
  if (bytes >= graph::large_weight)
    memory = pieces_.returnable_piece(bytes);
  else
    memory.reset(new float[bytes / sizeof(float) + 1], std::default_delete<float[]>());
  char* const to = reinterpret_cast<char*>(memory.get());
  if (is_own ? !own_(at.offset, bytes, to) : !read_part(file, at.offset, bytes, to))
    refuse(tensor, is_own ? "cannot be read" : "cannot be read from \"" + at.location + "\"");
  return memory;
}

Tensor WeightReader::read(const TensorProto& tensor) {
  const std::int64_t count = count_of(tensor);
  const std::size_t size = bytes_of(tensor.data_type());
  if (size == 0)
    refuse(tensor, "is of the type " +
                       proto::TensorProto_DataType_Name(static_cast<proto::TensorProto_DataType>(tensor.data_type())) +
                       ", which is not known");
  Tensor result;
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  result.integers = !is_floating_point(tensor.data_type());
  const bool external = tensor.data_location() == TensorProto::EXTERNAL, is_raw = !external && tensor.has_raw_data();
  if (is_raw) require_bytes(tensor, tensor.raw_data().size());
  const auto held = external ? stored_numbers(tensor) : nullptr;
  const char* const bytes = external ? reinterpret_cast<const char*>(held.get())
                            : is_raw ? tensor.raw_data().data()
                                     : nullptr;
  if (tensor.data_type() == TensorProto::FLOAT && external && byte_count(tensor) >= graph::large_weight) {
    result.constant.weights = std::make_shared<const graph::Weights>(held, count);
    return result;
  }
  if (tensor.data_type() == TensorProto::FLOAT && bytes &&
      reinterpret_cast<std::uintptr_t>(bytes) % alignof(float) == 0) {
    result.constant.owner = external ? std::shared_ptr<const void>(held) : owner_;
    result.constant.floats = reinterpret_cast<const float*>(bytes);  // used as they lie there
    return result;
  }
  if (tensor.data_type() == TensorProto::FLOAT && !bytes && tensor.float_data_size() == count) {
    result.constant.owner = owner_;
    result.constant.floats = tensor.float_data().data();
    if (count > 0) return result;
  }
  std::vector<double> numbers = bytes ? raw_numbers(tensor, bytes, count) : field_numbers(tensor, count);
  if (static_cast<std::int64_t>(numbers.size()) != count)
    refuse(tensor, "has " + std::to_string(numbers.size()) + " numbers for " + std::to_string(count) + " elements");
  if (result.integers)
    result.array = {true, result.shape, std::move(numbers), tensor.data_type()};
  else
    result.constant = graph::constant_of(std::vector<float>(numbers.begin(), numbers.end()));
  return result;
}

}  // namespace whycam::onnx

#include "whycam/picture/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "picture/npy_types.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/errors.h"
#include "whycam/picture/files.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

using Shape = std::vector<std::int64_t>;

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 10000;  // as NumPy itself limits what it parses
constexpr std::size_t highest_rank = 64;       // no NumPy array has more axes

struct Header {
  std::string type;  ///< as NumPy writes it, e.g. "<f4"
  bool is_fortran_order;
  Shape shape;
  std::size_t data_offset;
};

[[noreturn]] void fail_corrupt(const fs::path& path, const std::string& detail) {
  throw PictureError(path, "the .npy header is corrupt: " + detail + "; save the array again with numpy.save");
}

/// The dictionary in the header, and where it ends.
std::string_view find_dictionary(const fs::path& path, std::string_view file) {
  if (file.substr(0, magic.size()) != magic) throw PictureError(path, "it is not a .npy file");
  const auto byte = [&](std::size_t index) {
    return static_cast<std::size_t>(static_cast<unsigned char>(file[index]));
  };
  if (file.size() < magic.size() + 6) fail_corrupt(path, "the file ends inside it");
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) fail_corrupt(path, "it has the unknown version " + std::to_string(version));
  const std::size_t begin = version == 1 ? 10 : 12;
  const std::size_t short_length = byte(8) | byte(9) << 8;
  const std::size_t length = version == 1 ? short_length : short_length | byte(10) << 16 | byte(11) << 24;
  if (length > file.size() - begin) fail_corrupt(path, "it is longer than the file");
  if (length > longest_header) fail_corrupt(path, "it is too long, " + std::to_string(length) + " bytes");
  return file.substr(begin, length);
}

/// What stands behind 'key': in the dictionary, without leading spaces.
std::string_view find_value(const fs::path& path, std::string_view dictionary, const std::string& key) {
  const std::string quoted = "'" + key + "'";
  const std::size_t position = dictionary.find(quoted);
  if (position == std::string_view::npos) fail_corrupt(path, "it has no " + quoted);
  std::string_view value = dictionary.substr(position + quoted.size());
  const auto skip_spaces = [&] { value.remove_prefix(std::min(value.find_first_not_of(' '), value.size())); };
  skip_spaces();
  if (value.empty() || value.front() != ':') fail_corrupt(path, quoted + " has no value");
  value.remove_prefix(1);
  skip_spaces();
  return value;
}

/// The text between the brackets that the value begins with.
std::string_view unwrap(const fs::path& path, std::string_view value, char opening, char closing) {
  const std::size_t end = value.find(closing, 1);
  if (value.empty() || value.front() != opening || end == std::string_view::npos) {
    fail_corrupt(path, "it says \"" + std::string(value.substr(0, 20)) + "\"");
  }
  return value.substr(1, end - 1);
}

Shape parse_shape(const fs::path& path, std::string_view text) {
  Shape shape;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    if (item.empty() && text.empty() && !shape.empty()) break;  // the comma at the end of (3,)
    std::int64_t axis = -1;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), axis);
    const bool is_number = error == std::errc() && end == item.data() + item.size() && axis >= 0;
    if (!is_number) fail_corrupt(path, "an axis has the size \"" + std::string(item) + "\"");
    shape.push_back(axis);
  }
  if (shape.size() > highest_rank) fail_corrupt(path, std::to_string(shape.size()) + " axes");
  return shape;
}

Header parse_header(const fs::path& path, std::string_view file) {
  const std::string_view dictionary = find_dictionary(path, file);
  Header header;
  const std::string_view type = find_value(path, dictionary, "descr");
  if (!type.empty() && type.front() == '[') {
    throw PictureError(path, "has a structured type; whycam takes arrays of plain numbers");
  }
  header.type = unwrap(path, type, '\'', '\'');
  const std::string_view order = find_value(path, dictionary, "fortran_order");
  header.is_fortran_order = order.substr(0, 4) == "True";
  if (!header.is_fortran_order && order.substr(0, 5) != "False") fail_corrupt(path, "its order is unclear");
  header.shape = parse_shape(path, unwrap(path, find_value(path, dictionary, "shape"), '(', ')'));
  header.data_offset = static_cast<std::size_t>(dictionary.data() + dictionary.size() - file.data());
  return header;
}

std::string to_text(const Shape& shape) {
  std::string text;
  for (const std::int64_t axis : shape) text += std::to_string(axis) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) text.resize(text.size() - 2);
  return "(" + text + ")";
}

void check_against_file(const fs::path& path, const Header& header, std::size_t file_size) {
  const auto item_size = static_cast<std::int64_t>(stored_size(header.type));
  if (item_size == 0)
    throw PictureError(path, "has type " + type_name(header.type) +
                                 "; whycam takes float16, float32, float64, integers and bool: convert it with "
                                 "array.astype(numpy.float32)");
  std::int64_t expected = 0;
  try {
    Shape bytes_shape = header.shape;
    bytes_shape.push_back(item_size);
    expected = element_count(bytes_shape);
  } catch (const InputError&) {
    fail_corrupt(path, "no file can hold the shape " + to_text(header.shape));
  }
  if (expected == 0) throw PictureError(path, "has the shape " + to_text(header.shape) + ", which holds no values");
  const std::size_t actual = file_size - header.data_offset;
  if (static_cast<std::uint64_t>(expected) != actual) {
    throw PictureError(path, "has the shape " + to_text(header.shape) + ", which takes " + std::to_string(expected) +
                                 " bytes, but " + std::to_string(actual) + " follow the header; save the array again");
  }
}

/// How far apart neighbours along each axis lie in row-major order.
Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

/// Values whose first axis changes fastest, in row-major order.
template <typename Value>
std::vector<Value> from_fortran_order(const std::vector<Value>& values, const Shape& shape) {
  const Shape strides = strides_of(shape);
  Shape index(shape.size(), 0);
  std::int64_t offset = 0;
  std::vector<Value> result(values.size());
  for (const Value value : values) {
    result[static_cast<std::size_t>(offset)] = value;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/// The values behind a header that was checked against the file.
template <typename Value>
std::vector<Value> values_of(const Header& header, const Bytes& file) {
  std::vector<Value> values = npy_values<Value>(header.type, file.data() + header.data_offset,
                                                (file.size() - header.data_offset) / stored_size(header.type));
  return header.is_fortran_order ? from_fortran_order(values, header.shape) : values;
}

/// Version 1 of the format, padded so that the values begin at a multiple of 64 bytes.
template <typename Value>
Bytes file_of(const Shape& shape, const std::vector<Value>& values) {
  if (element_count(shape) != static_cast<std::int64_t>(values.size())) {
    throw InputError("an array of shape " + to_text(shape) + " has " + std::to_string(values.size()) + " values");
  }
  std::string header = std::string(magic) + '\x01' + '\0' + "??{'descr': '<f" + std::to_string(sizeof(Value)) +
                       "', 'fortran_order': False, 'shape': " + to_text(shape) + ", }";
  header.resize((header.size() / 64 + 1) * 64, ' ');
  header.back() = '\n';
  const std::size_t length = header.size() - magic.size() - 4;
  header[8] = static_cast<char>(length & 0xFF);
  header[9] = static_cast<char>(length >> 8);
  Bytes file(header.size() + values.size() * sizeof(Value));
  std::memcpy(file.data(), header.data(), header.size());
  if (!values.empty()) std::memcpy(file.data() + header.size(), values.data(), values.size() * sizeof(Value));
  return file;
}

}  // namespace

NpyArray read_npy(const fs::path& path) { return decode_npy(path, read_file(path)); }

NpyArray decode_npy(const fs::path& path, const Bytes& bytes) {
  const Header header = parse_header(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  check_against_file(path, header, bytes.size());
  const std::string type = header.type == "<f4" ? "" : type_name(header.type);
  if (fits_float(header.type)) return {header.shape, values_of<float>(header, bytes), type};
  return {header.shape, values_of<double>(header, bytes), type};
}

Array to_array(NpyArray array) {
  if (auto* values = std::get_if<std::vector<float>>(&array.values)) {
    return {std::move(array.shape), std::move(*values)};
  }
  const auto& values = std::get<std::vector<double>>(array.values);
  Array result{std::move(array.shape), {}};
  result.values.reserve(values.size());
  for (const double value : values) result.values.push_back(static_cast<float>(value));
  return result;
}

void write_npy(const fs::path& path, const NpyArray& array) {
  write_file(path, std::visit([&](const auto& values) { return file_of(array.shape, values); }, array.values));
}

void write_npy(const fs::path& path, const Array& array) { write_file(path, file_of(array.shape, array.values)); }

}  // namespace whycam::picture

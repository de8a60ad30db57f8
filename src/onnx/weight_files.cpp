// Which files beside a network hold its weights: its file is passed over but for their names, and no weight is read.
#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/wire_format_lite.h>

#include <set>

#include "onnx/contents.h"

namespace whycam::onnx {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

enum class Kind { model, function, graph, node, attribute, tensor, entry, other };

/// What a field of a message is, where it leads to the names of files.
Kind kind_of(Kind message, int field) {
  const auto is = [&](Kind kind, int number) { return message == kind && field == number; };
  using namespace proto;
  if (is(Kind::model, ModelProto::kGraphFieldNumber) || is(Kind::attribute, AttributeProto::kGFieldNumber) ||
      is(Kind::attribute, AttributeProto::kGraphsFieldNumber))
    return Kind::graph;
  if (is(Kind::model, ModelProto::kFunctionsFieldNumber)) return Kind::function;
  if (is(Kind::graph, GraphProto::kNodeFieldNumber) || is(Kind::function, FunctionProto::kNodeFieldNumber))
    return Kind::node;
  if (is(Kind::node, NodeProto::kAttributeFieldNumber)) return Kind::attribute;
  if (is(Kind::graph, GraphProto::kInitializerFieldNumber) || is(Kind::attribute, AttributeProto::kTFieldNumber) ||
      is(Kind::attribute, AttributeProto::kTensorsFieldNumber))
    return Kind::tensor;
  return is(Kind::tensor, TensorProto::kExternalDataFieldNumber) ? Kind::entry : Kind::other;
}

/// Collects the locations in a message; false where it is damaged.
bool collect(CodedInputStream& stream, Kind message, std::set<std::string>& locations, int depth = 0) {
  constexpr int deepest = 100;  // as protobuf has it
  std::string key, value;
  while (const std::uint32_t tag = stream.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const bool has_length = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    const Kind kind = has_length ? kind_of(message, field) : Kind::other;
    if (message == Kind::entry && has_length && field <= 2) {
      if (!WireFormatLite::ReadString(&stream, field == 1 ? &key : &value)) return false;
    } else if (kind != Kind::other) {
      std::uint32_t length = 0;
      if (depth == deepest || !stream.ReadVarint32(&length)) return false;
      const auto outside = stream.PushLimit(static_cast<int>(length));
      if (!collect(stream, kind, locations, depth + 1) || stream.BytesUntilLimit() != 0) return false;
      stream.PopLimit(outside);
    } else if (!WireFormatLite::SkipField(&stream, tag)) {
      return false;
    }
  }
  if (message == Kind::entry && key == "location") locations.insert(value);
  return true;
}

}  // namespace

std::filesystem::path within(const std::filesystem::path& folder, const std::string& location) {
  std::error_code failure;
  const auto home = std::filesystem::weakly_canonical(folder.empty() ? "." : folder, failure);
  const auto path = std::filesystem::weakly_canonical(home / location, failure);
  const auto [left, right] = std::mismatch(home.begin(), home.end(), path.begin(), path.end());
  return location.empty() || failure || left != home.end() ? std::filesystem::path() : path;
}

std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network) {
  const int descriptor = looks_like_onnx(network) ? ::open(network.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return {};
  google::protobuf::io::FileInputStream file(descriptor);
  file.SetCloseOnDelete(true);
  CodedInputStream stream(&file);
  std::set<std::string> locations;
  collect(stream, Kind::model, locations);
  std::set<std::filesystem::path> files;
  std::error_code failure;
  for (const std::string& location : locations)
    if (const auto path = within(network.parent_path(), location); std::filesystem::is_regular_file(path, failure))
      files.insert(path);
  return {files.begin(), files.end()};
}

}  // namespace whycam::onnx

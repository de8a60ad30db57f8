// Reading and checking a file.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/checker.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <initializer_list>
#include <limits>

#include "core/open_file.h"
#include "formats/onnx/functions.h"
#include "formats/onnx/integer_operators.h"
#include "formats/onnx/quantisation.h"

namespace whycam::onnx {
namespace {

/// protobuf prints what it thinks of a damaged file; a library prints nothing.
class Silence {
 public:
  Silence() : former_(google::protobuf::SetLogHandler(nullptr)) {}
  ~Silence() { google::protobuf::SetLogHandler(former_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  google::protobuf::LogHandler* former_;
};

constexpr auto largest_file = static_cast<std::uintmax_t>(std::numeric_limits<std::int32_t>::max());

using google::protobuf::io::CodedInputStream;

/// Adds the field whose tag was read last to the message.
bool merge_field(CodedInputStream& stream, std::uint32_t tag, google::protobuf::Message& message) {
  std::string field;
  {
    google::protobuf::io::StringOutputStream to(&field);
    google::protobuf::io::CodedOutputStream coded(&to);
    if (!google::protobuf::internal::WireFormatLite::SkipField(&stream, tag, &coded)) return false;
  }
  return message.MergeFromString(field);
}

/// How the content of a field is read, of so many bytes.
struct Part {
  int field;
  std::function<bool(int bytes)> read;
};

/// Adds all fields up to the stream's limit to the message, those named by their own functions.
bool merge_fields(CodedInputStream& stream, google::protobuf::Message& message, std::initializer_list<Part> parts) {
  using Wire = google::protobuf::internal::WireFormatLite;
  while (const std::uint32_t tag = stream.ReadTag()) {
    const auto* const part = std::find_if(parts.begin(), parts.end(), [tag](const Part& one) {
      return tag == Wire::MakeTag(one.field, Wire::WIRETYPE_LENGTH_DELIMITED);
    });
    int bytes = 0;
    const bool done = part == parts.end() ? merge_field(stream, tag, message)
                                          : stream.ReadVarintSizeAsInt(&bytes) && part->read(bytes);
    if (!done) return false;
  }
  return stream.BytesUntilLimit() == 0;
}

/// The same of a message within another one, of so many bytes.
bool merge_fields(CodedInputStream& stream, int bytes, google::protobuf::Message& message,
                  std::initializer_list<Part> parts) {
  if (bytes > stream.BytesUntilLimit()) return false;
  const CodedInputStream::Limit limit = stream.PushLimit(bytes);
  const bool done = merge_fields(stream, message, parts);
  stream.PopLimit(limit);
  return done;
}

bool merge_tensor(CodedInputStream& stream, int bytes, proto::TensorProto& tensor) {
  return merge_fields(stream, bytes, tensor, {{proto::TensorProto::kRawDataFieldNumber, [&](int size) {
                                                 return stream.ReadString(tensor.mutable_raw_data(), size);
                                               }}});
}

bool merge_node(CodedInputStream& stream, int bytes, proto::NodeProto& node) {
  const auto read_attribute = [&](int of_attribute) {
    proto::AttributeProto& attribute = *node.add_attribute();
    return merge_fields(stream, of_attribute, attribute,
                        {{proto::AttributeProto::kTFieldNumber,
                          [&](int of_tensor) { return merge_tensor(stream, of_tensor, *attribute.mutable_t()); }}});
  };
  return merge_fields(stream, bytes, node, {{proto::NodeProto::kAttributeFieldNumber, read_attribute}});
}

void add_data(proto::TensorProto& tensor, const char* key, const std::string& value) {
  auto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(value);
}

/// A weight, of which only the place is read where it is large.
bool merge_weight(CodedInputStream& stream, int bytes, proto::TensorProto& tensor) {
  int offset = 0, size = 0;
  const auto read_place = [&](int of_data) {
    if (of_data < static_cast<int>(graph::large_weight)) return stream.ReadString(tensor.mutable_raw_data(), of_data);
    tensor.clear_raw_data();  // of two, the last one counts
    offset = stream.CurrentPosition();
    size = of_data;
    return of_data <= stream.BytesUntilLimit() && stream.Skip(of_data);
  };
  if (!merge_fields(stream, bytes, tensor, {{proto::TensorProto::kRawDataFieldNumber, read_place}})) return false;
  for (const auto& entry : tensor.external_data())
    if (entry.value() == in_the_network) return false;  // no name of a file
  if (size == 0 || tensor.has_raw_data() || tensor.data_location() == proto::TensorProto::EXTERNAL) return true;
  tensor.clear_external_data();
  tensor.set_data_location(proto::TensorProto::EXTERNAL);
  add_data(tensor, "location", in_the_network);
  add_data(tensor, "offset", std::to_string(offset));
  add_data(tensor, "length", std::to_string(size));
  return true;
}

/// A network field by field. protobuf makes a string larger and larger as it reads it, so that a large number of bytes
/// would be in memory twice; here their count is known before.
bool merge_network(CodedInputStream& stream, proto::ModelProto& model) {
  const auto read_graph = [&](int bytes) {
    proto::GraphProto& graph = *model.mutable_graph();
    return merge_fields(stream, bytes, graph,
                        {{proto::GraphProto::kInitializerFieldNumber,
                          [&](int of_weight) { return merge_weight(stream, of_weight, *graph.add_initializer()); }},
                         {proto::GraphProto::kNodeFieldNumber,
                          [&](int of_node) { return merge_node(stream, of_node, *graph.add_node()); }}});
  };
  return merge_fields(stream, model, {{proto::ModelProto::kGraphFieldNumber, read_graph}});
}

std::shared_ptr<proto::ModelProto> parsed(google::protobuf::io::ZeroCopyInputStream& content, std::uintmax_t size,
                                          const std::string& name) {
  if (size > largest_file)
    throw Error(name +
                " is larger than 2 GB, the most that ONNX allows; weights beyond that belong into files beside it");
  const Silence silence;
  auto model = std::make_shared<proto::ModelProto>();
  CodedInputStream stream(&content);
  stream.PushLimit(static_cast<int>(size));
  if (!merge_network(stream, *model) || !model->has_graph())
    throw Error(name + " is no ONNX network, or a damaged one");
  return model;
}

Message parsed(const std::shared_ptr<const std::string>& content, const std::string& name) {
  google::protobuf::io::ArrayInputStream stream(
      content->data(), static_cast<int>(std::min<std::uintmax_t>(content->size(), largest_file)));
  return {parsed(stream, content->size(), name), [content](std::uint64_t offset, std::size_t count, char* to) {
            if (offset > content->size() || count > content->size() - offset) return false;
            std::copy_n(content->data() + offset, count, to);
            return true;
          }};
}

Message parsed(const std::filesystem::path& path) {
  const auto file = std::make_shared<const core::OpenFile>(path);
  if (!file->is_open()) throw Error("cannot read the network file " + path.string());
  constexpr int part = 1 << 18;
  google::protobuf::io::FileInputStream stream(file->descriptor(), part);
  try {
    return {parsed(stream, file->size(), path.string()),
            [file](std::uint64_t offset, std::size_t count, char* to) { return file->read(offset, count, to); }};
  } catch (const Error&) {
    if (stream.GetErrno() != 0) throw Error("cannot read the network file " + path.string());
    throw;
  }
}

/// What the checker says, on one line; it says where behind a line's end.
std::string on_one_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The operator set that the file's nodes are of.
std::int64_t operator_set_of(const proto::ModelProto& model, const std::string& name) {
  std::int64_t version = 0;
  for (const auto& set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") version = set.version();
  if (version < 3)
    throw Error(name + " is of the operator set " + std::to_string(version) + "; those from 3 on are understood");
  return version;
}

Port port_of(const proto::ValueInfoProto& info) {
  Port port;
  port.name = info.name();
  const auto& type = info.type().tensor_type();
  port.is_float = type.elem_type() == proto::TensorProto::FLOAT || type.elem_type() == proto::TensorProto::FLOAT16 ||
                  type.elem_type() == proto::TensorProto::BFLOAT16 || type.elem_type() == proto::TensorProto::DOUBLE;
  port.has_shape = type.has_shape();
  for (const auto& dimension : type.shape().dim())
    port.shape.push_back(dimension.has_dim_value() && dimension.dim_value() > 0 ? dimension.dim_value() : -1);
  return port;
}

/// What the ONNX library's checker says of the network. It does not know operator sets that are younger than itself;
/// those are left to the rules of the operators that are met.
void check(proto::ModelProto& model, std::int64_t operator_set, const std::string& name) {
  proto::checker::CheckerContext context;
  context.set_ir_version(static_cast<int>(model.ir_version()));
  std::unordered_map<std::string, int> sets;
  for (const auto& set : model.opset_import())
    sets[set.domain() == "ai.onnx" ? "" : set.domain()] = static_cast<int>(set.version());
  context.set_opset_imports(sets);
  const auto newest = proto::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
  if (operator_set > newest) return;
  proto::checker::LexicalScopeContext scope;
  google::protobuf::RepeatedPtrField<proto::TensorProto> weights;
  std::string fault;
  // Weights are checked as they are read; the checker would look for those in files by the working folder. Before
  // version 4 they are inputs, too.
  weights.Swap(model.mutable_graph()->mutable_initializer());
  try {
    if (model.ir_version() >= 4)
      for (const auto& weight : weights) scope.add(weight.name());
    proto::checker::check_graph(model.graph(), context, scope);
  } catch (const std::exception& reason) {
    fault = on_one_line(reason.what());
  }
  weights.Swap(model.mutable_graph()->mutable_initializer());
  if (!fault.empty()) throw Error(name + " is no sound ONNX network: " + fault);
}

/// Takes a network apart that has been read.
std::unique_ptr<Network::Contents> contents_of(const Message& message, const std::string& name,
                                               const WeightFolder& folder) {
  const std::shared_ptr<proto::ModelProto>& model = message.model;
  auto contents = std::make_unique<Network::Contents>();
  contents->operator_set = operator_set_of(*model, name);
  contents->origins = inline_functions(*model);
  check(*model, contents->operator_set, name);
  contents->model = model;
  contents->folder = folder;
  const proto::GraphProto& graph = contents->model->graph();
  if (graph.sparse_initializer_size() > 0) throw Error(name + " has sparse weights, which are not understood");
  WeightReader reader(model, folder, message.own);
  for (const auto& initializer : graph.initializer()) {
    if (contents->initializers.count(initializer.name()))
      throw Error(name + " has two weights of the name \"" + initializer.name() + "\"");
    contents->initializers[initializer.name()] = reader.read(initializer);
  }
  for (const auto& input : graph.input())
    if (!contents->initializers.count(input.name())) contents->inputs.push_back(port_of(input));
  for (const auto& output : graph.output()) contents->outputs.push_back(port_of(output));
  if (contents->inputs.empty()) throw Error(name + " has no input");
  if (contents->outputs.empty()) throw Error(name + " has no output");
  take_apart_integer_operators(*contents, *model->mutable_graph());
  find_readers(*contents);
  dequantise_weights(*contents);
  find_layers(*contents);
  return contents;
}

bool looks_like_onnx(const core::NetworkSource& source) {
  const std::string begin = core::beginning(source, 2);
  // The format's version comes first: field 1, a small number.
  return begin.size() == 2 && begin[0] == 0x08 && begin[1] > 0 && begin[1] < 0x40;
}

}  // namespace

Message read_message(const std::filesystem::path& path) { return parsed(path); }

std::shared_ptr<const Network> Network::read(const core::NetworkSource& source) {
  auto contents = source.bytes ? contents_of(parsed(source.bytes, source.name()), source.name(), WeightFolder::none())
                               : contents_of(parsed(source.path), source.name(), WeightFolder::of(source.path));
  for (const auto& property : contents->model->metadata_props())
    if (property.key() == "whycam_version")
      throw Error(source.name() +
                  " is a network together with its explanation, as whycam export writes it; explain the network it was "
                  "made from");
  return std::make_shared<const Network>(std::move(contents));
}

std::shared_ptr<const Network> Network::parse(const std::string& content, const std::string& name,
                                              const WeightFolder& folder) {
  return std::make_shared<const Network>(
      contents_of(parsed(std::make_shared<const std::string>(content), name), name, folder));
}

Network::Network(std::unique_ptr<const Contents> contents) : contents_(std::move(contents)) {}
Network::~Network() = default;

const std::vector<Port>& Network::inputs() const { return contents_->inputs; }
const std::vector<Port>& Network::outputs() const { return contents_->outputs; }
const std::vector<Layer>& Network::layers() const { return contents_->layers; }

const formats::Format& format() {
  static const formats::Format format{
      "ONNX", looks_like_onnx,
      [](const core::NetworkSource& source) -> std::shared_ptr<const formats::NetworkFile> {
        return Network::read(source);
      },
      weight_files};
  return format;
}

}  // namespace whycam::onnx

// Reading and checking a file.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <limits>

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

std::shared_ptr<const std::string> content_of(const core::NetworkSource& source) {
  const std::filesystem::path& path = source.path;
  if (source.bytes) {
    if (source.bytes->size() > largest_file)
      throw Error(source.name() + " is larger than 2 GB, the most that ONNX allows");
    return source.bytes;
  }
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  if (failure) throw Error("cannot read the network file " + path.string());
  if (size > largest_file)
    throw Error(path.string() +
                " is larger than 2 GB, the most that ONNX allows; weights beyond that belong into files beside it");
  const auto content = std::make_shared<std::string>(static_cast<std::size_t>(size), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(content->data(), static_cast<std::streamsize>(size)))
    throw Error("cannot read the network file " + path.string());
  return content;
}

std::shared_ptr<proto::ModelProto> parsed(const std::string& content, const std::string& name) {
  const Silence silence;
  auto model = std::make_shared<proto::ModelProto>();
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(content.data()),
                                                static_cast<int>(content.size()));
  if (!model->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() || !model->has_graph())
    throw Error(name + " is no ONNX network, or a damaged one");
  return model;
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
  // Weights are checked as they are read; the checker would look for those in files beside the network by the working
  // folder.
  if (model.ir_version() >= 4) weights.Swap(model.mutable_graph()->mutable_initializer());
  try {
    for (const auto& weight : weights) scope.add(weight.name());
    proto::checker::check_graph(model.graph(), context, scope);
  } catch (const std::exception& reason) {
    fault = on_one_line(reason.what());
  }
  if (model.ir_version() >= 4) weights.Swap(model.mutable_graph()->mutable_initializer());
  if (!fault.empty()) throw Error(name + " is no sound ONNX network: " + fault);
}

bool looks_like_onnx(const core::NetworkSource& source) {
  const std::string begin = core::beginning(source, 2);
  // The format's version comes first: field 1, a small number.
  return begin.size() == 2 && begin[0] == 0x08 && begin[1] > 0 && begin[1] < 0x40;
}

}  // namespace

std::shared_ptr<proto::ModelProto> read_model(const std::filesystem::path& path) {
  return parsed(*content_of(path), path.string());
}

std::shared_ptr<const Network> Network::read(const core::NetworkSource& source) {
  const WeightFolder folder = source.bytes ? WeightFolder::none() : WeightFolder::of(source.path);
  const auto network = parse(*content_of(source), source.name(), folder);
  for (const auto& property : network->contents_->model->metadata_props())
    if (property.key() == "whycam_version")
      throw Error(source.name() +
                  " is a network together with its explanation, as whycam export writes it; explain the network it was "
                  "made from");
  return network;
}

std::shared_ptr<const Network> Network::parse(const std::string& content, const std::string& name,
                                              const WeightFolder& folder) {
  auto contents = std::make_unique<Contents>();
  const auto model = parsed(content, name);
  contents->operator_set = operator_set_of(*model, name);
  contents->origins = inline_functions(*model);
  check(*model, contents->operator_set, name);
  contents->model = model;
  contents->folder = folder;
  const proto::GraphProto& graph = contents->model->graph();
  if (graph.sparse_initializer_size() > 0) throw Error(name + " has sparse weights, which are not understood");
  for (const auto& initializer : graph.initializer()) {
    if (contents->initializers.count(initializer.name()))
      throw Error(name + " has two weights of the name \"" + initializer.name() + "\"");
    contents->initializers[initializer.name()] = read_tensor(initializer, contents->model, contents->folder);
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
  return std::make_shared<const Network>(std::move(contents));
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

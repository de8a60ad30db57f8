// What a file holds: for the inside of this folder, which alone knows ONNX's types.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#include <onnx/onnx_pb.h>

#include "core/large_memory.h"
#include "formats/known/constants.h"
#include "formats/onnx/network.h"

namespace whycam::onnx {

namespace proto = ::onnx;

using known::Array;
using known::axis_of;
using known::Constants;
using known::fold;
using known::FoldAttributes;
using known::folds;
using known::integer_array;
using known::integer_scalar;
using known::require_known;
using known::rows_named;
using known::slice_places;

/// A tensor of the file: numbers that are kept as they are, or a small array of integers.
struct Tensor {
  bool integers = false;
  graph::Shape shape;
  graph::Constant constant;  ///< floating-point ones
  Array array;               ///< integers
};

/// A module of the exported network: which nodes are its own.
struct Module {
  std::vector<std::size_t> nodes;
};

/// A module's path, and which call of it a node belongs to, where its name says so.
struct ModulePath {
  std::string path, tags;
};

/// Where a node comes from that was part of a function of the file.
struct Origin {
  std::vector<std::string> calls;    ///< the names of the functions' calls, outermost first
  std::vector<std::string> modules;  ///< that metadata of a call names
  std::int64_t operator_set = 0;     ///< 0: the network's
};

struct Network::Contents {
  std::shared_ptr<const proto::ModelProto> model;
  WeightFolder folder;
  std::int64_t operator_set = 0;
  std::vector<std::shared_ptr<const Origin>> origins;  ///< of each node; empty, or null, where it is no function's
  std::vector<Port> inputs, outputs;
  std::vector<Layer> layers;
  std::unordered_set<std::string> function_calls;    ///< modules that are calls of the file's functions
  std::vector<std::vector<ModulePath>> paths;        ///< of each node, outermost first
  std::vector<std::size_t> steps;                    ///< of each node: how many run before it that are no constants
  std::map<std::string, Module> modules;             ///< the last call, where there are several
  std::map<std::string, std::vector<Module>> calls;  ///< of what runs several times, in their order
  std::map<std::string, std::string>
      undecided;  ///< names of modules that may be called several times, with the last call's
  std::map<std::string, std::size_t> nodes;                           ///< by their names
  std::map<std::string, std::size_t> producers;                       ///< of tensors
  std::unordered_map<std::string, std::vector<std::size_t>> readers;  ///< of tensors
  std::unordered_set<std::string> output_names;
  std::map<std::string, Tensor> initializers;  ///< dequantised ones by the name of the node's output
};

/// Copies bytes of a network's own file, or of its content in memory. False where they cannot be read.
using OwnBytes = std::function<bool(std::uint64_t offset, std::size_t count, char* to)>;

/// A network as it is read. Large weights are left where they are: their `external_data` says the place, with this
/// location, which is no name of a file.
struct Message {
  std::shared_ptr<proto::ModelProto> model;
  OwnBytes own;
};
inline const std::string in_the_network(1, '\0');

/// Throws Error where it is no ONNX network.
Message read_message(const std::filesystem::path& path);

/// Types of tensors that older versions of ONNX do not know: two integers of 4 bits a byte.
constexpr std::int32_t uint4_type = 21, int4_type = 22;

/// Reads the weights of one network.
class WeightReader {
 public:
  /// `owner` keeps alive what messages hold.
  WeightReader(std::shared_ptr<const void> owner, WeightFolder folder, OwnBytes own = nullptr)
      : owner_(std::move(owner)), folder_(std::move(folder)), own_(std::move(own)) {}

  /// The numbers of a tensor. Throws Error where they are not there, or of another kind or count than it says.
  Tensor read(const proto::TensorProto& tensor);

 private:
  std::shared_ptr<const float> stored_numbers(const proto::TensorProto& tensor);

  std::shared_ptr<const void> owner_;
  WeightFolder folder_;
  OwnBytes own_;
  core::MemoryPieces pieces_;  ///< for large weights
};

/// The file of external data at a location in the network's folder; empty where that is not within the folder. A link
/// there may lead out of it where the network's own file is a link, too, and both lead into one folder: so model caches
/// keep files.
std::filesystem::path within(const WeightFolder& folder, const std::string& location);

/// The files beside a network that hold weights of its.
std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network);

/// A node's name for messages: its own, or that of what it gives.
std::string name_of(const proto::NodeProto& node);

/// The tensors that a node reads, those within its branches included.
void add_reads(const proto::NodeProto& node, std::unordered_set<std::string>& reads);

/// The tensors that leave a layer, or enter it. Throws Error where there is none of that name.
std::vector<std::string> tensors_of_layer(const Network::Contents& contents, const std::string& name, bool inputs);

/// Whether PyTorch made up a weight's name, as for weights that it computed while exporting; else it has the
/// parameter's.
bool is_computed(const std::string& weight);

/// Whether a node gives weights that were dequantised as the file was read.
bool gives_weights(const Network::Contents& contents, const proto::NodeProto& node);

/// Finds who reads which tensor.
void find_readers(Network::Contents& contents);

/// Finds names, modules and who gives what.
void find_layers(Network::Contents& contents);

}  // namespace whycam::onnx

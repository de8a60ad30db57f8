#include <map>
#include <optional>

#include "formats/archive/pickle_check.h"
#include "formats/pt2/contents.h"
#include "whycam/errors.h"

namespace whycam::pt2 {
namespace {

using archive::Archive;
using archive::PickledTensor;
using archive::Record;

const Record* find(const Archive& file, const std::string& end) {
  for (const Record& record : file.records())
    if (record.name.size() >= end.size() && record.name.compare(record.name.size() - end.size(), end.size(), end) == 0)
      return &record;
  return nullptr;
}

aten::Type type_of(const std::string& storage) {
  using aten::Type;
  static const std::map<std::string, Type> types{{"BoolStorage", Type::boolean},   {"ByteStorage", Type::uint8},
                                                 {"CharStorage", Type::int8},      {"ShortStorage", Type::int16},
                                                 {"IntStorage", Type::int32},      {"LongStorage", Type::int64},
                                                 {"HalfStorage", Type::float16},   {"FloatStorage", Type::float32},
                                                 {"DoubleStorage", Type::float64}, {"BFloat16Storage", Type::bfloat16}};
  const auto found = types.find(storage);
  return found == types.end() ? Type::other : found->second;
}

/// A dictionary of tensors, as torch.save writes it into an archive within the archive.
class PickledTensors {
 public:
  PickledTensors(const Archive& outer, const Record& record)
      : file_({outer.read(record), record.name}), reader_(file_) {
    const Record* pickle = find(file_, "/data.pkl");
    if (!pickle) throw Error("has no tensors in \"" + record.name + "\"");
    folder_ = pickle->name.substr(0, pickle->name.size() - std::string("data.pkl").size()) + "data/";
    std::map<std::string, std::uint64_t> sizes;
    for (const Record& one : file_.records()) sizes[one.name] = one.size;
    const auto size_of = [&](std::string_view key) -> std::optional<std::uint64_t> {
      const auto size = sizes.find(folder_ + std::string(key));
      return size == sizes.end() ? std::nullopt : std::optional(size->second);
    };
    constexpr std::uint64_t largest_pickle = 64 << 20;
    if (pickle->size > largest_pickle) throw Error("has a pickle of more than 64 MiB in \"" + record.name + "\"");
    const std::string text = file_.read(*pickle);
    try {
      tensors_ = archive::tensors_in_pickle(text, size_of);
    } catch (const std::runtime_error& reason) {
      throw Error("has a corrupt pickle in \"" + record.name + "\": " + reason.what());
    }
  }

  bool has(const std::string& name) const { return tensors_.count(name) > 0; }

  Weight read(const std::string& name) {
    const PickledTensor& tensor = tensors_.at(name);
    TensorMeta meta;
    meta.type = type_of(tensor.type);
    meta.sizes = tensor.sizes;
    meta.strides = tensor.strides;
    meta.offset = tensor.offset;
    return reader_.read(name, folder_ + tensor.storage, meta);
  }

 private:
  Archive file_;
  WeightReader reader_;
  std::string folder_;
  std::map<std::string, PickledTensor> tensors_;
};

}  // namespace

void read_pickled_weights(const Archive& file, Contents& contents) {
  std::vector<std::unique_ptr<PickledTensors>> all;
  for (const char* name : {"serialized_state_dict.pt", "serialized_constants.pt"})
    if (const Record* record = find(file, name); record && record->size > 0)
      all.push_back(std::make_unique<PickledTensors>(file, *record));
  for (const Lifted& lifted : contents.program.lifted) {
    for (const auto& tensors : all)
      if (tensors->has(lifted.name) && !contents.weights.count(lifted.argument))
        contents.weights.emplace(lifted.argument, tensors->read(lifted.name));
    if (!contents.weights.count(lifted.argument)) throw Error("lacks the weights \"" + lifted.name + "\"");
  }
}

}  // namespace whycam::pt2

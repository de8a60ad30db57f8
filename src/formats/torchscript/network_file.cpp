#include "formats/torchscript/network_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "formats/archive/code_check.h"
#include "formats/archive/pickle_check.h"
#include "whycam/errors.h"

namespace whycam::torchscript {
namespace {

constexpr std::uint64_t largest_text = 64 << 20;  ///< bytes of a record that is no tensor

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// The name that libtorch finds the record by: without the archive's own folder, and without regard to case.
std::string inner_name(const Record& record) {
  std::string name = record.name.substr(record.name.find('/') + 1);
  for (char& letter : name)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return name;
}

enum class Content { pickle, code, other };

/// What libtorch makes of a record as it loads the network; it leaves weights and additional files as they
/// are.
Content content_of(const std::string& name) {
  if (name == "data.pkl" || name == "constants.pkl") return Content::pickle;
  return name.rfind("code/", 0) == 0 && ends_with(name, ".py") ? Content::code : Content::other;
}

/// The sizes of the records in the folder that belongs to a pickle: "net/data/0" is storage 0 of
/// "net/data.pkl".
archive::StorageSize storages_of(const std::string& pickle, const std::map<std::string, std::uint64_t>& sizes) {
  const std::string folder = pickle.substr(0, pickle.rfind('.')) + "/";
  return [folder, &sizes](std::string_view key) -> std::optional<std::uint64_t> {
    const auto size = sizes.find(folder + std::string(key));
    return size == sizes.end() ? std::nullopt : std::optional(size->second);
  };
}

}  // namespace

bool is_for_debugging(const Record& record) { return ends_with(inner_name(record), ".debug_pkl"); }

std::shared_ptr<const Archive> check_network_file(const core::NetworkSource& source) {
  const auto opened = std::make_shared<const Archive>(source);
  const Archive& file = *opened;
  std::map<std::string, std::uint64_t> sizes;
  std::set<std::string> names;
  for (const Record& record : file.records()) {
    sizes[record.name] = record.size;
    names.insert(inner_name(record));
  }
  if (names.count("model.json"))
    throw ModelError(source.name() + " was saved by PyTorch 1.3 or older; load it there and save it with a newer one");
  if (!names.count("constants.pkl"))
    throw ModelError(source.name() +
                     " holds Python objects (a state_dict or a pickled network), not TorchScript; save it "
                     "with torch.jit.script(network).save(path)");
  for (const Record& record : file.records()) {
    const Content content = content_of(inner_name(record));
    if (content == Content::other) {
      file.verify(record);
      continue;
    }
    if (record.size > largest_text) file.fail("the record \"" + record.name + "\" is larger than 64 MiB");
    const std::string text = file.read(record);
    try {
      if (content == Content::pickle)
        archive::check_pickle(text, storages_of(record.name, sizes));
      else
        archive::check_code(text);
    } catch (const std::runtime_error& failure) {
      file.fail("the record \"" + record.name + "\" is corrupt: " + failure.what());
    }
  }
  return opened;
}

}  // namespace whycam::torchscript

// Reading and checking a file.
#include "formats/pt2/network.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "formats/pt2/contents.h"
#include "whycam/errors.h"

namespace whycam::pt2 {
namespace {

using archive::Archive;
using archive::Record;

constexpr std::uint64_t largest_text = 128 << 20;  ///< bytes of a program's text

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// The archive of an exported program: all of its records are in one folder.
class ProgramArchive {
 public:
  explicit ProgramArchive(const core::NetworkSource& source) : file_(source) {
    for (const Record& record : file_.records())
      if (ends_with(record.name, "/archive_format")) folder_ = record.name.substr(0, record.name.find('/') + 1);
  }

  const Archive& file() const { return file_; }
  bool is_package() const { return !folder_.empty(); }
  std::string path_of(const std::string& name) const { return folder_ + name; }

  const Record* find(const std::string& name) const {
    const auto& records = file_.records();
    const auto found =
        std::find_if(records.begin(), records.end(), [&](const Record& one) { return one.name == folder_ + name; });
    return found == records.end() ? nullptr : &*found;
  }
  std::string text(const std::string& name) const {
    const Record* record = find(name);
    if (!record) throw Error("has no record \"" + name + "\"");
    if (record->size > largest_text) throw Error("has a text of more than 128 MiB in \"" + name + "\"");
    return file_.read(*record);
  }
  /// What the names of some records have between a begin and an end.
  std::vector<std::string> between(const std::string& begin, const std::string& end) const {
    std::vector<std::string> found;
    for (const Record& record : file_.records())
      if (record.name.rfind(folder_ + begin, 0) == 0 && ends_with(record.name, end) &&
          record.name.size() > folder_.size() + begin.size() + end.size())
        found.push_back(record.name.substr(folder_.size() + begin.size(),
                                           record.name.size() - folder_.size() - begin.size() - end.size()));
    return found;
  }

 private:
  Archive file_;
  std::string folder_;
};

/// The only program of a file, or the one that torch.export.save names.
std::string program_name(const ProgramArchive& archive) {
  const std::vector<std::string> names = archive.between("models/", ".json");
  if (names.size() == 1) return names[0];
  if (std::find(names.begin(), names.end(), "model") != names.end()) return "model";
  if (names.empty() && !archive.between("data/aotinductor/", "").empty())
    throw Error(
        "was compiled by AOTInductor and holds no program; save the exported program itself with torch.export.save");
  if (names.empty()) throw Error("holds no program");
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  throw Error("holds several programs, " + list + "; save one alone with torch.export.save");
}

void read_weights(const ProgramArchive& archive, const std::string& name, Contents& contents) {
  if (archive.find("byteorder") && archive.text("byteorder").rfind("little", 0) != 0)
    throw Error("has weights of another byte order than this processor's");
  std::map<std::string, Payload> payloads;
  std::map<std::string, std::string> records;
  for (const char* kind : {"weights", "constants"}) {
    const std::string folder = std::string("data/") + kind + "/", list = folder + name + "_" + kind + "_config.json";
    if (!archive.find(list)) continue;
    for (auto& [tensor, payload] : read_payloads(archive.text(list))) {
      records[tensor] = archive.path_of(folder + payload.record);
      payloads[tensor] = std::move(payload);
    }
  }
  WeightReader reader(archive.file());
  for (const Lifted& lifted : contents.program.lifted) {
    const auto payload = payloads.find(lifted.name);
    if (payload == payloads.end()) throw Error("lacks the weights \"" + lifted.name + "\"");
    if (payload->second.is_pickle)
      throw Error("keeps \"" + lifted.name + "\" as a Python object, which only Python can make anything of");
    contents.weights.emplace(lifted.argument, reader.read(lifted.name, records[lifted.name], payload->second.tensor));
  }
}

formats::Port port_of(const Program& program, const std::string& tensor, const std::string& name) {
  const auto meta = program.tensors.find(tensor);
  if (meta == program.tensors.end()) throw Error("says nothing of the tensor \"" + tensor + "\"");
  return {name, meta->second.sizes, true, aten::is_float(meta->second.type)};
}

/// What torch.export.save wrote until PyTorch 2.7.
constexpr const char* old_program = "serialized_exported_program.json";

std::unique_ptr<Contents> contents_of(const ProgramArchive& archive) {
  auto contents = std::make_unique<Contents>();
  if (archive.is_package()) {
    const std::string name = program_name(archive);
    contents->program = read_program(archive.text("models/" + name + ".json"));
    read_weights(archive, name, *contents);
  } else {
    contents->program = read_program(archive.text(old_program));
    read_pickled_weights(archive.file(), *contents);
  }
  const Program& program = contents->program;
  for (const std::string& input : program.inputs) contents->inputs.push_back(port_of(program, input, input));
  for (const ProgramOutput& output : program.outputs)
    contents->outputs.push_back(port_of(program, std::get<TensorName>(output.argument.value).name, output.path));
  if (contents->inputs.empty()) throw Error("has no input");
  if (contents->outputs.empty()) throw Error("has no output");
  find_layers(*contents);
  return contents;
}

/// By the archive's records; by its name alone where it is damaged.
bool looks_like_program(const core::NetworkSource& source) try {
  if (core::beginning(source, 2) != "PK") return false;  // no zip archive
  const ProgramArchive archive(source);
  return archive.is_package() || archive.find(old_program);
} catch (const ModelError&) {
  return source.path.extension() == ".pt2";
}

}  // namespace

std::shared_ptr<const Network> Network::read(const core::NetworkSource& source) try {
  return std::make_shared<const Network>(contents_of(ProgramArchive(source)));
} catch (const Error& reason) {
  throw Error(source.name() + " " + reason.what());
}

Network::Network(std::unique_ptr<const Contents> contents) : contents_(std::move(contents)) {}
Network::~Network() = default;

const std::vector<formats::Port>& Network::inputs() const { return contents_->inputs; }
const std::vector<formats::Port>& Network::outputs() const { return contents_->outputs; }
const std::vector<formats::Layer>& Network::layers() const { return contents_->layers; }

bool Network::has_layer(const std::string& name) const {
  const FoundLayer found = find_layer(*contents_, name, false);
  return found.is_known && found.fault.empty();
}

std::string Network::fault_of_layer(const std::string& name) const { return find_layer(*contents_, name, false).fault; }

const formats::Format& format() {
  static const formats::Format format{
      ".pt2", looks_like_program,
      [](const core::NetworkSource& source) -> std::shared_ptr<const formats::NetworkFile> {
        return Network::read(source);
      },
      [](const std::filesystem::path&) { return std::vector<std::filesystem::path>(); }};
  return format;
}

}  // namespace whycam::pt2

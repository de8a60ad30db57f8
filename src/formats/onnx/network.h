// A network from an ONNX file. Nothing of ONNX's own types is seen here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "formats/format.h"

namespace whycam::onnx {

using formats::Error;
using formats::Given;
using formats::Layer;
using formats::Lowered;
using formats::Port;
using formats::Wanted;

/// Where weights may lie that are not in the network's file.
struct WeightFolder {
  WeightFolder() = default;
  WeightFolder(std::filesystem::path folder) : named(std::move(folder)) {}  // NOLINT: a folder without links
  /// That of a network's file.
  static WeightFolder of(const std::filesystem::path& network);
  /// That of a network in memory, beside which there are no files.
  static WeightFolder none() {
    WeightFolder folder;
    folder.exists = false;
    return folder;
  }

  std::filesystem::path named;   ///< the network's
  std::filesystem::path linked;  ///< where its file really lies, if that is a link: empty otherwise
  bool exists = true;
};

class Network : public formats::NetworkFile {
 public:
  /// Reads and checks a network, with the weights that a file keeps in files beside it. Throws Error.
  static std::shared_ptr<const Network> read(const core::NetworkSource& source);
  /// The same of a file's content, which is called `name`; weights in other files lie in `folder`.
  static std::shared_ptr<const Network> parse(const std::string& content, const std::string& name,
                                              const WeightFolder& folder);

  const char* format() const override { return "ONNX"; }
  const std::vector<Port>& inputs() const override;
  const std::vector<Port>& outputs() const override;
  const std::vector<Layer>& layers() const override;
  /// Nodes, modules and tensors.
  bool has_layer(const std::string& name) const override;
  std::string fault_of_layer(const std::string& name) const override;
  std::vector<std::string> warnings(const std::string& layer) const override;
  Lowered lower(const std::vector<Given>& inputs, const Wanted& wanted) const override;
  using NetworkFile::lower;

  struct Contents;
  explicit Network(std::unique_ptr<const Contents> contents);
  ~Network() override;

 private:
  std::unique_ptr<const Contents> contents_;
};

/// The line of the table of formats.
const formats::Format& format();

}  // namespace whycam::onnx

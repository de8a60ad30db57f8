// A network from a .pt2 file, as torch.export.save writes it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "formats/format.h"

namespace whycam::pt2 {

struct Contents;

class Network : public formats::NetworkFile {
 public:
  /// Throws formats::Error, or ModelError for an archive that is damaged.
  static std::shared_ptr<const Network> read(const core::NetworkSource& source);

  explicit Network(std::unique_ptr<const Contents> contents);
  ~Network() override;

  const char* format() const override { return ".pt2"; }
  const std::vector<formats::Port>& inputs() const override;
  const std::vector<formats::Port>& outputs() const override;
  const std::vector<formats::Layer>& layers() const override;
  /// Modules, and tensors by their names in the program.
  bool has_layer(const std::string& name) const override;
  std::string fault_of_layer(const std::string& name) const override;
  std::vector<std::string> warnings(const std::string&) const override { return {}; }
  formats::Lowered lower(const std::vector<formats::Given>& inputs, const formats::Wanted& wanted) const override;
  using NetworkFile::lower;

  /// What was read: for whoever runs the program in another way.
  const Contents& contents() const { return *contents_; }

 private:
  std::unique_ptr<const Contents> contents_;
};

/// The line of the table of formats.
const formats::Format& format();

}  // namespace whycam::pt2

// Weights in files beside a network, behind links: how far trust goes.
#include <gtest/gtest.h>

#include <fstream>

#include "onnx/model_builder.h"
#include "support/temporary_folder.h"

namespace whycam::onnx {
namespace {

namespace fs = std::filesystem;

/// x * w, with w in a file of this location.
std::string network_with_weights_in(const std::string& location) {
  ModelBuilder builder;
  builder.input("x", {1, 4}).output("y").node("Mul", {"x", "w"}, {"y"});
  proto::TensorProto weights;
  weights.set_name("w");
  weights.set_data_type(proto::TensorProto::FLOAT);
  weights.add_dims(4);
  weights.set_data_location(proto::TensorProto::EXTERNAL);
  proto::StringStringEntryProto& entry = *weights.add_external_data();
  entry.set_key("location");
  entry.set_value(location);
  return builder.tensor(weights).model.SerializeAsString();
}

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string weight_bytes() {
  const float numbers[] = {1, 2, 3, 4};
  return {reinterpret_cast<const char*>(numbers), sizeof numbers};
}

/// As model caches lay files out: what is named is a link, and what is meant lies in one folder with all others.
class OnnxLinks : public testing::Test {
 protected:
  void SetUp() override {
    blobs_ = folder_.path() / "blobs";
    snapshot_ = folder_.path() / "snapshots" / "1f2e";
    fs::create_directories(snapshot_ / "onnx");
    write(blobs_ / "aaaa", network_with_weights_in("model.onnx_data"));
    write(blobs_ / "bbbb", weight_bytes());
    fs::create_symlink("../../blobs/aaaa", snapshot_ / "model.onnx");
  }

  std::string fault(const fs::path& network) const {
    try {
      Network::read(network);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing is wrong";
  }

  test::TemporaryFolder folder_;
  fs::path blobs_, snapshot_;
};

TEST_F(OnnxLinks, LeadToWeightsWhereTheNetworkLies) {
  fs::create_symlink("../../blobs/bbbb", snapshot_ / "model.onnx_data");
  const auto network = Network::read(snapshot_ / "model.onnx");
  EXPECT_EQ(evaluated(*network, {{1, 4}}, {{1, 1, 1, 1}}), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(format().weight_files(snapshot_ / "model.onnx"), (std::vector<fs::path>{fs::canonical(blobs_ / "bbbb")}));
}

TEST_F(OnnxLinks, LeadNowhereElse) {
  write(folder_.path() / "secret", weight_bytes());
  fs::create_symlink("../../secret", snapshot_ / "model.onnx_data");
  EXPECT_NE(fault(snapshot_ / "model.onnx").find("not within the network's folder"), std::string::npos);
}

TEST_F(OnnxLinks, AreNotFollowedFromANetworkThatIsNone) {
  write(snapshot_ / "own.onnx", network_with_weights_in("model.onnx_data"));
  fs::create_symlink("../../blobs/bbbb", snapshot_ / "model.onnx_data");
  EXPECT_NE(fault(snapshot_ / "own.onnx").find("not within the network's folder"), std::string::npos);
}

TEST_F(OnnxLinks, AreTheUsersAndNotTheFiles) {
  for (const char* location : {"../../blobs/bbbb", "onnx/../../../blobs/bbbb"}) {
    write(blobs_ / "aaaa", network_with_weights_in(location));
    EXPECT_NE(fault(snapshot_ / "model.onnx").find("not within the network's folder"), std::string::npos) << location;
  }
}

}  // namespace
}  // namespace whycam::onnx

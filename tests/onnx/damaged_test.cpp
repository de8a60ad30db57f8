// Files that are no sound networks: one clear error each, and never a crash.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "onnx/files.h"

namespace whycam::onnx {
namespace {

/// conv - relu - mean, of 1 x 2 x 8 x 8, in ONNX's own notation; the weights are added here.
proto::ModelProto small_network() {
  proto::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  proto::GraphProto& graph = *model.mutable_graph();
  graph.set_name("small");
  const auto add_port = [](proto::ValueInfoProto& port, const std::string& name, std::vector<std::int64_t> shape) {
    port.set_name(name);
    port.mutable_type()->mutable_tensor_type()->set_elem_type(proto::TensorProto::FLOAT);
    for (const std::int64_t extent : shape)
      port.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(extent);
  };
  add_port(*graph.add_input(), "image", {1, 2, 8, 8});
  add_port(*graph.add_output(), "scores", {1, 3, 1, 1});
  proto::TensorProto& weights = *graph.add_initializer();
  weights.set_name("weights");
  weights.set_data_type(proto::TensorProto::FLOAT);
  for (const std::int64_t extent : {3, 2, 3, 3}) weights.add_dims(extent);
  std::vector<float> numbers(54);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) / 54;
  weights.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
  const auto add_node = [&](const std::string& op, std::vector<std::string> inputs, const std::string& output) {
    proto::NodeProto& node = *graph.add_node();
    node.set_op_type(op);
    node.set_name("/" + op);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
  };
  add_node("Conv", {"image", "weights"}, "convolved");
  add_node("Relu", {"convolved"}, "positive");
  add_node("GlobalAveragePool", {"positive"}, "scores");
  return model;
}

std::string message_of(const proto::ModelProto& model, const graph::Shape& shape = {1, 2, 8, 8}) {
  const TemporaryNetwork file(model);
  try {
    Network::read(file.path)->lower({{"image", shape}}, {}, false);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing is wrong";
}

struct Damage {
  const char* name;
  std::function<void(proto::ModelProto&)> change;
  const char* says;
};

TEST(DamagedOnnx, TheSoundNetworkIsSound) { EXPECT_EQ(message_of(small_network()), "nothing is wrong"); }

TEST(DamagedOnnx, EachFaultIsNamed) {
  const auto weights = [](proto::ModelProto& m) -> proto::TensorProto& {
    return *m.mutable_graph()->mutable_initializer(0);
  };
  const auto node = [](proto::ModelProto& m, int i) -> proto::NodeProto& {
    return *m.mutable_graph()->mutable_node(i);
  };
  const std::vector<Damage> damages{
      {"cycle", [&](auto& m) { node(m, 0).set_input(0, "positive"); }, "positive"},
      {"missing weights", [&](auto& m) { m.mutable_graph()->clear_initializer(); }, "weights"},
      {"too few bytes", [&](auto& m) { weights(m).set_raw_data("1234"); }, "4 bytes for 54 elements"},
      {"absurd shape", [&](auto& m) { weights(m).set_dims(0, std::int64_t{1} << 62); }, "2^36"},
      {"negative extent", [&](auto& m) { weights(m).set_dims(0, -3); }, "extent of -3"},
      {"wrong rank",
       [&](auto& m) {
         weights(m).clear_dims();
         weights(m).add_dims(54);
       },
       "weights of 1 dimensions"},
      {"wrong type",
       [&](auto& m) {
         weights(m).set_data_type(proto::TensorProto::STRING);
         weights(m).clear_raw_data();
       },
       "STRING"},
      {"integers as weights", [&](auto& m) { weights(m).set_data_type(proto::TensorProto::INT32); }, ""},
      {"unknown operator", [&](auto& m) { node(m, 1).set_op_type("Reluu"); }, "Reluu"},
      {"another domain",
       [&](auto& m) {
         node(m, 1).set_domain("com.example");
         m.add_opset_import()->set_domain("com.example");
       },
       "com.example"},
      {"old operator set", [&](auto& m) { m.mutable_opset_import(0)->set_version(2); }, "operator set 2"},
      {"no output", [&](auto& m) { m.mutable_graph()->clear_output(); }, "no output"},
      {"no input", [&](auto& m) { m.mutable_graph()->clear_input(); }, ""},
      {"channels that do not fit",
       [&](auto& m) {
         weights(m).set_dims(1, 1);
         weights(m).set_dims(0, 6);
       },
       "Conv"},
      {"pads that cut off",
       [&](auto& m) {
         proto::AttributeProto& pads = *node(m, 0).add_attribute();
         pads.set_name("pads");
         pads.set_type(proto::AttributeProto::INTS);
         for (const std::int64_t pad : {-1, 0, 0, 0}) pads.add_ints(pad);
       },
       "pads of [-1, 0, 0, 0]"},
      {"weights that are no numbers",
       [&](auto& m) {
         std::string bytes = weights(m).raw_data();
         const float none = std::nanf("");
         bytes.replace(8, sizeof none, reinterpret_cast<const char*>(&none), sizeof none);
         weights(m).set_raw_data(bytes);
       },
       "holds NaN"},
  };
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    proto::ModelProto model = small_network();
    damage.change(model);
    const std::string message = message_of(model);
    if (std::string(damage.name) != "integers as weights") {
      EXPECT_NE(message, "nothing is wrong");
    }
    EXPECT_NE(message.find(damage.says), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

/// A network of one operator, with an input of numbers where it has a second one.
proto::ModelProto one_operator(const std::string& op,
                               const std::map<std::string, std::vector<std::int64_t>>& attributes,
                               const std::vector<std::vector<std::int64_t>>& further, int version) {
  proto::ModelProto model = small_network();
  model.mutable_opset_import(0)->set_version(version);
  proto::GraphProto& graph = *model.mutable_graph();
  graph.clear_node();
  proto::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  node.add_input("image");
  if (op == "Conv" || op == "ConvTranspose") node.add_input("weights");
  for (const auto& numbers : further) {
    proto::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name("numbers" + std::to_string(node.input_size()));
    tensor.set_data_type(proto::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(numbers.size()));
    for (const std::int64_t number : numbers) tensor.add_int64_data(number);
    node.add_input(tensor.name());
  }
  node.add_output("scores");
  for (const auto& [name, numbers] : attributes) {
    proto::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(numbers.size() == 1 ? proto::AttributeProto::INT : proto::AttributeProto::INTS);
    if (numbers.size() == 1) attribute.set_i(numbers[0]);
    for (std::size_t i = 0; numbers.size() > 1 && i < numbers.size(); ++i) attribute.add_ints(numbers[i]);
  }
  return model;
}

TEST(DamagedOnnx, NumbersBeyondEverySizeAreRefused) {
  for (const std::int64_t huge : {std::int64_t{1} << 31, std::int64_t{1} << 62,
                                  std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    const std::vector<proto::ModelProto> models{
        one_operator("Conv", {{"strides", {1, huge}}}, {}, 13),
        one_operator("Conv", {{"dilations", {huge, huge}}}, {}, 13),
        one_operator("Conv", {{"pads", {0, huge, huge, huge}}}, {}, 13),
        one_operator("Conv", {{"group", {huge}}}, {}, 13),
        one_operator("ConvTranspose", {{"output_padding", {huge, huge}}}, {}, 13),
        one_operator("ConvTranspose", {{"output_shape", {huge, huge}}}, {}, 13),
        one_operator("MaxPool", {{"kernel_shape", {huge, 2}}}, {}, 13),
        one_operator("MaxPool", {{"kernel_shape", {2, 2}}, {"pads", {huge, huge, 0, 0}}, {"ceil_mode", {1}}}, {}, 13),
        one_operator("AveragePool", {{"kernel_shape", {2, 2}}, {"strides", {huge, huge}}}, {}, 13),
        one_operator("LRN", {{"size", {huge}}}, {}, 13),
        one_operator("Reshape", {}, {{huge, huge, huge, -1}}, 13),
        one_operator("Reshape", {}, {{huge, huge, huge, huge}}, 13),
        one_operator("Expand", {}, {{huge, huge, 2, 8, 8}}, 13),
        one_operator("Tile", {}, {{huge, huge, huge, huge}}, 13),
        one_operator("Pad", {}, {{0, 0, huge, huge, 0, 0, huge, huge}}, 13),
        one_operator("Split", {}, {{huge}}, 13),
        one_operator("Gather", {{"axis", {1}}}, {{huge}}, 13),
        one_operator("Flatten", {{"axis", {huge}}}, {}, 13),
        one_operator("Softmax", {{"axis", {huge}}}, {}, 13),
        one_operator("DepthToSpace", {{"blocksize", {huge}}}, {}, 13),
        one_operator("SpaceToDepth", {{"blocksize", {huge}}}, {}, 13),
    };
    for (const proto::ModelProto& model : models)
      EXPECT_NE(message_of(model).find("is no size: none is beyond 2^30"), std::string::npos)
          << model.graph().node(0).ShortDebugString() << ": " << message_of(model);
  }
}

TEST(DamagedOnnx, OnlyBoundsOfSlicesMayBeBeyondEverySize) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max(),
                         least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(message_of(one_operator("Slice", {}, {{1, least}, {most, most}, {2, 3}, {1, most}}, 13)),
            "nothing is wrong");
  EXPECT_EQ(message_of(one_operator("Slice", {}, {{most}, {least}, {3}, {-1}}, 13)), "nothing is wrong");
  for (const char* attribute : {"value_int", "value_ints"}) {
    proto::ModelProto model = one_operator("Slice", {}, {{0}, {0}, {3}}, 13);
    proto::NodeProto slice = model.graph().node(0), constant;
    constant.set_op_type("Constant");
    constant.add_output("end");
    proto::AttributeProto& value = *constant.add_attribute();
    value.set_name(attribute);
    if (attribute == std::string("value_int")) {
      value.set_type(proto::AttributeProto::INT);
      value.set_i(most);
    } else {
      value.set_type(proto::AttributeProto::INTS);
      value.add_ints(most);
    }
    slice.set_input(2, "end");
    *model.mutable_graph()->mutable_node(0) = constant;
    *model.mutable_graph()->add_node() = slice;
    EXPECT_EQ(message_of(model), "nothing is wrong") << attribute;
  }
  EXPECT_EQ(message_of(one_operator("Slice", {{"starts", {0, 1}}, {"ends", {most, most}}, {"axes", {2, 3}}}, {}, 9)),
            "nothing is wrong");
}

TEST(DamagedOnnx, DropoutInTrainingModeIsRefusedWhereItDropsSomething) {
  EXPECT_EQ(message_of(one_operator("Dropout", {}, {{0}, {1}}, 13)), "nothing is wrong");
  EXPECT_NE(message_of(one_operator("Dropout", {}, {{1}, {1}}, 13)).find("training mode"), std::string::npos);
}

TEST(DamagedOnnx, SizesThatOverflowInTheirProductAreRefused) {
  constexpr std::int64_t large = std::int64_t{1} << 30;
  EXPECT_NE(message_of(one_operator("Reshape", {}, {{large, large, large, -1}}, 13)).find("does not become"),
            std::string::npos);
  EXPECT_NE(message_of(one_operator("Expand", {}, {{large, large, large, 1, 2, 8, 8}}, 13)).find("would give a tensor"),
            std::string::npos);
  EXPECT_NE(message_of(one_operator("Tile", {}, {{large, large, large, large}}, 13)).find("would give a tensor"),
            std::string::npos);
  EXPECT_NE(message_of(one_operator(
                "AveragePool", {{"kernel_shape", {large, large}}, {"pads", {large, large, large, large}}}, {}, 13)),
            "nothing is wrong");
}

TEST(DamagedOnnx, InputsOfOtherShapesAreRefused) {
  EXPECT_NE(message_of(small_network(), {1, 3, 8, 8}).find("is to be of 1 x 2 x 8 x 8"), std::string::npos);
  EXPECT_NE(message_of(small_network(), {1, 2, 8}).find("is to be of"), std::string::npos);
}

/// The weights in a file beside the network.
proto::ModelProto with_external_weights(const std::string& location) {
  proto::ModelProto model = small_network();
  proto::TensorProto& weights = *model.mutable_graph()->mutable_initializer(0);
  weights.clear_raw_data();
  weights.set_data_location(proto::TensorProto::EXTERNAL);
  proto::StringStringEntryProto& entry = *weights.add_external_data();
  entry.set_key("location");
  entry.set_value(location);
  return model;
}

TEST(DamagedOnnx, ExternalWeightsStayWithinTheFolder) {
  for (const char* location : {"../secret", "/etc/passwd", "", "a/../../secret"})
    EXPECT_NE(message_of(with_external_weights(location)).find("not within the network's folder"), std::string::npos)
        << location;
  EXPECT_NE(message_of(with_external_weights("not-there.bin")).find("cannot be read"), std::string::npos);
}

TEST(DamagedOnnx, ExternalWeightsAreThoseOfTheFileItself) {
  const std::vector<std::vector<double>> input{ramp({1, 2, 8, 8})};
  const TemporaryNetwork inside(small_network());
  const std::string bytes = small_network().graph().initializer(0).raw_data();
  const std::string name = inside.path.stem().string() + ".bin";
  std::ofstream(inside.path.parent_path() / name, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const TemporaryNetwork outside(with_external_weights(name));
  EXPECT_EQ(evaluated(*Network::read(outside.path), {{1, 2, 8, 8}}, input),
            evaluated(*Network::read(inside.path), {{1, 2, 8, 8}}, input));
  std::filesystem::resize_file(inside.path.parent_path() / name, 10);
  EXPECT_NE(message_of(with_external_weights(name)).find("10 bytes"), std::string::npos);
  std::filesystem::remove(inside.path.parent_path() / name);
}

TEST(DamagedNetworks, WithTwoWeightsOfANameAreRefused) {
  proto::ModelProto model = small_network();
  *model.mutable_graph()->add_initializer() = model.graph().initializer(0);
  EXPECT_NE(message_of(model).find("two weights of the name"), std::string::npos) << message_of(model);
}

TEST(ExternalWeights, HaveOffsetsOfDigitsAloneAndWholeLocations) {
  for (const char* offset : {"-1", "12x", " 4", "", "0x10"}) {
    proto::ModelProto model = with_external_weights("weights.bin");
    proto::StringStringEntryProto& entry = *model.mutable_graph()->mutable_initializer(0)->add_external_data();
    entry.set_key("offset");
    entry.set_value(offset);
    EXPECT_NE(message_of(model).find("no number"), std::string::npos) << offset << ": " << message_of(model);
  }
  EXPECT_NE(message_of(with_external_weights(std::string("weights.bin\0x", 13))).find("zero byte"), std::string::npos);
}

TEST(ExternalWeights, AreFoundWhereverTheirTensorsStand) {
  const auto is_in = [](proto::TensorProto& tensor, const std::string& location) {
    tensor.set_data_location(proto::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair<std::string, std::string>{"offset", "0"}, {"location", location}}) {
      proto::StringStringEntryProto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
  };
  proto::ModelProto model = small_network();
  const TemporaryNetwork alone(model);
  EXPECT_TRUE(weight_files(alone.path).empty());
  const std::string stem = alone.path.stem().string() + "-";
  is_in(*model.mutable_graph()->add_initializer(), stem + "d");
  is_in(*model.mutable_graph()->add_initializer(), stem + "a");
  is_in(*model.mutable_graph()->add_initializer(), stem + "a");
  is_in(*model.mutable_graph()->add_initializer(), "/etc/passwd");
  is_in(*model.mutable_graph()->add_initializer(), stem + "not-there");
  is_in(*model.mutable_graph()->mutable_node(0)->add_attribute()->mutable_t(), stem + "c");
  is_in(*model.mutable_graph()->mutable_node(1)->add_attribute()->mutable_g()->add_initializer(), stem + "b");
  is_in(*model.add_functions()->add_node()->add_attribute()->add_tensors(), stem + "e");
  std::vector<std::filesystem::path> expected;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    expected.push_back(std::filesystem::canonical(alone.path.parent_path()) / (stem + name));
    std::ofstream(expected.back()) << name;
  }
  const TemporaryNetwork beside(model);
  EXPECT_EQ(weight_files(beside.path), expected);
  const std::string bytes = model.SerializeAsString();
  EXPECT_TRUE(weight_files(TemporaryNetwork(bytes.substr(0, bytes.size() - 1)).path).empty()) << "a damaged file";
  for (const auto& path : expected) std::filesystem::remove(path);
}

TEST(DamagedOnnx, ContentsOfOtherLengthsThanStatedAreRefused) {
  proto::ModelProto model = small_network();
  const std::string graph = model.graph().SerializeAsString(),
                    weight = model.graph().initializer(0).SerializeAsString();
  model.clear_graph();
  const std::string begin = model.SerializeAsString();
  const auto is_sound = [&](const std::string& with) {
    const TemporaryNetwork file(begin + with);
    try {
      return !Network::read(file.path)->outputs().empty();
    } catch (const Error&) {
      return false;
    }
  };
  constexpr int graph_field = 7, weight_field = 5;
  EXPECT_TRUE(is_sound(field(graph_field, graph, graph.size())));
  for (const std::size_t more : {std::size_t{1}, std::size_t{1000}, std::size_t{2147482000}})
    EXPECT_FALSE(is_sound(field(graph_field, graph, graph.size() + more))) << more;
  // A second weight, at the graph's end, that ends with the file, too.
  std::string other = weight;
  other.replace(other.find("weights"), 7, "another");
  const std::string whole = graph + field(weight_field, other, other.size()),
                    longer = graph + field(weight_field, other, other.size() + 5);
  EXPECT_TRUE(is_sound(field(graph_field, whole, whole.size())));
  EXPECT_FALSE(is_sound(field(graph_field, longer, longer.size())));
  EXPECT_FALSE(is_sound(field(graph_field, graph, graph.size() - 1)));
}

/// Any change of bytes gives a network or an Error; a crash would end this test.
TEST(DamagedOnnx, CutAndChangedBytesNeverCrash) {
  const std::string sound = small_network().SerializeAsString();
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = sound;
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    for (unsigned i = 0; i < 1 + random() % 3 && !bytes.empty(); ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const TemporaryNetwork file(bytes);
    try {
      const auto network = Network::read(file.path);
      network->lower({{"image", {1, 2, 8, 8}}}, {"/Relu"}, round % 2 == 0);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000U) << "most damage is found";
}

}  // namespace
}  // namespace whycam::onnx

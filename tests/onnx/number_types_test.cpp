// Weights and constants of every type of number, as bytes and in the field of their type: what a file's bits are worth
// is IEEE 754's to say.
#include <gtest/gtest.h>

#include <cmath>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

using proto::TensorProto;

struct Stored {
  TensorProto::DataType type;
  std::vector<std::int64_t> bits;  ///< four numbers; of integers their values
  std::vector<double> numbers;
};

void PrintTo(const Stored& one, std::ostream* out) { *out << proto::TensorProto_DataType_Name(one.type); }

const Stored stored[] = {
    {TensorProto::FLOAT16, {0x3c00, 0xc100, 0x0001, 0x7bff}, {1, -2.5, std::ldexp(1, -24), 65504}},
    {TensorProto::BFLOAT16, {0x3f80, 0xc020, 0x4049, 0x0080}, {1, -2.5, 3.140625, std::ldexp(1, -126)}},
    {TensorProto::BOOL, {0, 1, 1, 0}, {0, 1, 1, 0}},
    {TensorProto::INT8, {-128, -1, 0, 127}, {-128, -1, 0, 127}},
    {TensorProto::UINT8, {0, 1, 128, 255}, {0, 1, 128, 255}},
    {TensorProto::INT16, {-32768, -1, 256, 32767}, {-32768, -1, 256, 32767}},
    {TensorProto::UINT16, {0, 256, 32768, 65535}, {0, 256, 32768, 65535}},
    {TensorProto::INT32, {-65537, -1, 65536, 1}, {-65537, -1, 65536, 1}},
    {TensorProto::UINT32, {0, 1, 65536, 0x80000000}, {0, 1, 65536, 2147483648.0}},
    {TensorProto::INT64,
     {-(std::int64_t{1} << 40), -1, 0, std::int64_t{1} << 40},
     {-std::ldexp(1, 40), -1, 0, std::ldexp(1, 40)}},
    {TensorProto::UINT64, {0, 1, 65536, std::int64_t{1} << 40}, {0, 1, 65536, std::ldexp(1, 40)}}};

std::size_t width_of(TensorProto::DataType type) {
  switch (type) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      return 2;
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    default:
      return 8;
  }
}

TensorProto constant(TensorProto::DataType type) {
  TensorProto tensor;
  tensor.set_name("c");
  tensor.set_data_type(type);
  tensor.add_dims(4);
  return tensor;
}

/// x * c for ones.
std::vector<double> factor(const TensorProto& c) {
  ModelBuilder builder(14);
  builder.input("x", {1, 4}).output("y").tensor(c);
  builder.node("Cast", {"c"}, {"factor"}, {{"to", std::int64_t{TensorProto::FLOAT}}})
      .node("Mul", {"x", "factor"}, {"y"});
  return evaluated(*builder.network(), {{1, 4}}, {{1, 1, 1, 1}});
}

class OnnxNumbers : public testing::TestWithParam<Stored> {};

TEST_P(OnnxNumbers, AreReadFromBytes) {
  TensorProto tensor = constant(GetParam().type);
  std::string bytes;
  for (const std::int64_t bits : GetParam().bits)  // the lowest byte first
    for (std::size_t i = 0; i < width_of(GetParam().type); ++i)
      bytes += static_cast<char>(static_cast<std::uint64_t>(bits) >> (8 * i) & 255);
  tensor.set_raw_data(bytes);
  EXPECT_EQ(factor(tensor), GetParam().numbers);
}

TEST_P(OnnxNumbers, AreReadFromTheFieldOfTheirType) {
  TensorProto tensor = constant(GetParam().type);
  for (const std::int64_t bits : GetParam().bits) {
    if (GetParam().type == TensorProto::INT64)
      tensor.add_int64_data(bits);
    else if (GetParam().type == TensorProto::UINT32 || GetParam().type == TensorProto::UINT64)
      tensor.add_uint64_data(static_cast<std::uint64_t>(bits));
    else
      tensor.add_int32_data(static_cast<std::int32_t>(bits));
  }
  EXPECT_EQ(factor(tensor), GetParam().numbers);
}

INSTANTIATE_TEST_SUITE_P(OfEachType, OnnxNumbers, testing::ValuesIn(stored),
                         [](const auto& info) { return proto::TensorProto_DataType_Name(info.param.type); });

TEST(OnnxNumbers, OfDoublePrecisionAreRounded) {
  TensorProto field = constant(TensorProto::DOUBLE);
  const double numbers[] = {1, -2.5, 0.1, 1e-300};
  for (const double number : numbers) field.add_double_data(number);
  TensorProto bytes = constant(TensorProto::DOUBLE);
  bytes.set_raw_data(std::string(reinterpret_cast<const char*>(numbers), sizeof numbers));
  const std::vector<double> rounded{1, -2.5, 0.1F, 0};
  EXPECT_EQ(factor(field), rounded);
  EXPECT_EQ(factor(bytes), rounded);
}

TEST(OnnxNumbers, OfOtherTypesAreRefusedByName) {
  TensorProto tensor = constant(TensorProto::COMPLEX64);
  tensor.set_raw_data(std::string(32, '\0'));
  try {
    factor(tensor);
    ADD_FAILURE() << "it was read";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("COMPLEX64"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace whycam::onnx

#include "whycam/picture/npy.h"

#include <cmath>
#include <limits>

#include "fixtures.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

using Shape = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

// numpy.save of numpy.array([[1, 2.5, -3]], dtype='<f4') by NumPy 1.24, up to the values.
Bytes saved_by_numpy() {
  Bytes bytes = from_hex("934e554d505901007600");
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
  header.resize(0x75, ' ');
  const Bytes rest = to_bytes(header + '\n');
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  const Bytes values = from_hex("0000803f00002040000040c0");
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

/// A version 1 or 2 file with a dictionary and so many bytes of data: 0, 1, 2, ...
Bytes make_npy(std::string dictionary, std::size_t data_size, int version = 1) {
  dictionary += '\n';
  const auto length = dictionary.size();
  Bytes bytes = from_hex("934e554d5059");
  bytes.push_back(static_cast<std::uint8_t>(version));
  bytes.push_back(0);
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes.push_back(static_cast<std::uint8_t>(length >> 8 * i));
  const Bytes text = to_bytes(dictionary);
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (std::size_t i = 0; i < data_size; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

std::string dictionary(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

NpyArray read(const Bytes& bytes) {
  const TemporaryFolder folder;
  save(folder / "array.npy", bytes);
  return read_npy(folder / "array.npy");
}

std::string refusal(const Bytes& bytes) {
  const std::string message = message_of<PictureError>([&] { read(bytes); });
  EXPECT_TRUE(contains(message, "array.npy")) << message;
  return message;
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const NpyArray array = read(saved_by_numpy());
  EXPECT_EQ(array.shape, (Shape{1, 3}));
  EXPECT_EQ(std::get<Floats>(array.values), (Floats{1.0f, 2.5f, -3.0f}));
}

TEST(Npy, ReadsDoublesInFortranOrder) {
  // numpy.asfortranarray([[0, 1, 2], [3, 4, 5]]): the file holds 0 3 1 4 2 5.
  Bytes bytes = make_npy(dictionary("<f8", "(2, 3)", "True"), 0);
  const Bytes values = from_hex(
      "0000000000000000"
      "0000000000000840"
      "000000000000f03f"
      "0000000000001040"
      "0000000000000040"
      "0000000000001440");
  bytes.insert(bytes.end(), values.begin(), values.end());
  const NpyArray array = read(bytes);
  EXPECT_EQ(array.shape, (Shape{2, 3}));
  EXPECT_EQ(std::get<Doubles>(array.values), (Doubles{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(to_array(array).values, (Floats{0, 1, 2, 3, 4, 5}));
}

TEST(Npy, ReadsFortranOrderOfEveryRank) {
  // The value at (i, j, k) of shape (2, 3, 4) lies at i + 2 j + 6 k in the file.
  Doubles stored, expected;
  for (int i = 0; i < 24; ++i) stored.push_back(i);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) expected.push_back(i + 2 * j + 6 * k);
  Bytes bytes = make_npy(dictionary("<f8", "(2, 1, 3, 4)", "True"), 0);
  const auto* data = reinterpret_cast<const std::uint8_t*>(stored.data());
  bytes.insert(bytes.end(), data, data + stored.size() * sizeof(double));
  EXPECT_EQ(std::get<Doubles>(read(bytes).values), expected);
  EXPECT_EQ(read(make_npy(dictionary("<f4", "()", "True"), 4)).shape, Shape{});
}

TEST(Npy, ReadsEveryRank) {
  EXPECT_EQ(read(make_npy(dictionary("<f4", "()"), 4)).shape, Shape{});
  EXPECT_EQ(read(make_npy(dictionary("<f4", "(2,)"), 8)).shape, Shape{2});
  std::string ones;
  for (int axis = 0; axis < 64; ++axis) ones += axis == 0 ? "1" : ", 1";
  EXPECT_EQ(read(make_npy(dictionary("<f4", "(" + ones + ")"), 4)).shape, Shape(64, 1));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(" + ones + ", 1)"), 4)), "65 axes"));
}

TEST(Npy, ReadsEveryHeaderLengthVersionAndKeyOrder) {
  for (std::size_t padding = 0; padding < 300; ++padding) {
    const std::string text = dictionary("<f4", "(1,)") + std::string(padding, ' ');
    EXPECT_EQ(read(make_npy(text, 4)).shape, Shape{1}) << padding;
  }
  for (const int version : {2, 3}) EXPECT_EQ(read(make_npy(dictionary("<f4", "(1,)"), 4, version)).shape, Shape{1});
  EXPECT_EQ(read(make_npy("{'shape':(1,2),'fortran_order':False,'descr':'<f4'}", 8)).shape, (Shape{1, 2}));
}

/// One number of a type, from its bytes.
double number(const std::string& type, const std::string& bytes) {
  Bytes file = make_npy(dictionary(type, "(1,)"), 0);
  const Bytes values = from_hex(bytes);
  file.insert(file.end(), values.begin(), values.end());
  return std::visit([](const auto& numbers) { return static_cast<double>(numbers.at(0)); }, read(file).values);
}

TEST(Npy, ReadsNumbersOfAllTypes) {
  EXPECT_EQ(number("|u1", "ff"), 255);
  EXPECT_EQ(number("|i1", "ff"), -1);
  EXPECT_EQ(number("|b1", "01"), 1);
  EXPECT_EQ(number("<u2", "0180"), 0x8001);
  EXPECT_EQ(number(">u2", "8001"), 0x8001);
  EXPECT_EQ(number("<i2", "feff"), -2);
  EXPECT_EQ(number("<i4", "00000080"), -2147483648.0);
  EXPECT_EQ(number(">u4", "ffffffff"), 4294967295.0);
  EXPECT_EQ(number("<i8", "ffffffffffffff7f"), 9223372036854775808.0) << "rounded";
  EXPECT_EQ(number(">f4", "3fc00000"), 1.5);
  EXPECT_EQ(number(">f8", "bff8000000000000"), -1.5);
}

TEST(Npy, ReadsHalfPrecision) {
  EXPECT_EQ(number("<f2", "003c"), 1);
  EXPECT_EQ(number(">f2", "c100"), -2.5);
  EXPECT_EQ(number("<f2", "ff7b"), 65504) << "the largest";
  EXPECT_EQ(number("<f2", "0100"), std::ldexp(1, -24)) << "the smallest";
  EXPECT_EQ(number("<f2", "00fc"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(number("<f2", "017e")));
  EXPECT_TRUE(std::signbit(number("<f2", "0080")));
}

TEST(Npy, SaysWhichTypeTheFileHas) {
  EXPECT_EQ(read(saved_by_numpy()).type, "");
  EXPECT_EQ(read(make_npy(dictionary("|u1", "(2,)"), 2)).type, "uint8");
  EXPECT_EQ(read(make_npy(dictionary(">f4", "(1,)"), 4)).type, "big-endian float32");
  EXPECT_EQ(read(make_npy(dictionary("<f8", "(1,)"), 8)).type, "float64");
  EXPECT_EQ(to_array(read(make_npy(dictionary("|u1", "(3,)"), 3))).values, (Floats{0, 1, 2}));
}

TEST(Npy, NamesTheTypeItDoesNotTake) {
  const auto refused_type = [](const std::string& type) { return refusal(make_npy(dictionary(type, "(1,)"), 8)); };
  EXPECT_TRUE(contains(refused_type("<c8"), "has type complex64; whycam takes float16, float32"));
  EXPECT_TRUE(contains(refused_type("<f1"), "has type float8"));
  EXPECT_TRUE(contains(refused_type("<i3"), "has type int24"));
  EXPECT_TRUE(contains(refused_type("<f16"), "has type float128"));
  EXPECT_TRUE(contains(refused_type("|i8"), "has type int64"));
  EXPECT_TRUE(contains(refused_type("<U5"), "\"<U5\""));
  EXPECT_TRUE(contains(refused_type("<f-800000000"), "\"<f-800000000\""));
  EXPECT_TRUE(contains(refused_type("|O"), "\"|O\""));
  EXPECT_TRUE(contains(refused_type(""), "\"\""));
  const std::string structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
  EXPECT_TRUE(contains(refusal(make_npy(structured, 4)), "structured"));
}

TEST(Npy, RefusesSizesThatDoNotFit) {
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(2, 3)"), 23)), "takes 24 bytes, but 23 follow"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(2, 3)"), 25)), "takes 24 bytes, but 25 follow"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(1000000000000,)"), 4)), "4000000000000 bytes"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(4294967296, 4294967296)"), 0)), "no file can hold"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(4611686018427387905,)"), 4)), "no file can hold"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(3, 0)"), 0)), "(3, 0), which holds no values"));
}

TEST(Npy, RefusesCorruptHeaders) {
  EXPECT_TRUE(contains(refusal({}), "not a .npy file"));
  EXPECT_TRUE(contains(refusal(to_bytes("PK\x03\x04 a .npz file")), "not a .npy file"));
  EXPECT_TRUE(contains(refusal(from_hex("934e554d50590100ffff207b")), "longer than the file"));
  EXPECT_TRUE(contains(refusal(from_hex("934e554d50590200ffffffff7b")), "longer than the file"));
  EXPECT_TRUE(contains(refusal(from_hex("934e554d50590900760000000000")), "version 9"));
  EXPECT_TRUE(contains(refusal(make_npy("", 4)), "'descr'"));
  EXPECT_TRUE(contains(refusal(make_npy("{'descr': '<f4', }", 4)), "'fortran_order'"));
  EXPECT_TRUE(contains(refusal(make_npy("{'descr'", 4)), "no value"));
  EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", "(1,)", "None"), 4)), "order is unclear"));
  EXPECT_TRUE(contains(refusal(make_npy(std::string(20000, ' '), 4)), "too long"));
  for (const std::string shape : {"1", "(1", "(-1,)", "(x,)", "(1.5,)", "(,)", "(1,,2)", "(99999999999999999999,)"}) {
    EXPECT_TRUE(contains(refusal(make_npy(dictionary("<f4", shape), 4)), "corrupt")) << shape;
  }
}

TEST(Npy, RefusesEveryTruncation) {
  const Bytes whole = saved_by_numpy();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

TEST(Npy, FlippedHeaderBytesNeverCrash) {
  const Bytes whole = saved_by_numpy();
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < 128; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ 1 << bit);
      save(folder / "array.npy", damaged);
      try {
        const NpyArray array = read_npy(folder / "array.npy");
        EXPECT_EQ(element_count(array.shape), 3);  // e.g. a blank that became another character
      } catch (const PictureError&) {
      }
    }
  }
}

TEST(Npy, ReturnsWhatWasWritten) {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const NpyArray floats{{2, 1, 2}, Floats{1.0f, -0.0f, infinity, 1e-40f}};
  write_npy(folder / "Ä b.npy", floats);
  EXPECT_EQ(read_npy(folder / "Ä b.npy").shape, floats.shape);
  EXPECT_EQ(read_npy(folder / "Ä b.npy").values, floats.values);
  const NpyArray doubles{{}, Doubles{0.1}};
  write_npy(folder / "Ä b.npy", doubles);
  EXPECT_EQ(read_npy(folder / "Ä b.npy").shape, Shape{});
  EXPECT_EQ(read_npy(folder / "Ä b.npy").values, doubles.values);
  write_npy(folder / "Ä b.npy", Array{{1}, {std::nanf("")}});
  EXPECT_TRUE(std::isnan(std::get<Floats>(read_npy(folder / "Ä b.npy").values)[0]));
  EXPECT_EQ(folder.entry_count(), 1U);
}

TEST(Npy, WritesAHeaderAsTheFormatDemands) {
  const TemporaryFolder folder;
  write_npy(folder / "a", Array{{1, 3}, {1.0f, 2.5f, -3.0f}});
  const Bytes bytes = read_file(folder / "a");
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_EQ(text.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(text.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }");
  EXPECT_EQ((text.size() - 12) % 64, 0U);
  EXPECT_EQ(text[text.size() - 13], '\n');
  EXPECT_EQ(Bytes(bytes.end() - 12, bytes.end()), from_hex("0000803f00002040000040c0"));
}

TEST(Npy, DoesNotWriteAnInconsistentArray) {
  const TemporaryFolder folder;
  const auto write = [&] { write_npy(folder / "a", Array{{2, 2}, {1.0f}}); };
  EXPECT_TRUE(contains(message_of<InputError>(write), "(2, 2)"));
  EXPECT_EQ(folder.entry_count(), 0U);
}

}  // namespace
}  // namespace whycam::picture

// Which row of a detector's output belongs to a box, on outputs written down by hand.
#include "whycam/detection.h"

#include <gtest/gtest.h>

#include <limits>

#include "whycam/errors.h"

namespace whycam {
namespace {

using picture::Array;
using picture::Rectangle;

/// Rows of centre, width, height and three scores, for an input of 64 x 48 pixels; many rows of nothing behind them.
Array rows_first(std::vector<std::vector<float>> rows, std::int64_t count = 24) {
  const auto numbers = static_cast<std::int64_t>(rows[0].size());
  while (static_cast<std::int64_t>(rows.size()) < count)
    rows.emplace_back(std::vector<float>{60, 44, 2, 2}).resize(static_cast<std::size_t>(numbers), 0.0F);
  Array output{{1, count, numbers}, {}};
  for (const auto& row : rows) output.values.insert(output.values.end(), row.begin(), row.end());
  return output;
}

Array transposed(const Array& output) {
  const std::int64_t rows = output.shape[1], numbers = output.shape[2];
  Array result{{1, numbers, rows}, {}};
  for (std::int64_t number = 0; number < numbers; ++number)
    for (std::int64_t row = 0; row < rows; ++row)
      result.values.push_back(output.values[static_cast<std::size_t>(row * numbers + number)]);
  return result;
}

const std::vector<std::vector<float>> some{{20, 20, 20, 10, 0.1F, 0.7F, 0.2F},   // 10,15 to 30,25
                                           {22, 20, 20, 10, 0.9F, 0.3F, 0.2F},   // 12,15 to 32,25
                                           {22, 20, 20, 10, 0.2F, 0.3F, 0.95F},  // the same box, with a better score
                                           {50, 40, 8, 8, 0.1F, 0.1F, 0.4F}};

TEST(Detections, HaveTheLargestIntersectionOverUnion) {
  for (const bool last : {false, true}) {
    const Array output = last ? transposed(rows_first(some)) : rows_first(some);
    const Detection found = find_detections(output, {10, 15, 20, 10}, 64, 48).at(0);
    EXPECT_EQ(found.row, 0);
    EXPECT_EQ(found.class_index, 1);
    EXPECT_FLOAT_EQ(found.score, 0.7F);
    EXPECT_DOUBLE_EQ(found.overlap, 1);
    EXPECT_EQ(found.rows_last, last);
    EXPECT_EQ(found.rows, 24);
    EXPECT_EQ(found.classes, 3);
    const Target::Indices indices = last ? Target::Indices{5, 0} : Target::Indices{0, 5};
    EXPECT_EQ(detection_target({found}).resolve(output.shape), std::vector<Target::Indices>{indices});
    const Target::Indices other = last ? Target::Indices{6, 0} : Target::Indices{0, 6};
    EXPECT_EQ(detection_target({found}, 2).resolve(output.shape), std::vector<Target::Indices>{other});
    EXPECT_THROW(detection_target({found}, 3), TargetError);
  }
}

TEST(Detections, OfEqualOverlapHaveTheBetterScore) {
  const Detection found = find_detections(rows_first(some), {12, 15, 22, 10}, 64, 48).at(0);
  EXPECT_EQ(found.row, 2);
  EXPECT_NEAR(found.overlap, 200.0 / 220, 1e-12);  // 20 of 22 columns
}

TEST(Detections, OverlapIsIntersectionOverUnion) {
  EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {5, 5, 10, 10}), 25.0 / 175);
  EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
  EXPECT_DOUBLE_EQ(overlap({1, 2, 3, 4}, {1, 2, 3, 4}), 1);
}

TEST(Detections, AreFoundInSharesOfTheInput) {
  Array output = rows_first(some);
  for (std::size_t row = 0; row < 24; ++row)
    for (std::size_t i = 0; i < 4; ++i) output.values[row * 7 + i] /= i % 2 == 0 ? 64 : 48;
  const Detection found = find_detections(output, {10, 15, 20, 10}, 64, 48).at(0);
  EXPECT_EQ(found.row, 0);
  EXPECT_NEAR(found.box.left, 10, 1e-4);
  EXPECT_NEAR(found.box.height, 10, 1e-4);
  Array in_between = rows_first(some);
  for (std::size_t row = 0; row < 24; ++row)
    for (std::size_t i = 0; i < 4; ++i) in_between.values[row * 7 + i] /= 10;
  EXPECT_THROW(find_detections(in_between, {1, 1.5, 2, 1}, 64, 48), TargetError);
  EXPECT_EQ(find_detections(in_between, {1, 1.5, 2, 1}, 64, 48, detector_format_named("pixels"))[0].row, 0);
}

TEST(Detections, AreFoundByEdgesAndWithObjectness) {
  std::vector<std::vector<float>> edges;
  for (std::vector<float> row : some) {
    const float x = row[0], y = row[1], w = row[2], h = row[3];
    row[0] = x - w / 2, row[1] = y - h / 2, row[2] = x + w / 2, row[3] = y + h / 2;
    row.insert(row.begin() + 4, 0.99F);
    edges.push_back(row);
  }
  const Array output = rows_first(edges, 4);
  const Detection found =
      find_detections(output, {10, 15, 20, 10}, 64, 48, detector_format_named("edges,objectness,rows-first")).at(0);
  EXPECT_EQ(found.row, 0);
  EXPECT_EQ(found.classes, 3);
  EXPECT_EQ(found.class_index, 1);
  EXPECT_EQ(found.indices(1), (Target::Indices{0, 6}));
  EXPECT_THROW(find_detections(output, {10, 15, 20, 10}, 64, 48, detector_format_named("objectness,rows-first")),
               TargetError)
      << "which are edges, and could be centre, width and height";
}

/// What is said of an output with these rows.
std::string fault(const Array& output, const std::string& format = "", Rectangle box = {10, 15, 20, 10}) {
  try {
    find_detections(output, box, 64, 48, format.empty() ? DetectorFormat() : detector_format_named(format));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Detections, AreRefusedWhereTheOutputIsNoDetectors) {
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\n is to say " << part;
  };
  EXPECT_EQ(fault(rows_first(some)), "");
  says(fault({{1, 1000}, std::vector<float>(1000, 0.0F)}), "three axes");
  says(fault({{1, 90, 4}, std::vector<float>(360, 1.0F)}), "no score behind");
  says(fault(rows_first(some, 8)), "which axis counts the rows");
  EXPECT_EQ(fault(rows_first(some, 8), "rows-first"), "");
  EXPECT_EQ(fault(rows_first(some, 8), "classes=3"), "");
  says(fault(rows_first(some), "classes=4"), "are to be 4 classes");
  says(fault(rows_first(some), "classes=2"), "one more than the classes");
  Array negative = rows_first(some);
  negative.values[2] = -1;
  says(fault(negative), "negative widths");
  Array unknown = rows_first(some);
  unknown.values[9] = std::numeric_limits<float>::quiet_NaN();
  says(fault(unknown), "NaN");
  says(fault(rows_first(some), "", {60, 2, 3, 3}), "no box of the output overlaps");
  says(fault(rows_first(some), "", {10, 15, 0, 10}), "no width");
  says(fault(rows_first(some), "", {70, 15, 5, 5}), "outside of what the network sees");
  std::vector<std::vector<float>> final_list(24, {10, 15, 30, 25, 0.9F, 2});
  says(fault(rows_first(final_list)), "non-maximum suppression");
  says(fault(rows_first(some, 8 * 6 + 4 * 3 + 2 * 1)), "objectness");  // a row a place of the three grids
  EXPECT_EQ(fault(rows_first(some, 8 * 6 + 4 * 3 + 2 * 1), "classes=3"), "");
  EXPECT_EQ(fault(transposed(rows_first(some, 8 * 6 + 4 * 3 + 2 * 1))), "") << "as YOLOv8 has it";
}

TEST(Detections, FormatsAreNamed) {
  EXPECT_EQ(detector_format_named("shares,edges,rows-last,objectness,classes=80").classes, 80);
  for (const char* text :
       {"", "pixel", "classes=", "classes=0", "classes=-3", "classes=3x", "classes", "pixels,,edges"})
    EXPECT_THROW(detector_format_named(text), InputError) << text;
}

}  // namespace
}  // namespace whycam

#include "whycam/detection.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/shape_text.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

using Corners = DetectorFormat::Corners;
using Units = DetectorFormat::Units;
using Rows = DetectorFormat::Rows;
using picture::Rectangle;

constexpr std::int64_t in_box = 4;

std::string text_of(const Rectangle& box) {
  const auto number = [](double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  };
  return number(box.left) + "," + number(box.top) + "," + number(box.width) + "," + number(box.height);
}

/// An output as rows of numbers, whichever of its axes counts them.
class Table {
 public:
  Table(const picture::Array& output, const DetectorFormat& format) : output_(output) {
    if (output.shape.size() != 3 || output.shape[0] < 1 || !picture::is_consistent(output))
      fail("it has not three axes, examples, rows and numbers");
    if (!std::all_of(output.values.begin(), output.values.end(), [](float one) { return std::isfinite(one); }))
      throw ModelError("the network's output holds NaN or infinity, so no row of it belongs to a box");
    rows_last_ = are_rows_last(format);
    rows_ = output.shape[rows_last_ ? 2 : 1];
    numbers_ = output.shape[rows_last_ ? 1 : 2];
    if (numbers_ <= in_box)
      fail("a row has " + std::to_string(numbers_) + " numbers, and no score behind the box's four");
  }

  std::int64_t examples() const { return output_.shape[0]; }
  std::int64_t rows() const { return rows_; }
  std::int64_t numbers() const { return numbers_; }
  bool rows_last() const { return rows_last_; }
  float at(std::int64_t example, std::int64_t row, std::int64_t number) const {
    const std::int64_t within = rows_last_ ? number * rows_ + row : row * numbers_ + number;
    return output_.values[static_cast<std::size_t>(example * rows_ * numbers_ + within)];
  }
  /// Whether all rows of all examples are so.
  template <class Test>
  bool all(const Test& test) const {
    for (std::int64_t example = 0; example < examples(); ++example)
      for (std::int64_t row = 0; row < rows_; ++row)
        if (!test(example, row)) return false;
    return true;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw TargetError("the output of " + core::shape_text(output_.shape) +
                      " is no detector's (N x rows x (4 + classes), or N x (4 + classes) x rows): " + reason);
  }

 private:
  bool are_rows_last(const DetectorFormat& format) const {
    if (format.rows != Rows::automatic) return format.rows == Rows::last;
    const std::int64_t first = output_.shape[1], second = output_.shape[2];
    if (first >= 3 * second) return false;
    if (second >= 3 * first) return true;
    const std::int64_t expected = in_box + (format.objectness ? 1 : 0) + format.classes;
    if (format.classes > 0 && (first == expected) != (second == expected)) return first == expected;
    throw TargetError("the output of " + core::shape_text(output_.shape) +
                      " does not tell which axis counts the rows; say rows-first for N x rows x numbers, or rows-last");
  }

  const picture::Array& output_;
  bool rows_last_ = false;
  std::int64_t rows_ = 0, numbers_ = 0;
};

/// What of a format was left open, found in the numbers.
class Reading {
 public:
  Reading(const Table& table, std::int64_t width, std::int64_t height, const DetectorFormat& format)
      : table_(table), width_(width), height_(height), format_(format) {
    find_scores();
    find_corners();
    find_units();
    if (!edges_ && !table.all([&](auto n, auto row) { return table.at(n, row, 2) >= 0 && table.at(n, row, 3) >= 0; }))
      table.fail("its boxes have negative widths or heights");
  }

  std::int64_t first_class() const { return first_class_; }
  std::int64_t classes() const { return classes_; }

  Rectangle box(std::int64_t example, std::int64_t row) const {
    const double x = shares_ ? static_cast<double>(width_) : 1, y = shares_ ? static_cast<double>(height_) : 1;
    const auto number = [&](std::int64_t i) { return static_cast<double>(table_.at(example, row, i)); };
    const double a = number(0) * x, b = number(1) * y, c = number(2) * x, d = number(3) * y;
    return edges_ ? Rectangle{a, b, c - a, d - b} : Rectangle{a - c / 2, b - d / 2, c, d};
  }

 private:
  void find_scores() {
    first_class_ = in_box + (format_.objectness ? 1 : 0);
    const std::int64_t left = table_.numbers() - first_class_;
    if (left < 1) table_.fail("a row has no score behind the box and the objectness");
    classes_ = format_.classes > 0 ? format_.classes : left;
    const std::string counts = std::to_string(table_.numbers()) + " numbers a row are 4 for the box" +
                               (format_.objectness ? ", 1 for the objectness" : "") + " and " + std::to_string(left);
    if (classes_ > left) table_.fail(counts + ", and there are to be " + std::to_string(classes_) + " classes");
    if (format_.classes > 0 && !format_.objectness && left == format_.classes + 1)
      throw TargetError(counts + ", one more than the classes: where it is the objectness, behind the box, say " +
                        "objectness; where it is an angle, boxes are turned and are not compared");
    if (format_.classes == 0 && !format_.objectness && has_rows_of_yolov5())
      throw TargetError(
          "the output has the rows of YOLOv5 or YOLOX, where the fifth number is the objectness: say "
          "objectness, or classes=" +
          std::to_string(left) + " where it is a class's score");
  }

  /// N x rows x numbers with a row (YOLOX) or three (YOLOv5, YOLOv7) a place of grids with steps of 8, 16 and 32.
  bool has_rows_of_yolov5() const {
    if (table_.rows_last()) return false;
    std::int64_t places = 0;
    for (const std::int64_t step : {8, 16, 32}) places += (width_ / step) * (height_ / step);
    return table_.rows() == places || table_.rows() == 3 * places;
  }

  void find_corners() {
    const auto at = [&](auto n, auto row, std::int64_t i) { return table_.at(n, row, i); };
    const bool could_be_edges =
        table_.all([&](auto n, auto row) { return at(n, row, 2) >= at(n, row, 0) && at(n, row, 3) >= at(n, row, 1); });
    const std::int64_t last = table_.numbers() - 1;
    if (could_be_edges && table_.numbers() == in_box + 2 && format_.classes == 0 && !format_.objectness &&
        table_.all([&](auto n, auto row) { return at(n, row, last) == std::floor(at(n, row, last)); }))
      table_.fail(
          "it is a list of edges, score and class, as behind non-maximum suppression; export the network without "
          "it, or say classes=2");
    if (format_.corners == Corners::automatic && could_be_edges)
      throw TargetError(
          "the output's boxes could be their edges (left, top, right, bottom) or centre, width and height: say edges "
          "or "
          "centre");
    edges_ = format_.corners == Corners::edges;
    if (edges_ && !could_be_edges)
      table_.fail("a box has its right edge left of its left one, or its lower above its upper");
  }

  void find_units() {
    shares_ = format_.units == Units::shares;
    if (format_.units != Units::automatic) return;
    float largest = 0;
    table_.all([&](auto n, auto row) {
      for (std::int64_t i = 0; i < in_box; ++i) largest = std::max(largest, table_.at(n, row, i));
      return true;
    });
    shares_ = largest <= 1.5F;
    if (!shares_ && largest <= static_cast<float>(std::max(width_, height_)) / 8)
      throw TargetError("the largest number of the output's boxes is " + std::to_string(largest) + " for an input of " +
                        std::to_string(width_) + " x " + std::to_string(height_) +
                        " pixels: say whether boxes are in pixels or shares of the input");
  }

  const Table& table_;
  std::int64_t width_, height_;
  const DetectorFormat& format_;
  std::int64_t first_class_ = in_box, classes_ = 0;
  bool edges_ = false, shares_ = false;
};

/// The best class of a row.
void find_class(const Table& table, std::int64_t example, Detection& detection) {
  detection.score = -std::numeric_limits<float>::infinity();
  for (std::int64_t one = 0; one < detection.classes; ++one)
    if (const float score = table.at(example, detection.row, detection.first_class + one); score > detection.score) {
      detection.score = score;
      detection.class_index = one;
    }
}

Detection best_row(const Table& table, const Reading& reading, std::int64_t example, const Rectangle& box) {
  Detection best;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    Detection one;
    one.box = reading.box(example, row);
    one.overlap = overlap(one.box, box);
    if (!(one.overlap > 0) || one.overlap < best.overlap) continue;
    one.row = row;
    one.rows = table.rows();
    one.classes = reading.classes();
    one.first_class = reading.first_class();
    one.rows_last = table.rows_last();
    find_class(table, example, one);
    if (one.overlap > best.overlap || one.score > best.score) best = one;
  }
  if (!(best.overlap > 0))
    throw TargetError("no box of the output overlaps with the box " + text_of(box) + ", in the network's pixels");
  return best;
}

}  // namespace

double overlap(const Rectangle& one, const Rectangle& other) {
  const double width = std::min(one.left + one.width, other.left + other.width) - std::max(one.left, other.left);
  const double height = std::min(one.top + one.height, other.top + other.height) - std::max(one.top, other.top);
  if (!(width > 0 && height > 0)) return 0;
  return width * height / (one.width * one.height + other.width * other.height - width * height);
}

Target::Indices Detection::indices(std::int64_t of_class) const {
  if (of_class < 0 || of_class >= classes)
    throw TargetError("the target " + std::to_string(of_class) + " is no class of a detector with " +
                      std::to_string(classes) + " classes, from 0 on");
  return rows_last ? Target::Indices{first_class + of_class, row} : Target::Indices{row, first_class + of_class};
}

std::vector<Detection> find_detections(const picture::Array& output, const Rectangle& box, std::int64_t width,
                                       std::int64_t height, const DetectorFormat& format) {
  const bool finite = std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.width + box.height);
  if (!finite || !(box.width > 0 && box.height > 0))
    throw InputError("the box " + text_of(box) + " has no width or no height");
  if (!(overlap(box, {0, 0, static_cast<double>(width), static_cast<double>(height)}) > 0))
    throw InputError("the box " + text_of(box) + " lies outside of what the network sees, " + std::to_string(width) +
                     " x " + std::to_string(height) + " pixels");
  const Table table(output, format);
  const Reading reading(table, width, height, format);
  std::vector<Detection> detections;
  for (std::int64_t example = 0; example < table.examples(); ++example)
    detections.push_back(best_row(table, reading, example, box));
  return detections;
}

Target detection_target(const std::vector<Detection>& detections) {
  std::vector<Target::Indices> tuples;
  for (const Detection& one : detections) tuples.push_back(one.indices(one.class_index));
  return Target::per_example_at(std::move(tuples));
}

Target detection_target(const std::vector<Detection>& detections, std::int64_t of_class) {
  std::vector<Target::Indices> tuples;
  for (const Detection& one : detections) tuples.push_back(one.indices(of_class));
  return Target::per_example_at(std::move(tuples));
}

DetectorFormat detector_format_named(const std::string& text) {
  DetectorFormat format;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const char* digits = word.data() + std::min<std::size_t>(word.size(), 8);
    begin = end + 1;
    if (word == "pixels" || word == "shares")
      format.units = word == "pixels" ? Units::pixels : Units::shares;
    else if (word == "centre" || word == "edges")
      format.corners = word == "edges" ? Corners::edges : Corners::centre;
    else if (word == "rows-first" || word == "rows-last")
      format.rows = word == "rows-last" ? Rows::last : Rows::first;
    else if (word == "objectness")
      format.objectness = true;
    else if (std::from_chars_result read = std::from_chars(digits, word.data() + word.size(), format.classes);
             word.rfind("classes=", 0) != 0 || read.ec != std::errc() || read.ptr != word.data() + word.size() ||
             format.classes < 1)
      throw InputError(
          "a detector's format is made of pixels or shares, centre or edges, rows-first or rows-last, "
          "objectness, and classes=N, with commas between them, not \"" +
          word + "\"");
  }
  return format;
}

}  // namespace whycam

// Which row of a detector's output belongs to a box, so that it can be explained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/api.h"
#include "whycam/picture/array.h"
#include "whycam/picture/geometry.h"
#include "whycam/target.h"

namespace whycam {

/// How a detector writes its boxes: an output N x rows x numbers, or N x numbers x rows as YOLO exports have it, where
/// each row begins with four numbers of a box and goes on with one score a class.
struct DetectorFormat {
  /// The box: its centre, width and height, or its left, top, right and lower edge. Automatic: centre, and TargetError
  /// where each row could be edges, which have the third number above the first and the fourth above the second.
  enum class Corners { automatic, centre, edges };
  /// In the network's pixels, or as shares of the input's width and height. Automatic: shares where no number of a box
  /// is above 1.5, pixels where one is above an eighth of the input's longer side, else a TargetError.
  enum class Units { automatic, pixels, shares };
  /// Which axis counts the rows. Automatic: the one that is at least three times as long; where neither is, the one
  /// that leaves `classes` to the other, else a TargetError.
  enum class Rows { automatic, first, last };

  Corners corners = Corners::automatic;
  Units units = Units::automatic;
  Rows rows = Rows::automatic;
  bool objectness = false;   ///< the number behind the box is the objectness (YOLOv5, YOLOX), not a class's score
  std::int64_t classes = 0;  ///< how many scores there are; numbers behind them are left out. 0: all that follow
};

/// One example's row.
struct Detection {
  std::int64_t row = 0, class_index = 0;  ///< counted from 0; the class is the row's best
  double overlap = 0;                     ///< intersection over union of its box and the one that was asked for
  float score = 0;                        ///< of that class, as the output has it
  picture::Rectangle box;                 ///< the row's, in the network's pixels

  std::int64_t rows = 0, classes = 0;  ///< how many the output has
  std::int64_t first_class = 4;        ///< the number of a row at which the scores begin
  bool rows_last = false;              ///< the output is N x numbers x rows

  /// The indices of a class's score in this row.
  WHYCAM_API Target::Indices indices(std::int64_t of_class) const;
};

/// For each example the row whose box has the largest overlap with `box` (of equal ones the row with the best score),
/// in pixels of the network's input, which is `width` x `height` of them. Overlap is intersection over union. Throws
/// TargetError for an output that is not of this kind, and where no row's box overlaps; ModelError for NaN or infinity
/// in the output; InputError for a box without extent or outside the input.
WHYCAM_API std::vector<Detection> find_detections(const picture::Array& output, const picture::Rectangle& box,
                                                  std::int64_t width, std::int64_t height,
                                                  const DetectorFormat& format = {});

/// The score of each row's best class. With `of_class`, of that class in the rows. Throws TargetError for a class that
/// the rows have not.
WHYCAM_API Target detection_target(const std::vector<Detection>& detections);
WHYCAM_API Target detection_target(const std::vector<Detection>& detections, std::int64_t of_class);

/// Intersection over union of two rectangles, from 0 to 1.
WHYCAM_API double overlap(const picture::Rectangle& one, const picture::Rectangle& other);

/// Reads "pixels", "shares", "centre", "edges", "rows-first", "rows-last", "objectness" and "classes=N", with commas
/// between them. Throws InputError for anything else.
WHYCAM_API DetectorFormat detector_format_named(const std::string& text);

}  // namespace whycam

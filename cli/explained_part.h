// The part of a picture that was explained, drawn on it: a box, or a region.
#pragma once

#include <optional>

#include "results.h"
#include "view.h"
#include "whycam/picture/image.h"

namespace whycam::cli {

/// The picture with the box that was asked for (white) and the one of the row that was found (green), or dark outside
/// of the region that the target sums over. Nothing where neither was chosen, or where the example is no picture.
std::optional<picture::Image> marked_picture(const View& view, const RunExplanation& explanation,
                                             const ChosenTarget& choice, std::int64_t example);

}  // namespace whycam::cli

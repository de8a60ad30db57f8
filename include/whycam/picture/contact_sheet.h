#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/image.h"
#include "whycam/picture/svg.h"

namespace whycam::picture {

/// One row of a contact sheet: pictures side by side under a title.
struct ContactRow {
  std::string title;
  std::vector<Image> pictures;
};

/// Sets pictures out in rows, dark on white, each column under its heading. Pictures are not scaled, and lie in the
/// drawing as PNG; columns and rows are as wide and high as their largest picture or heading. Titles that are too long
/// are cut. Throws InputError for an invalid image, no rows, and rows of more pictures than there are
/// headings.
WHYCAM_API Svg contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows);

/// The slices of a volume side by side: a picture in which they lie one below the other, `slice_height` each, cut apart
/// and set out in a grid, row by row, white between them. Small slices are drawn larger, by a whole factor; of so many
/// that the grid would have more than 2^24 pixels, every second, third, ... is drawn. Throws InputError for
/// an invalid image, and one that is not made of slices of that height.
WHYCAM_API Image grid_of_slices(const Image& slices, int slice_height);

}  // namespace whycam::picture

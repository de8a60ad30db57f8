#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"
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
/// are cut. Throws std::invalid_argument for an invalid image, no rows, and rows of more pictures than there are
/// headings.
WHYCAM_API Svg contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows);

}  // namespace whycam::picture

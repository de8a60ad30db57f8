#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// One row of a contact sheet: pictures side by side under a title.
struct ContactRow {
  std::string title;
  std::vector<Image> pictures;
};

/// Sets pictures out in rows, dark on white, each column under its heading. Pictures are not scaled; columns
/// and rows are as wide and high as their largest picture. Texts that are too long for their place are cut,
/// and letters other than ASCII are drawn as "?" (OpenCV's fonts have no others). Throws
/// std::invalid_argument for an invalid image, no rows, and rows of more pictures than there are headings.
WHYCAM_API Image contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows);

}  // namespace whycam::picture

#pragma once

#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/array.h"
#include "whycam/picture/geometry.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// How a network wants its pictures. The defaults are those of networks trained on ImageNet.
///
/// Without a crop the whole picture is squeezed into height x width. With a crop its shorter side becomes
/// `height`, the other side follows in proportion (`width` is not used), and crop_height x crop_width is cut
/// from the middle: torchvision's Resize(height) and CenterCrop((crop_height, crop_width)).
struct Preprocessing {
  int height = 224;
  int width = 224;
  int crop_height = 0;  ///< 0, like crop_width: no crop
  int crop_width = 0;
  std::vector<float> mean{0.485f, 0.456f, 0.406f};  ///< per channel, for values from 0 to 1
  std::vector<float> standard_deviation{0.229f, 0.224f, 0.225f};

  int channels() const { return static_cast<int>(mean.size()); }
  bool has_crop() const { return crop_height != 0 || crop_width != 0; }
};

/// Which part of a picture a network saw with this preprocessing. Throws InputError for a side that is not
/// positive, an invalid preprocessing, and a crop larger than the resized picture.
WHYCAM_API Geometry geometry_of(int height, int width, const Preprocessing& preprocessing);

/// What a network sees of a photo.
struct Seen {
  Image picture;      ///< resized and cropped; of 16 bits drawn from the smallest level to the largest
  Array input;        ///< 1 x C x H x W: (level - mean) / standard deviation, levels being from 0 to 1
  Geometry geometry;  ///< where it lies in the photo
};

/// Resizes, crops and normalises a photo, with all its levels. Throws InputError as resize_for_network does.
WHYCAM_API Seen see(const Photo& photo, const Preprocessing& preprocessing);

/// Throws InputError, with the value that is wrong.
WHYCAM_API void require_valid(const Preprocessing& preprocessing);

/// The 8-bit picture that the network sees, resized and cropped. Throws InputError for invalid
/// arguments, other channels than preprocessing.channels(), and a crop larger than the resized picture.
WHYCAM_API Image resize_for_network(const Image& image, const Preprocessing& preprocessing);

/// A picture that resize_for_network gave, as 1 x C x H x W values (pixel / 255 - mean) / standard_deviation.
WHYCAM_API Array normalise(const Image& resized, const Preprocessing& preprocessing);

/// Both steps: the picture resized, cropped and normalised.
WHYCAM_API Array to_network_input(const Image& image, const Preprocessing& preprocessing);

}  // namespace whycam::picture

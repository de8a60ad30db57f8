// From what a network saw back to the picture that it was made of.
#pragma once

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/array.h"
#include "whycam/picture/colour.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// In pixels of a picture, from its upper left corner; fractions of pixels count.
struct Rectangle {
  double left = 0, top = 0, width = 0, height = 0;
};

/// How a picture was resized and cropped. Pictures are upright: turned as their EXIF orientation says. A value.
struct Geometry {
  int height = 0, width = 0;                  ///< the original's
  int resized_height = 0, resized_width = 0;  ///< after the resize, before the crop
  int top = 0, left = 0;                      ///< of the crop, in the resized picture
  int seen_height = 0, seen_width = 0;        ///< what the network saw: the crop, or the whole resized picture

  /// The part of the original that the network saw.
  WHYCAM_API Rectangle crop_in_original() const;

  /// A map over what the network saw, in the original's pixels: the last two axes become height x width, those before
  /// (channels, examples) stay. Each pixel takes the value at its centre, linearly between those of the map, which may
  /// be of any size: it is spread over the crop. A pixel whose centre lies outside the crop gets NaN. Where nothing was
  /// resized, the values within the crop are the map's to the bit. Throws InputError for a map of fewer than
  /// two axes, without values, or with another number of values than its shape says.
  WHYCAM_API Array to_original(const Array& map) const;
};

/// Lays a map, H x W over what the network saw, over the original picture as overlay() does; what lies outside the crop
/// stays as it is. Throws InputError as those functions do.
WHYCAM_API Image overlay_on_original(const Image& original, const Array& map, const Geometry& geometry,
                                     ColourMap colours, double alpha);

}  // namespace whycam::picture

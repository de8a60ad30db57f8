#pragma once

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/array.h"
#include "whycam/picture/colour.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// Lays a map, H x W with values from 0 up, over a picture of the same size: the map is divided by its
/// maximum, coloured, and blended as alpha * colour + (1 - alpha) * base. The result is RGB. Values that are
/// negative, infinite or not numbers count as 0; a map without a positive value gets the colour of 0.
/// Throws InputError for an invalid image, another shape, and alpha outside [0, 1].
WHYCAM_API Image overlay(const Image& base, const Array& map, ColourMap colours, double alpha);
/// The same in colours of one's own.
WHYCAM_API Image overlay(const Image& base, const Array& map, const ColourTable& colours, double alpha);
/// The same with an opacity of its own for each place: H x W, from 0 to 1.
WHYCAM_API Image overlay(const Image& base, const Array& map, const ColourTable& colours, const Array& alpha);

/// A map, H x W with values from 0 up, as a grey picture of 16 bits for other programs (write_photo): 65535 is the
/// map's maximum. Values that are negative, infinite or not numbers count as 0. Throws InputError for another shape and
/// for no elements.
WHYCAM_API Photo grey_map(const Array& map);

/// What a signed picture shows of each value.
enum class Sign {
  all,       ///< value, around mid-grey
  positive,  ///< max(value, 0), from black
  absolute,  ///< |value|, from black
};

struct SignedMapOptions {
  Sign sign = Sign::all;
  /// The magnitude that gets full contrast: this percentage of what is shown, zeros left out, is not larger.
  /// Guided maps have few extreme values, which at 100 would leave everything else mid-grey, and many exact
  /// zeros, which would make a percentile of all values arbitrarily small.
  double percentile = 99.5;
};

/// Draws a signed map, C x H x W: three channels in colour, one in grey, any other number as the grey of
/// their mean. The scale is linear, one for all channels, and larger values are clipped. 0 is exactly 128
/// and the rest 1 to 255 with Sign::all, else 0 is 0. Values that are not finite count as 0.
/// Throws InputError for another shape, no elements, and a percentile outside (0, 100].
WHYCAM_API Image signed_map(const Array& map, const SignedMapOptions& options = {});

/// Draws the mean over the channels of a signed map, C x H x W, in diverging colours: 0 is between the table's two
/// halves, those below 0 take the colours before, those above 0 the colours behind. Scaled, clipped and refused as
/// signed_map() does.
WHYCAM_API Image diverging_map(const Array& map, const ColourTable& colours = diverging_colours(),
                               double percentile = 99.5);

/// Draws a tensor C x H x W of any range: its smallest value becomes 0 and its largest 255. Channels as in
/// signed_map. Values that are not finite are 0, and a constant tensor is mid-grey, 128.
/// Throws InputError for another shape and for no elements.
WHYCAM_API Image picture_of_tensor(const Array& tensor);

}  // namespace whycam::picture

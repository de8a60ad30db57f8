// Signals, such as sound or an electrocardiogram, and maps of them.
#pragma once

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/array.h"
#include "whycam/picture/colour.h"
#include "whycam/picture/image.h"
#include "whycam/picture/render.h"

namespace whycam::picture {

/// How many channels of a signal are drawn at most, the first ones.
constexpr std::int64_t most_channels_drawn = 64;

/// Draws a signal, C x L, as a dark curve a channel, one below the other, each from its smallest to its largest value;
/// at values that are not finite the curve has gaps. The picture is about 640 to 1280 pixels wide, whatever L is.
/// Throws InputError for another shape and for no values.
WHYCAM_API Image signal_picture(const Array& signal);

/// The same in front of a map of L values from 0 up, coloured as overlay() does on white. Throws InputError
/// as overlay() does and for a map of another length.
WHYCAM_API Image signal_overlay(const Array& signal, const Array& map, ColourMap colours, double alpha);

/// The same in front of a signed map, C x L like the signal: red where it is positive, blue where it is negative, with
/// one scale for all channels, as signed_map() has it. Throws InputError as signed_map() does and for a map
/// of another shape.
WHYCAM_API Image signal_map(const Array& signal, const Array& map, const SignedMapOptions& options = {});

}  // namespace whycam::picture

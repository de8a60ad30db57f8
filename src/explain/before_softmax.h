// A network as it is before its final softmax or sigmoid.
#pragma once

#include <memory>

#include "formats/format.h"

namespace whycam::explain {

/// The same network, but that this output is what enters the softmax, log-softmax or sigmoid that it comes from.
/// lower() throws formats::Error where it comes from none.
std::shared_ptr<const formats::NetworkFile> before_softmax(std::shared_ptr<const formats::NetworkFile> network,
                                                           std::size_t output);

}  // namespace whycam::explain

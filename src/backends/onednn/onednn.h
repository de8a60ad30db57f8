// oneDNN's own interface; all code here includes it through this header.
#pragma once

#include <dnnl.h>
#if WHYCAM_PRIVATE_ONEDNN
#include "backends/onednn/private_library.h"
#include "private_onednn_functions.h"  // made by CMake: each function of dnnl.h as one of the private library
#endif
#include <dnnl.hpp>

// All of whycam: what needs no libtorch, and the rest (whycam/torch.h, whycam/tap.h) where whycam was built with
// libtorch.
#pragma once

#include "whycam/detection.h"
#include "whycam/engine.h"
#include "whycam/errors.h"
#include "whycam/nearest_names.h"
#include "whycam/network.h"
#include "whycam/picture/colour.h"
#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/geometry.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/plot.h"
#include "whycam/picture/preprocess.h"
#include "whycam/picture/render.h"
#include "whycam/picture/signal.h"
#include "whycam/picture/svg.h"
#include "whycam/plain.h"
#include "whycam/probabilities.h"
#include "whycam/target.h"
#include "whycam/version.h"
#include "whycam/warnings.h"
#include "whycam/weight_files.h"

#if WHYCAM_TORCH
#include "whycam/tap.h"
#include "whycam/torch.h"
#endif

// The names that fragments in the documents take for granted.
#pragma once

#include <whycam/whycam.h>

extern whycam::Model model;
extern torch::Tensor image, images;

#include <gtest/gtest.h>
#include <whycam/whycam.h>

TEST(Host, CatchesWhatWhycamThrows) { EXPECT_THROW(whycam::Network::load("no such file.onnx"), whycam::ModelError); }

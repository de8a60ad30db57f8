#include <ATen/Parallel.h>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  at::set_num_threads(2);  // some builds of libtorch start with one
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

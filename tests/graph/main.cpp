// With WHYCAM_TEST_WITHOUT_CACHES set, all tests run as on a virtual machine that describes no caches.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "backends/onednn/processor.h"
#include "graph/processor_without_caches.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (std::getenv("WHYCAM_TEST_WITHOUT_CACHES")) {
    if (!whycam::test::pretend_a_processor_without_caches()) {
      std::cout << "skipped: this system cannot answer the instruction CPUID for a process\n";
      return 77;
    }
    if (whycam::onednn::has_plausible_caches()) {
      std::cerr << "whycam takes a processor that describes no caches for one that does\n";
      return 1;
    }
  }
  return RUN_ALL_TESTS();
}

// A processor as some virtual machines show it.
#pragma once

namespace whycam::test {

/// From now on, this process is told by the instruction CPUID that it runs on an AMD processor which describes no
/// caches. False where the system cannot do that: it takes a processor whose CPUID instruction can be made to fault,
/// and Linux.
bool pretend_a_processor_without_caches();

}  // namespace whycam::test

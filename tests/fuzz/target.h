// What a fuzzer of ours is: libFuzzer's entry points, which replay.cpp calls where there is no libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
/// Tries one input. Ends the process (a crash, a sanitizer, an exception that nobody expects) where it finds
/// a fault.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Changes an input so that it gets past checksums. The same input and seed give the same change.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

/// A blind change: of bits, bytes, runs, lengths. libFuzzer's, or replay.cpp's.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
}

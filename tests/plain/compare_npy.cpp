// usage: whycam_compare_npy FOLDER OTHER: whether both hold the same .npy files, of equal shapes and of numbers that
// are equal to a relative L2 error of 1e-4.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include "whycam/picture/npy.h"

namespace {

namespace fs = std::filesystem;

std::set<std::string> arrays_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".npy") names.insert(entry.path().filename());
  return names;
}

double error_of(const fs::path& one, const fs::path& other) {
  const auto a = whycam::picture::to_array(whycam::picture::read_npy(one)),
             b = whycam::picture::to_array(whycam::picture::read_npy(other));
  if (a.shape != b.shape) return INFINITY;
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    error += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
    norm += a.values[i] * a.values[i];
  }
  return norm > 0 ? std::sqrt(error / norm) : INFINITY;  // nothing is not equal to anything
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::set<std::string> names = arrays_in(argv[1]);
  bool equal = !names.empty() && names == arrays_in(argv[2]);
  for (const std::string& name : names) {
    const double error = equal ? error_of(fs::path(argv[1]) / name, fs::path(argv[2]) / name) : INFINITY;
    std::printf("%s: relative error %.2g\n", name.c_str(), error);
    equal = equal && error < 1e-4;
  }
  return equal ? 0 : 1;
}

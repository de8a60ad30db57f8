#include "support/onnx_runtime.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace whycam::test {
namespace {

const std::string scripts = WHYCAM_SOURCE_DIR "/tests/exported";

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) result += (letter == '"' || letter == '\\' ? "\\" : "") + std::string(1, letter);
  return result + "\"";
}

void write(const std::filesystem::path& path, const void* bytes, std::size_t size) {
  std::ofstream(path, std::ios::binary).write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}

}  // namespace

bool OnnxRuntime::available() {
  static const bool answer = std::filesystem::is_directory(scripts + "/node_modules/onnxruntime-node") &&
                             std::system("node --version >/dev/null 2>&1") == 0;
  return answer;
}

void OnnxRuntime::add_network(const std::string& name, const std::string& bytes) {
  write(folder_.path() / (name + ".onnx"), bytes.data(), bytes.size());
}

std::string OnnxRuntime::list(const Arrays& arrays) {
  std::string text;
  for (const auto& [name, array] : arrays) {
    const std::string file = std::to_string(files_++) + ".bin";
    write(folder_.path() / file, array.numbers.data(), array.numbers.size() * sizeof(float));
    std::string dims;
    for (const std::int64_t extent : array.shape) dims += (dims.empty() ? "" : ",") + std::to_string(extent);
    text += (text.empty() ? "" : ",") + quoted(name) + ":{\"dims\":[" + dims + "],\"file\":\"" + file +
            "\",\"integers\":" + (array.integers ? "true" : "false") + "}";
  }
  return "{" + text + "}";
}

void OnnxRuntime::add_case(const std::string& name, const std::string& network, const Arrays& inputs,
                           const Arrays& outputs, double tolerance, bool fails) {
  std::ostringstream text;
  text << "{\"name\":" << quoted(name) << ",\"network\":" << quoted(network + ".onnx") << ",\"inputs\":" << list(inputs)
       << ",\"outputs\":" << list(outputs) << ",\"tolerance\":" << tolerance
       << ",\"fails\":" << (fails ? "true" : "false") << "}";
  cases_ += (cases_.empty() ? "" : ",\n") + text.str();
  ++count_;
}

void OnnxRuntime::expect(const std::string& name, const std::string& network, const Arrays& inputs,
                         const Arrays& outputs, double tolerance) {
  add_case(name, network, inputs, outputs, tolerance, false);
}

void OnnxRuntime::expect_failure(const std::string& name, const std::string& network, const Arrays& inputs) {
  add_case(name, network, inputs, {}, 0, true);
}

std::string OnnxRuntime::run(int threads) {
  const std::string all = "[" + cases_ + "]", output = folder_.path() / "output.txt";
  write(folder_.path() / "cases.json", all.data(), all.size());
  const int status = std::system(("node " + scripts + "/compare.mjs " + folder_.path().string() + " " + scripts + " " +
                                  std::to_string(threads) + " >" + output + " 2>&1")
                                     .c_str());
  std::ifstream lines(output);
  std::string faults, line, last;
  int cases = 0;
  while (std::getline(lines, line)) {
    cases += line.rfind("ok ", 0) == 0 || line.rfind("BAD ", 0) == 0;
    if (line.rfind("BAD ", 0) == 0) faults += line + "\n";
    last = line;
  }
  if (faults.empty() && (status != 0 || cases != count_ * threads)) return "ONNX Runtime did not run all: " + last;
  return faults;
}

}  // namespace whycam::test

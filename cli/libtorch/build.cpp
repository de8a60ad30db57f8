#include "build.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/csrc/jit/runtime/print_handler.h>

#include <filesystem>
#include <iostream>

#include "command_line.h"
#include "commands.h"
#include "machine.h"

namespace whycam::cli {
namespace {

/// Whether an operator does more than compute.
bool reaches_out(const std::string& name) {
  const std::string space = name.substr(0, name.find("::"));
  for (const char* of_others : {"c10d", "_c10d_functional", "_c10d_functional_autograd", "symm_mem", "image"})
    if (space == of_others) return true;  // processes, computers, and torchvision's files
  return name == "aten::save" || name == "aten::from_file" || name.rfind("prim::rpc_", 0) == 0;
}

}  // namespace

const Build build{
    "Shows why a convolutional network decided: Guided Grad-CAM for .pt2, ONNX and TorchScript networks.",
    "The network: a .pt2, ONNX or TorchScript file",
    "automatic: compiled where the network can be, else autograd; autograd or compiled: that one. The environment "
    "variable WHYCAM_ENGINE decides for automatic",
    "{automatic,autograd,compiled}",
    "A shared library that brings operators which the network calls, such as torchvision's; repeatable. It is run: "
    "only "
    "one that you trust"};

std::vector<Subcommand> subcommands_with_libtorch() {
  return {subcommand("check", "Ask what should be asked before a picture is believed: class, weights, pixels",
                     "whycam check network.pt2 photo.jpg --labels labels.txt", check),
          subcommand("export", "Write the network with its explanation inside as an ONNX file of standard operators",
                     "whycam export network.pt2 --output explained.onnx", export_network)};
}

void load_operators(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code failure;
    const bool here = std::filesystem::exists(file, failure);  // else the system looks for a library of that name
    if (here && !std::filesystem::is_regular_file(file, failure))
      throw Failure(ExitCode::model, "cannot load the operators: \"" + file + "\" is not a regular file");
    const std::string path = here ? std::filesystem::absolute(file, failure).string() : file;
    if (!::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL))
      throw Failure(ExitCode::model, std::string("cannot load the operators: ") + ::dlerror());
  }
}

void refuse_operators() {
  for (const auto& found : torch::jit::getAllOperators()) {
    const c10::FunctionSchema schema = found->schema();
    if (!reaches_out(schema.name())) continue;
    const auto refuse = [name = schema.name()](torch::jit::Stack&) -> void {
      throw ModelError("it calls the operator " + name + ", which --sandbox refuses");
    };
    torch::jit::deregisterOperator(schema);
    torch::jit::registerOperator({schema.name(), schema.overload_name(), schema.arguments(), schema.returns(), refuse,
                                  c10::AliasAnalysisKind::CONSERVATIVE});
  }
}

void redirect_prints(bool quiet) {
  if (quiet)
    torch::jit::setPrintHandler([](const std::string&) {});
  else
    torch::jit::setPrintHandler([](const std::string& text) { std::cerr << text; });
}

int use_threads(int threads) {  // some builds of libtorch start with one
  at::set_num_threads(threads > 0 ? threads : usable_cores());
  return at::get_num_threads();
}

}  // namespace whycam::cli

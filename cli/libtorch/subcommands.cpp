#include "command_line.h"
#include "commands.h"

namespace whycam::cli {

std::vector<Subcommand> subcommands_with_libtorch() {
  return {subcommand("check", "Ask what should be asked before a picture is believed: class, weights, pixels", check),
          subcommand("export", "Write the network with its explanation inside as an ONNX file of standard operators",
                     export_network)};
}

}  // namespace whycam::cli

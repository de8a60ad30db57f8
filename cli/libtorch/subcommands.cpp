#include "command_line.h"
#include "commands.h"

namespace whycam::cli {

void CommandLine::add_what_needs_libtorch() {
  add("check", "Ask what should be asked before a picture is believed: class, weights, pixels", check);
  add("export", "Write the network with its explanation inside as an ONNX file of standard operators", export_network);
}

}  // namespace whycam::cli

// What a .pt2 file holds, read and checked: for the inside of this folder, and for libtorch's run of a program.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/pt2/program.h"
#include "formats/pt2/weights.h"

namespace whycam::pt2 {

/// The nodes of one call of a module.
using ModuleNodes = std::vector<std::size_t>;

struct Contents {
  Program program;
  std::map<std::string, Weight> weights;  ///< by their names in the program
  std::vector<formats::Port> inputs, outputs;
  std::vector<formats::Layer> layers;
  std::map<std::string, std::vector<ModuleNodes>> calls;              ///< of each module, in their order
  std::unordered_map<std::string, std::size_t> producers;             ///< which node gives a tensor
  std::unordered_map<std::string, std::vector<std::size_t>> readers;  ///< which nodes read a tensor's numbers
};

/// Reads the weights of the layout that PyTorch 2.5 to 2.7 write: dictionaries of tensors by torch.save. Nothing in
/// them is executed.
void read_pickled_weights(const archive::Archive& file, Contents& contents);

/// Finds modules, their calls, and who gives and reads what.
void find_layers(Contents& contents);

/// What a name stands for.
struct FoundLayer {
  bool is_known = false;             ///< there is something of this name
  std::string fault;                 ///< the name asks for what there is not
  std::vector<std::string> tensors;  ///< that leave or enter it
};
FoundLayer find_layer(const Contents& contents, const std::string& name, bool inputs);

/// Throws Error where inputs are not what the program was exported for.
void check_inputs(const Contents& contents, const std::vector<formats::Given>& given);

}  // namespace whycam::pt2

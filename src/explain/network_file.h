// What an explanation asks of a network file.
#pragma once

#include <string>
#include <vector>

#include "core/cannot_compile.h"
#include "formats/format.h"
#include "graph/program.h"
#include "whycam/errors.h"
#include "whycam/layer_info.h"
#include "whycam/layout.h"
#include "whycam/output_element.h"
#include "whycam/port.h"

namespace whycam::explain {

using core::CannotCompile;

/// What a network's graph cannot be made for: another way of running it may know more.
class NotCompiled : public ModelError {
 public:
  using ModelError::ModelError;
};

/// Reads a network of one of the formats in formats/format.h. Throws ModelError.
std::shared_ptr<const formats::NetworkFile> read_network_file(const core::NetworkSource& source);

/// Ports as users see them.
std::vector<Port> public_ports(const std::vector<formats::Port>& ports);

/// The output that is explained: the only one, or the only one of floating-point numbers, or the one named by its place
/// or its name. Throws ModelError.
std::size_t chosen_output(const formats::NetworkFile& network, const std::vector<OutputElement>& path);

/// Throws LayerError for a layer that the network does not have.
void require_layers(const formats::NetworkFile& network, const std::vector<std::string>& layers);

/// The forward pass with these layers observed. The first `inputs` of what is given are explained, the others are
/// arguments. Throws LayerError for a layer that is not there, and CannotCompile.
graph::Forward forward_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                          std::size_t inputs, std::size_t output, const std::vector<std::string>& layers,
                          bool layer_inputs);

/// Where channels and space lie in inputs of these shapes. Throws ModelError.
std::vector<Layout> input_layouts_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given);

/// The same of the explained output.
Layout output_layout_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                        const std::vector<OutputElement>& output_element);

/// All layers, with what inputs of these shapes make of them for the output that is explained; without a choice among
/// several, for all of them. Throws ModelError.
std::vector<LayerInfo> layers_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                                 const std::vector<OutputElement>& output_element = {});

}  // namespace whycam::explain

#include <algorithm>
#include <cstring>

#include "c/failure.h"
#include "c/objects.h"

namespace whycam::c {

Shape shape_of(const whycam_tensor& tensor) {
  if (tensor.struct_size < sizeof tensor) throw ArgumentError("the struct_size of a tensor is not set");
  if (tensor.dimensions == 0) return {};
  const std::int64_t* shape = &required(tensor.shape, "shape of a tensor");
  return {shape, shape + tensor.dimensions};
}

Tensor tensor_of(const whycam_tensor& tensor) {
  Tensor result{shape_of(tensor), {}};
  const auto count = static_cast<std::size_t>(picture::element_count(result.shape));
  if (count > 0) result.values.assign(&required(tensor.values, "values of a tensor"), tensor.values + count);
  return result;
}

whycam_tensor view_of(const Tensor& tensor) {
  return {sizeof(whycam_tensor), tensor.shape.data(), tensor.shape.size(), tensor.values.data()};
}

namespace {

void give_port(const std::vector<Port>& ports, std::size_t index, const char* name, whycam_port* into) {
  require_index(index, ports.size(), name);
  const Port& port = ports[index];
  fill(into, {sizeof(whycam_port), port.name.c_str(), port.shape.data(), port.shape.size()}, name);
}

}  // namespace
}  // namespace whycam::c

using namespace whycam;

whycam_status whycam_load(const char* path, whycam_network** network) {
  return c::guarded([&] {
    whycam_network*& result = c::required(network, "network");
    result = new whycam_network{Network::load(std::filesystem::path(&c::required(path, "path")))};
  });
}

whycam_status whycam_load_bytes(const void* bytes, size_t size, const char* name, whycam_network** network) {
  return c::guarded([&] {
    whycam_network*& result = c::required(network, "network");
    const char* begin = &c::required(static_cast<const char*>(bytes), "bytes");
    result = new whycam_network{Network::load(std::string(begin, size), name ? name : "in memory")};
  });
}

whycam_status whycam_before_softmax(const whycam_network* network, whycam_network** scores) {
  return c::guarded([&] {
    whycam_network*& result = c::required(scores, "scores");
    result = new whycam_network{c::required(network, "network").network.before_softmax()};
  });
}

void whycam_network_free(whycam_network* network) { delete network; }

size_t whycam_input_count(const whycam_network* network) { return network ? network->network.inputs().size() : 0; }

whycam_status whycam_input(const whycam_network* network, size_t index, whycam_port* input) {
  return c::guarded([&] { c::give_port(c::required(network, "network").network.inputs(), index, "input", input); });
}

size_t whycam_output_count(const whycam_network* network) { return network ? network->network.outputs().size() : 0; }

whycam_status whycam_output(const whycam_network* network, size_t index, whycam_port* output) {
  return c::guarded([&] { c::give_port(c::required(network, "network").network.outputs(), index, "output", output); });
}

whycam_status whycam_list_layers(const whycam_network* network, const whycam_tensor* inputs, size_t count,
                                 whycam_layers** layers) {
  return c::guarded([&] {
    whycam_layers*& result = c::required(layers, "layers");
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < count; ++i) shapes.push_back(c::shape_of((&c::required(inputs, "inputs"))[i]));
    result = new whycam_layers{c::required(network, "network").network.layers(shapes)};
  });
}

size_t whycam_layer_count(const whycam_layers* layers) { return layers ? layers->layers.size() : 0; }

whycam_status whycam_layer_at(const whycam_layers* layers, size_t index, whycam_layer* layer) {
  return c::guarded([&] {
    const std::vector<LayerInfo>& all = c::required(layers, "layers").layers;
    c::require_index(index, all.size(), "layer");
    const LayerInfo& one = all[index];
    c::fill(layer,
            {sizeof(whycam_layer), one.path.c_str(), one.type.c_str(), one.layout.c_str(), one.fit_for_grad_cam ? 1 : 0,
             one.is_default ? 1 : 0},
            "layer");
  });
}

void whycam_layers_free(whycam_layers* layers) { delete layers; }

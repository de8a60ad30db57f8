// Making a plan: what every operator needs to put its steps down.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "backends/onednn/arena.h"
#include "backends/onednn/background_tasks.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"
#include "backends/onednn/packed_files.h"
#include "backends/onednn/program.h"
#include "backends/onednn/winograd.h"
#include "core/large_memory.h"
#include "graph/operators.h"

namespace whycam::onednn {

using graph::Node;
using graph::Shape;
using graph::Value;

class Builder {
 public:
  /// Of one of so many parts of a batch.
  Builder(const graph::Graph& graph, Precision precision, std::int64_t parts);

  std::shared_ptr<const Plan::Program> build();

  // For the operators.
  const graph::Graph& graph;
  Convolutions convolutions;

  /// The node that remembers a maximum pooling's positions, or no_value.
  Value positions_of(Value pool) const;
  /// The maximum pooling whose positions a node remembers, or no_value.
  Value pool_of(Value positions) const;

  bool is_constant(Value value) const { return constant_[at(value)]; }
  /// A constant's numbers in row-major order; not copied where the network has them as they are.
  Place constant(Value value);
  /// The same in another order, which `pack` writes; once for each value and name.
  using Pack = std::function<void(const float* from, float* to)>;
  Place packed(Value value, const std::string& name, std::size_t numbers, const Pack& pack);
  /// Weights in the order that an operation wants, which has the groups first; turned: for the same convolution
  /// backward, outputs and inputs exchanged and the kernel backwards.
  Place weights(Value value, std::int64_t groups, bool turned, const dnnl::memory::desc& wanted);
  /// The same for Winograd's algorithm: a matrix for each element of a tile, inputs x outputs, in an order of three
  /// dimensions of which the first is 1. Nothing where only oneDNN knows the order.
  std::optional<Place> winograd_weights(Value value, bool turned, std::int64_t elements,
                                        const dnnl::memory::desc& matrix);
  /// The size of the tiles by which a convolution is to be done by Winograd's algorithm, or 0.
  std::int64_t winograd_tiles(Value value) const {
    const auto found = winograd_tiles_.find(value);
    return found == winograd_tiles_.end() ? 0 : found->second;
  }
  /// Made once for each shape.
  const WinogradConvolution& winograd_convolution(const Shape& x, const Shape& y, std::int64_t tile_size);
  /// One number a channel, filled up with zeros to a multiple of the block.
  Place channel_row(Value value, Layout layout);

  /// The layout that a value came in.
  Layout layout(Value value) const;
  /// A value in a layout, put into it where it is in another.
  Place read(Value value, Layout layout = {}, Type type = Type::f32);
  /// A value that has its channels last, with the numbers from place to place: who reads it so spares a copy where it
  /// is a part of another.
  std::pair<Place, std::int64_t> read_rows(Value value);
  /// Whether a value is some channels of another one, which lie there still.
  bool is_part(Value value) const;
  /// Whether a later section reads a value, so that its memory lasts.
  bool outlives_its_section(Value value) const { return lasts_[at(value)]; }
  /// The type in which a convolution's factors are multiplied.
  Type factor_type(Value convolution) const;
  /// New memory for a result, in the layout given.
  Place make(const Shape& shape, Layout layout);
  Place make_bytes(std::size_t bytes);
  /// The memory of an operand that nobody reads after this node, or new memory.
  Place take_over(Value operand, const Shape& shape, Layout layout);
  /// Whether take_over would take the operand's memory.
  bool may_take_over(Value operand, Layout layout) const;

  /// Says where a node's result is.
  void define(Value value, Place place, Layout layout);
  /// The same of a result that is some channels of a value that has them last: `row` numbers lie from place to place.
  void define_part(Value value, Place place, std::int64_t row);
  /// Says where an input of this section is written.
  void define_input(Value value, Place place);

  void loop(std::function<void(const Memory&)> work, std::vector<Place> used, const std::string& what);
  /// Copies numbers from one description to another of the same shape, in other orders or with strides.
  void copy(const dnnl::memory::desc& from, Place source, const dnnl::memory::desc& to, Place target,
            const std::string& what);
  void primitive(const Operation& operation, std::vector<Step::Argument> arguments, const std::string& what);

  /// The block that convolutions like here.
  static std::int64_t preferred_block(const Shape& shape);

 private:
  using Copy = std::tuple<Value, std::int64_t, Type>;  ///< of a value, in a layout's block and a type
  struct Home {
    Place place;
    Layout layout;
    std::int64_t row = 0;  ///< of a part: numbers from place to place
  };
  struct PackedWeights {
    Value value;
    bool turned;
    std::int64_t groups, elements;
    dnnl::memory::desc order;
    bool operator==(const PackedWeights& other) const {
      return value == other.value && turned == other.turned && groups == other.groups && elements == other.elements &&
             order == other.order;
    }
  };
  struct Buffer {
    Lifetime lifetime;
    int readers_left = 0;
    bool lasts = false;  ///< longer than its section, or than its part of the batch
  };

  static std::size_t at(Value value) { return static_cast<std::size_t>(value); }
  void set_home(Value value, const Home& home);
  /// That of the other nodes which reads the same input with the same attributes, or no_value.
  Value with_attributes_of(Value value, const std::multimap<Value, Value>& others) const;
  void find_phases();
  void find_what_lasts();
  void find_what_is_rounded(Precision precision);
  void emit_phase(int section, const std::vector<Value>& nodes);
  void emit(Value value);
  void make_primitives_and_packs();
  const std::shared_ptr<const float>& numbers_of(Value value);
  /// Weights times one number for each row, as folded scales leave them, are packed without being computed: these are
  /// the weights and the numbers; none where the value is no such product.
  Value plain_weights(Value value) const;
  const std::vector<double>& scales_of(Value value);
  /// Weights on their way into packs, which are written once all is put down.
  using PackParts = std::function<kernels::Parts(const float* from, const std::vector<double>& scales, float* to)>;
  struct Packing {
    kernels::Parts parts;
    std::function<void()> keep;  ///< for other plans, once all parts are packed
  };
  struct Packings {
    std::shared_ptr<const float> numbers;
    std::vector<Packing> all;
    std::atomic<std::int64_t> parts_left{0};
  };
  void pack(Value value, Packings& packings, std::int64_t part) const;
  /// Where a pack has all numbers of weights, the network's own are not needed.
  void give_up_weights(Value value) const;
  std::shared_ptr<float> new_pack(std::size_t numbers);
  Place owned(const std::shared_ptr<const float>& memory, std::size_t bytes);
  std::optional<graph::Integers> order_of(const PackedWeights& weights) const;
  /// Tells a value's numbers in an order.
  Fingerprint fingerprint(Value value, const graph::Integers& order);
  /// That of another plan of the network, or of an earlier process, or a new one that will be packed.
  std::shared_ptr<const float> kept_or_new(const PackedWeights& weights, std::size_t numbers, const PackParts& pack);
  std::shared_ptr<const float> once(const PackedWeights& weights, std::size_t numbers, const PackParts& pack);
  void use(const Place& place);
  void finish_outputs(int section);
  /// Places the buffers in the memory of a run.
  void place_buffers();
  Buffer& buffer_of(const Place& place) { return buffers_[static_cast<std::size_t>(place.buffer)]; }

  std::vector<bool> constant_, backward_;   ///< backward: depends on the output's gradient
  std::vector<std::vector<Value>> phases_;  ///< what each section computes, in order
  std::vector<int> readers_;                ///< in the phase that is put down now
  std::multimap<Value, Value> pools_;       ///< maximum poolings, by what is pooled
  std::multimap<Value, Value> positions_;   ///< nodes that remember positions, likewise
  std::vector<bool> rounded_;               ///< multiplied in bfloat16
  std::vector<bool> lasts_;                 ///< forward values that a later section reads
  std::map<Value, Home> homes_;
  std::map<Copy, Place> copies_;  ///< in other layouts and types
  std::map<int, Copy> copy_in_;   ///< the copy that a buffer holds
  std::vector<Buffer> buffers_;
  std::map<Value, std::shared_ptr<const float>> constants_;  ///< in row-major order
  std::map<Value, std::vector<double>> scales_;
  std::map<Value, Packings> packings_;  ///< by the plain weights
  struct WholePack {
    std::shared_ptr<const float> numbers;
    kernels::WeightPlaces places;
  };
  std::map<Value, WholePack> whole_packs_;  ///< that hold each number of weights
  core::MemoryPieces pieces_;               ///< what is packed lies in these
  PackedFiles files_;
  std::map<Value, Fingerprint> fingerprints_;  ///< of constants as they are multiplied
  const std::map<Value, std::int64_t> winograd_tiles_;
  std::map<std::tuple<Shape, Shape, std::int64_t>, WinogradConvolution> winograd_convolutions_;
  std::set<Value> kept_;  ///< constants that the plan uses as they are
  std::map<std::pair<Value, std::string>, Place> packed_;
  std::map<Value, std::vector<std::pair<PackedWeights, std::shared_ptr<const float>>>> packed_weights_;
  std::shared_ptr<Plan::Program> program_ = std::make_shared<Plan::Program>();
  const std::int64_t parts_;
  int section_ = 0;
  int time_ = 0;
  BackgroundTasks primitives_;  ///< oneDNN writes their code while further steps are put down
};

/// Emits the steps of one node.
void put_down(Builder& builder, Value value);

/// Where a convolution's result goes, in a layout: over the tensor that is added to it, or into new memory.
Place convolution_result(Builder& builder, Value value, Layout layout);
/// Puts a convolution down as a product of matrices, where it must be one; says whether it did.
bool put_pointwise_product(Builder& builder, Value value);
/// The same of one that carries back the classes of a fully convolutional network, most of which are 0.
bool put_sparse_product(Builder& builder, Value value);
/// Puts a convolution down by Winograd's algorithm, where that was chosen for it.
bool put_winograd(Builder& builder, Value value);

/// A function for each operator, in steps_*.cpp; what is forgotten does not link.
#define OPERATOR(name, attributes, fewest, most) void put_##name(Builder& builder, Value value);
#include "graph/operators.def"
#undef OPERATOR

}  // namespace whycam::onednn

#include "backends/onednn/winograd.h"

#include <omp.h>

#include <unordered_map>

#include "backends/onednn/kernels.h"
#include "backends/onednn/versions.h"

namespace whycam::onednn {

using graph::Shape;

bool has_fast_products() {
  static const bool fast =
      matrix_product(description({36, 32, 64}, {}), factors({36, 64, 64}), description({36, 32, 64}, {}), false, {})
          .made_to_measure;
  return fast;
}

namespace {

/// The divisor that keeps the threads busiest, the smallest of them.
std::int64_t parts(std::int64_t elements, std::int64_t threads) {
  const auto use = [&](std::int64_t n) {
    return static_cast<double>(n) / static_cast<double>((n + threads - 1) / threads * threads);
  };
  std::int64_t best = 1;
  for (std::int64_t n = 2; n <= elements; ++n)
    if (elements % n == 0 && use(n) > use(best)) best = n;
  return best;
}

}  // namespace

WinogradDivision::WinogradDivision(const kernels::WinogradTransforms& of, std::int64_t thread_count)
    : threads(thread_count) {
  // Measured: fewer tiles in a block wait for their weights, more have no room in the cache, and both is flat. With
  // weights that stay in the cache each thread can read all.
  constexpr std::int64_t most_tiles = 64, many_tiles = 40, most_shared_tiles = 256, cached = 1 << 18;
  by_tiles = of.tiles() >= threads * (of.elements() * of.inputs * of.outputs <= cached ? 1 : many_tiles);
  const std::int64_t at_once = by_tiles ? most_tiles * threads : most_shared_tiles;
  blocks = (of.tiles() + at_once - 1) / at_once * (by_tiles ? threads : 1);
  tiles = (of.tiles() + blocks - 1) / blocks;
  elements = by_tiles ? of.elements() : of.elements() / parts(of.elements(), threads);
}

/// Runs a product of matrices from one thread.
class WinogradConvolution::Product {
 public:
  Product(const Operation& operation, float* scratch)
      : primitive_(operation.make()),
        a_(operation.source, cpu(), nullptr),
        b_(operation.weights, cpu(), nullptr),
        result_(operation.destination, cpu(), nullptr),
        stream_(cpu()),
        arguments_{{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, result_}} {
    if (operation.scratch > 0)
      arguments_.emplace(DNNL_ARG_SCRATCHPAD,
                         dnnl::memory(dnnl::memory::desc({static_cast<std::int64_t>(operation.scratch)},
                                                         dnnl::memory::data_type::u8, dnnl::memory::format_tag::a),
                                      cpu(), scratch));
  }
  void operator()(float* a, float* b, float* result) {
    a_.set_data_handle(a);
    b_.set_data_handle(b);
    result_.set_data_handle(result);
    primitive_.execute(stream_, arguments_);
  }

 private:
  dnnl::primitive primitive_;
  dnnl::memory a_, b_, result_;
  dnnl::stream stream_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

namespace {

/// Operations that are made while this lives run on the thread that calls them.
class ForOneThread {
 public:
  ForOneThread() { omp_set_num_threads(1); }
  ~ForOneThread() { omp_set_num_threads(threads_); }
  ForOneThread(const ForOneThread&) = delete;
  ForOneThread& operator=(const ForOneThread&) = delete;

 private:
  int threads_ = omp_get_max_threads();
};

}  // namespace

WinogradConvolution::WinogradConvolution(const Shape& x, const Shape& y, std::int64_t tile_size)
    : transforms_(x, y, tile_size), division_(transforms_, kernels::threads()) {
  const ForOneThread guard;
  product_ = matrix_product(description({division_.elements, division_.tiles, x[1]}, {}),
                            factors({division_.elements, x[1], y[1]}),
                            description({division_.elements, division_.tiles, y[1]}, {}), false, {});
  product_scratch_ = static_cast<std::int64_t>(product_.scratch + 63) / 64 * 16;  // each begins a line of the cache
}

dnnl::memory::desc WinogradConvolution::matrix() const {
  return product_.weights.submemory_desc({1, transforms_.inputs, transforms_.outputs}, {0, 0, 0});
}

std::int64_t WinogradConvolution::scratch() const {
  return blocks_at_once() * block_numbers() + division_.threads * product_scratch_;
}

void WinogradConvolution::run(const float* x, float* weights, const kernels::WinogradTransforms::Finish& finish,
                              float* scratch, float* y) const {
  std::vector<Product> products;  // one for each thread
  products.reserve(static_cast<std::size_t>(division_.threads));
  float* const of_products = scratch + blocks_at_once() * block_numbers();
  for (std::int64_t i = 0; i < division_.threads; ++i)
    products.emplace_back(product_, of_products + i * product_scratch_);
  const auto run = division_.by_tiles ? &WinogradConvolution::run_by_tiles : &WinogradConvolution::run_by_elements;
  (this->*run)(products, x, weights, finish, scratch, y);
}

void WinogradConvolution::run_by_tiles(std::vector<Product>& products, const float* x, float* weights,
                                       const kernels::WinogradTransforms::Finish& finish, float* scratch,
                                       float* y) const {
#pragma omp parallel for schedule(static) num_threads(static_cast<int>(division_.threads))
  for (std::int64_t block = 0; block < division_.blocks; ++block) {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    float* const in = scratch + static_cast<std::int64_t>(thread) * block_numbers();
    float* const out = in + elements() * inputs_step();
    const std::int64_t begin = begin_of(block), end = begin_of(block + 1);
    transforms_.transform_input(x, begin, end, in, inputs_step());
    products[thread](in, weights, out);
    transforms_.transform_output(out, outputs_step(), begin, end, finish, y);
  }
}

void WinogradConvolution::run_by_elements(std::vector<Product>& products, const float* x, float* weights,
                                          const kernels::WinogradTransforms::Finish& finish, float* in,
                                          float* y) const {
  float* const out = in + elements() * inputs_step();
  const auto weights_step = static_cast<std::int64_t>(product_.weights.get_size() / sizeof(float));
#pragma omp parallel num_threads(static_cast<int>(division_.threads))
  for (std::int64_t block = 0; block < division_.blocks; ++block) {
    const std::int64_t begin = begin_of(block), end = begin_of(block + 1);
#pragma omp for schedule(static)
    for (std::int64_t tile = begin; tile < end; ++tile)
      transforms_.transform_input(x, tile, tile + 1, in + (tile - begin) * transforms_.inputs, inputs_step());
#pragma omp for schedule(static)
    for (std::int64_t part = 0; part < elements() / division_.elements; ++part)
      products[static_cast<std::size_t>(omp_get_thread_num())](in + part * division_.elements * inputs_step(),
                                                               weights + part * weights_step,
                                                               out + part * division_.elements * outputs_step());
#pragma omp for schedule(static)
    for (std::int64_t tile = begin; tile < end; ++tile)
      transforms_.transform_output(out + (tile - begin) * transforms_.outputs, outputs_step(), tile, tile + 1, finish,
                                   y);
  }
}

}  // namespace whycam::onednn

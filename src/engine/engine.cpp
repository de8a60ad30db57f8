#include "engine/engine.h"

#include "engine/autograd/autograd_engine.h"
#include "engine/compiled/compiled_engine.h"
#include "engine/parallel_engine.h"
#include "model/network.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

/// The compiled engine where it can, else autograd.
class ChoosingEngine : public Engine {
 public:
  explicit ChoosingEngine(const std::shared_ptr<const network::Network>& network)
      : autograd_(autograd_engine(network)),
        compiled_(compiled_engine(network)),
        only_compiled_(network->onnx() != nullptr) {}

  std::unique_ptr<Pass> forward(const Request& request) const override {
    const whycam::Engine choice = chosen_engine(request.engine);
    if (choice == whycam::Engine::autograd) return autograd_->forward(request);
    std::string reason;
    try {
      return compiled_->forward(request);
    } catch (const CannotCompile& why) {
      reason = why.what();
    }
    if (only_compiled_) throw ModelError("the ONNX network cannot be explained: " + reason);
    if (choice == whycam::Engine::compiled)
      throw ModelError("the network cannot be compiled: " + reason +
                       ". Leave the choice of engine open, or take autograd");
    auto pass = autograd_->forward(request);
    pass->set_why_not_compiled(reason);
    return pass;
  }

 private:
  std::shared_ptr<const Engine> autograd_, compiled_;
  bool only_compiled_;  ///< autograd cannot run the network
};

}  // namespace

std::shared_ptr<const Engine> engine_for(const std::shared_ptr<const network::Network>& network) {
  return std::make_shared<ChoosingEngine>(network);
}

std::shared_ptr<const Engine> engine_for(const Model& model, const std::vector<torch::Device>& devices) {
  return devices.empty() ? engine_for(model.network()) : parallel_engine(model, devices);
}

}  // namespace whycam::engine

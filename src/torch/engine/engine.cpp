#include "torch/engine/engine.h"

#include "core/warning_texts.h"
#include "explain/network_file.h"
#include "formats/format.h"
#include "torch/engine/autograd/autograd_engine.h"
#include "torch/engine/compiled/compiled_engine.h"
#include "torch/engine/parallel_engine.h"
#include "torch/model/failure.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

/// The compiled engine where it can, else autograd.
class ChoosingEngine : public Engine {
 public:
  explicit ChoosingEngine(const std::shared_ptr<const network::Network>& network)
      : compiled_(compiled_engine(network)) {
    file_ = std::dynamic_pointer_cast<const network::FileNetwork>(network);
    auto runnable = file_ ? file_->runnable() : std::dynamic_pointer_cast<const network::RunnableNetwork>(network);
    if (runnable) autograd_ = autograd_engine(std::move(runnable));
  }

  std::unique_ptr<Pass> forward(const Request& request) const override {
    return network::or_model_error([&] { return chosen(request); });
  }

 private:
  std::unique_ptr<Pass> chosen(const Request& request) const {
    const whycam::Engine choice = chosen_engine(request.engine);
    if (choice == whycam::Engine::autograd) {
      if (!autograd_) throw ModelError(core::no_autograd());
      return with_autograd(request);
    }
    std::string reason;
    try {
      return compiled_->forward(request);
    } catch (const CannotCompile& why) {
      reason = why.what();
    }
    if (!autograd_)
      throw ModelError(std::string("the ") + file_->file().format() + " network cannot be explained: " + reason);
    if (choice == whycam::Engine::compiled)
      throw ModelError("the network cannot be compiled: " + reason +
                       ". Leave the choice of engine open, or take autograd");
    auto pass = with_autograd(request);
    pass->set_why_not_compiled(reason);
    return pass;
  }

  /// A file names its outputs; libtorch's run of it gives them by their indices.
  std::unique_ptr<Pass> with_autograd(Request request) const {
    if (file_)
      request.output_element = {
          static_cast<std::int64_t>(explain::chosen_output(file_->file(), request.output_element))};
    return autograd_->forward(request);
  }

  std::shared_ptr<const network::FileNetwork> file_;  ///< null where the network is none
  std::shared_ptr<const Engine> compiled_;
  std::shared_ptr<const Engine> autograd_;  ///< null where libtorch cannot run the network
};

}  // namespace

std::shared_ptr<const Engine> engine_for(const std::shared_ptr<const network::Network>& network) {
  return std::make_shared<ChoosingEngine>(network);
}

std::shared_ptr<const Engine> engine_for(const Model& model, const std::vector<torch::Device>& devices) {
  return devices.empty() ? engine_for(model.network()) : parallel_engine(model, devices);
}

}  // namespace whycam::engine

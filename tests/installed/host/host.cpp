// A program with packages of its own beside whycam, some of which whycam uses, too.
#include <whycam/whycam.h>

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "request.pb.h"

int main(int argc, char** argv) {
  CLI::App app;
  std::string path;
  app.add_option("--network", path)->required();
  CLI11_PARSE(app, argc, argv);

  host::Request request;
  request.set_network(path);
  request.set_target(3);
  const std::string bytes = request.SerializeAsString();
  host::Request received;
  if (!received.ParseFromString(bytes)) return 1;

  const cv::Mat picture(224, 224, CV_8UC3, cv::Scalar(30, 60, 90));
  whycam::picture::Image image{picture.rows, picture.cols, 3, {}};
  image.pixels.assign(picture.datastart, picture.dataend);
  const whycam::Tensor input = to_network_input(image, whycam::picture::Preprocessing());

  const auto network = whycam::Network::load(received.network());
  const auto explanation = network.explain(input, network.default_layer({input.shape}), {received.target()});
  const nlohmann::json answer{{"score", explanation.targets[0].scores[0]}, {"whycam", whycam::version}};
  std::cout << answer.dump() << "\n";
}

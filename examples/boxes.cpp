// A detector: why is there a box here? The row of its output that belongs to a box of the photograph is explained.
//
// usage: boxes shapes/dense.pt2 PICTURE LEFT TOP WIDTH HEIGHT
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 7) {
    std::cerr << "usage: boxes shapes/dense.pt2 PICTURE LEFT TOP WIDTH HEIGHT\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto seen = see(whycam::picture::read_photo(argv[2], preprocessing.channels()), preprocessing);
  const whycam::picture::Rectangle on_photo{std::stod(argv[3]), std::stod(argv[4]), std::stod(argv[5]),
                                            std::stod(argv[6])};
  const whycam::picture::Rectangle box = seen.geometry.to_seen(on_photo);  // in the network's pixels

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.output_element = {"boxes"};  // N x rows x (centre, width and height; one score a class)
  const std::string layer = network.default_layer({seen.input.shape}, options.output_element);

  // Which row it is shows in the output. What the numbers do not tell can be said in a DetectorFormat.
  whycam::Detection found;
  const auto row_at_the_box = [&](const whycam::Tensor& output) {
    const auto found_rows = whycam::find_detections(output, box, seen.geometry.seen_width, seen.geometry.seen_height);
    found = found_rows[0];  // of the only example
    return std::vector<whycam::Target>{whycam::detection_target(found_rows)};
  };
  const auto explanation = network.explain({seen.input}, layer, row_at_the_box, options);
  std::cout << "row " << found.row << " of " << found.rows << ": class " << found.class_index << ", score "
            << explanation.targets[0].scores[0] << ", overlap " << found.overlap << "\n";
} catch (const std::exception& error) {
  std::cerr << "boxes: " << error.what() << "\n";
  return 1;
}

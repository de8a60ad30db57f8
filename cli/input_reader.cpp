#include "input_reader.h"

#include <algorithm>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

/// ImageNet's mean and deviation over its three channels, which grey networks are usually trained with.
constexpr char grey_mean[] = "0.449", grey_deviation[] = "0.226";

struct Candidate {
  std::int64_t channels;
  bool last;
};

Shape shape_of(const Candidate& candidate, const picture::Preprocessing& preprocessing) {
  const bool crop = preprocessing.has_crop();
  const std::int64_t height = crop ? preprocessing.crop_height : preprocessing.height,
                     width = crop ? preprocessing.crop_width : preprocessing.width;
  if (candidate.last) return {1, height, width, candidate.channels};
  return {1, candidate.channels, height, width};
}

/// Whether what the file declares leaves it open.
bool is_declared(const Candidate& candidate, const Shape& declared) {
  if (declared.size() != 4) return true;
  const std::int64_t extent = declared[candidate.last ? 3 : 1];
  return extent < 0 || extent == candidate.channels;
}

/// Whether the network takes it, and knows no better.
bool is_taken(const Network& network, const Candidate& candidate, const Shape& shape) {
  try {
    const Layout layout = network.input_layouts({shape}).at(0);
    return layout == Layout() || layout == (candidate.last ? Layout::channels_last() : Layout::channels_first());
  } catch (const Error&) {
    return false;
  }
}

void require_all_inputs(const Network& network, std::size_t count) {
  const std::vector<Port>& ports = network.inputs();
  if (ports.empty() || ports.size() == count) return;
  std::string names;
  for (const Port& port : ports) names += (names.empty() ? "\"" : ", \"") + port.name + "\"";
  throw Failure(ExitCode::usage, "the network takes " + std::to_string(ports.size()) + " inputs (" + names +
                                     "), and there are " + std::to_string(count) +
                                     ": name each behind the first, in this order, with --also FILE");
}

}  // namespace

InputReader::InputReader(const Network& network, const ExplainArguments& arguments, const std::vector<InputFile>& files)
    : network_(network),
      arguments_(arguments),
      chosen_(arguments.parse().input_layout),
      preprocessing_(arguments.preprocessing) {
  if (!arguments.also.empty() && files.size() != 1)
    throw Failure(ExitCode::usage, "--also names the further inputs of one INPUT, and there are " +
                                       std::to_string(files.size()) + ": explain them one by one");
  require_all_inputs(network, arguments.also.size() + 1);
  preprocessing_.take_size({}, false);
  form_.preprocessing = preprocessing_.parse();
  const bool pictures =
      std::any_of(files.begin(), files.end(), [](const InputFile& file) { return !is_array(file.path); });
  if (pictures) form_ = form_of(0);
  for (const std::string& path : arguments.also) {
    const InputFile file = find_input(path);
    further_.push_back(read_input(file, is_array(file.path) ? PictureForm{} : form_of(further_.size() + 1)));
  }
}

PictureForm InputReader::form_of(std::size_t index) {
  PreprocessingArguments arguments = arguments_.preprocessing;
  const PreprocessingArguments defaults;
  const bool is_open = arguments.mean == defaults.mean && arguments.standard_deviation == defaults.standard_deviation;
  picture::Preprocessing preprocessing = arguments.parse();
  const Shape declared = index < network_.inputs().size() ? network_.inputs()[index].shape : Shape();
  std::vector<Candidate> candidates;
  for (const std::int64_t channels : {std::int64_t{preprocessing.channels()}, std::int64_t{1}})
    for (const bool last : {false, true}) {
      if ((chosen_ == Layout::channels_first() && last) || (chosen_ == Layout::channels_last() && !last)) continue;
      if (channels != preprocessing.channels() && !is_open) continue;
      if (is_declared({channels, last}, declared)) candidates.push_back({channels, last});
    }
  if (candidates.empty()) candidates.push_back({preprocessing.channels(), chosen_ == Layout::channels_last()});
  auto found = candidates.begin();
  if (candidates.size() > 1 && arguments_.also.empty())
    found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
      PreprocessingArguments sized = arguments;
      sized.take_size(declared, candidate.last);
      return is_taken(network_, candidate, shape_of(candidate, sized.parse()));
    });
  const Candidate taken = found == candidates.end() ? candidates[0] : *found;
  if (arguments.take_size(declared, taken.last))
    notes_.push_back("--size is " + arguments.size + ", as the network's file declares, unless it is given");
  preprocessing = arguments.parse();
  if (taken.channels != preprocessing.channels()) {
    arguments.mean = grey_mean;
    arguments.standard_deviation = grey_deviation;
    preprocessing = arguments.parse();
    notes_.push_back(std::string("the network takes grey pictures: --mean is ") + grey_mean + " and --std " +
                     grey_deviation + " unless they are given");
  }
  if (index == 0) preprocessing_ = arguments;
  return {preprocessing, taken.last, arguments_.full_size, arguments.picture_limit};
}

std::vector<bool> InputReader::channels_last(const std::vector<Shape>& shapes) {
  const std::lock_guard lock(mutex_);
  if (shapes == known_shapes_) return known_;
  std::vector<Layout> layouts(shapes.size(), chosen_);
  if (chosen_ == Layout()) {
    try {
      layouts = network_.input_layouts(shapes);
    } catch (const Error&) {  // which explaining says
    }
  }
  known_.clear();
  for (std::size_t i = 0; i < shapes.size(); ++i)
    known_.push_back(shapes[i].size() > 2 && layouts[i] == Layout::channels_last());
  known_shapes_ = shapes;
  return known_;
}

Input InputReader::read(const InputFile& file) {
  Input input = read_input(file, form_);
  if (!is_array(file.path) && further_.empty()) return input;
  std::vector<Shape> shapes{input.tensor.shape};
  for (const Input& one : further_) shapes.push_back(one.tensor.shape);
  const std::vector<bool> last = channels_last(shapes);
  const auto add_views = [](Input& to, bool channels_last) {
    if (!to.views.empty()) return;
    try {
      for (std::int64_t example = 0; example < to.tensor.shape[0]; ++example)
        to.views.emplace_back(example_of(to.tensor, example), channels_last);
    } catch (const InputError& error) {  // larger than any picture
      throw InputError("cannot draw \"" + to.file.path.string() + "\": " + error.what());
    }
  };
  add_views(input, last[0]);
  for (std::size_t i = 0; i < further_.size(); ++i) {
    if (further_[i].tensor.shape[0] != input.tensor.shape[0])
      throw InputError("\"" + further_[i].file.path.string() + "\" holds " +
                       std::to_string(further_[i].tensor.shape[0]) + " examples and \"" + file.path.string() + "\" " +
                       std::to_string(input.tensor.shape[0]) + ": the inputs of a network have as many each");
    add_views(further_[i], last[i + 1]);
  }
  return input;
}

std::string InputReader::name_of(std::size_t index) const {
  return index < network_.inputs().size() ? network_.inputs()[index].name : "input" + std::to_string(index);
}

}  // namespace whycam::cli

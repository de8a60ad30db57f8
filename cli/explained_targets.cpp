#include "explained_targets.h"

#include <algorithm>

#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/picture/npy.h"

namespace whycam::cli {

ExplainedTargets::ExplainedTargets(const ExplainArguments& arguments, const Labels& labels)
    : arguments_(arguments), labels_(labels.size()) {
  if (!arguments.like.empty() &&
      (arguments.targets != ExplainArguments().targets || !arguments.region.empty() || !arguments.versus.empty()))
    throw Failure(ExitCode::usage,
                  "--like explains what makes the output similar to another; --target, --region and --versus are for "
                  "classes");
  if (!arguments.box.empty() && (!arguments.like.empty() || !arguments.region.empty()))
    throw Failure(ExitCode::usage, "--box is for a detector's classes, and --like and --region are for other networks");
  if (arguments.box.empty() && !arguments.box_format.empty())
    throw Failure(ExitCode::usage, "--box-format says how to read the rows that --box looks for, which is missing");
  if (!arguments.box.empty()) box_.emplace(arguments.box, arguments.box_format);
  for (const std::string& text : arguments.targets) settings_.choices.push_back(parse_target(text, labels));
  if (!arguments.versus.empty()) {
    TargetChoice other = parse_target(arguments.versus, labels);
    const auto* indices = std::get_if<std::vector<std::int64_t>>(&other.what);
    if (!indices || other.against)
      throw Failure(ExitCode::usage,
                    "--versus takes a class's number, its label or an index tuple, not \"" + arguments.versus + "\"");
    settings_.versus = *indices;
  }
  if (arguments.region == "all")
    settings_.region = Region::all();
  else if (arguments.region == "predicted")
    settings_.region = Region::predicted();
  else if (!arguments.region.empty())
    mask_.emplace(arguments.region);
}

void ExplainedTargets::set_network(const Network& network, InputReader& reader, const std::vector<InputFile>& files) {
  network_ = &network;
  reader_ = &reader;
  if ((mask_ || box_) && files.size() != 1)
    throw Failure(ExitCode::usage, std::string(mask_ ? "a mask" : "a box") + " belongs to one picture, and there are " +
                                       std::to_string(files.size()) + ": explain them one by one" +
                                       (mask_ ? ", or take --region predicted" : ""));
}

Shape ExplainedTargets::input_space(const std::vector<Shape>& inputs) const {
  if (geometry_) return {geometry_->seen_height, geometry_->seen_width};
  const Shape& shape = inputs[0];
  const bool last = shape.size() > 2 && network_->input_layouts(inputs)[0] == Layout::channels_last();
  return last ? Shape(shape.begin() + 1, shape.end() - 1)
              : Shape(shape.begin() + std::min<std::ptrdiff_t>(2, static_cast<std::ptrdiff_t>(shape.size())),
                      shape.end());
}

void ExplainedTargets::find_class_axis(const Shape& output, const std::vector<Shape>& inputs, const Options& options) {
  if (inputs == known_inputs_) return;
  const bool last = network_->output_layout(inputs, options.output_element) == Layout::channels_last();
  class_axis_ = last ? output.size() - 1 : 1;
  known_inputs_ = inputs;
}

OutputTargets ExplainedTargets::choose(const Tensor& output, const std::vector<Shape>& inputs, const Options& options) {
  const std::lock_guard lock(mutex_);
  OutputTargets chosen;
  TargetSettings settings = settings_;
  if (box_) {
    settings.boxes = chosen.boxes = box_->find(output, input_space(inputs), geometry_, labels_);
  } else if (is_dense(output.shape)) {
    find_class_axis(output.shape, inputs, options);
    settings.class_axis = class_axis_;
    Shape space(output.shape.begin() + 1, output.shape.end());
    space.erase(space.begin() + static_cast<std::ptrdiff_t>(settings.class_axis) - 1);
    if (mask_) settings.region = mask_->over(space, input_space(inputs), geometry_);
  } else if (mask_) {
    settings.region = Region::all();  // which choose_targets refuses for such an output
  }
  if (!arguments_.like.empty()) settings.like = similarity(output, inputs, options);
  chosen.targets = choose_targets(settings, output);
  chosen.class_axis = class_axis_;
  return chosen;
}

Target ExplainedTargets::similarity(const Tensor& output, const std::vector<Shape>& inputs, const Options& options) {
  if (settings_.like) return *settings_.like;
  std::error_code failure;
  if (std::filesystem::is_directory(arguments_.like, failure))
    throw InputError("--like takes one picture or array, and \"" + arguments_.like + "\" is a folder");
  const std::size_t row =
      output.values.size() / static_cast<std::size_t>(std::max<std::int64_t>(output.shape.at(0), 1));
  if (is_array(arguments_.like))
    if (Tensor reference = picture::to_array(picture::read_npy(arguments_.like)); reference.values.size() == row) {
      settings_.like = Target::similarity(std::move(reference));
      return *settings_.like;
    }
  const Tensor given = reader_->read(find_input(arguments_.like)).tensor;
  if (inputs.size() != 1)
    throw InputError("--like takes an array of " + std::to_string(row) +
                     " numbers, the network's output for the other inputs, where a network has several");
  Options forward = options;
  forward.methods.clear();
  const Tensor reference =
      network_
          ->explain(
              {given}, std::vector<std::string>(), [](const Tensor&) { return std::vector<Target>(); }, forward)
          .output;
  settings_.like = Target::similarity(reference);
  return *settings_.like;
}

}  // namespace whycam::cli

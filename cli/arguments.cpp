#include "arguments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

constexpr char default_size[] = "224";  // ImageNet's
constexpr std::int64_t largest_side = 65536;

std::vector<float> parse_numbers(const std::string& text, const std::string& option) {
  std::vector<float> numbers;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, comma - begin);
    begin = comma + 1;
    float value = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (failure != std::errc() || end != part.data() + part.size())
      throw Failure(ExitCode::usage,
                    option + " takes numbers with commas between them, one a channel, not \"" + text + "\"");
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace

std::vector<std::string> default_method_names() {
  std::vector<std::string> names;
  for (const Method method : default_methods()) names.emplace_back(to_string(method));
  std::rotate(names.begin(), names.end() - 1, names.end());
  return names;
}

std::string method_choices() {
  std::string names;
  for (const Method method : all_methods()) names += (names.empty() ? "" : ",") + std::string(to_string(method));
  return "{" + names + "}";
}

std::pair<int, int> parse_size(const std::string& text, const std::string& option) {
  const auto side = [&](const std::string& part) {
    int value = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (failure != std::errc() || end != part.data() + part.size() || value < 1 || value > largest_side)
      throw Failure(ExitCode::usage,
                    option + " takes a number of pixels, or height,width, from 1 to 65536, not \"" + text + "\"");
    return value;
  };
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return {side(text), side(text)};
  return {side(text.substr(0, comma)), side(text.substr(comma + 1))};
}

std::vector<OutputElement> parse_output_element(const std::string& text) {
  try {
    return output_element_named(text);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, std::string("--output-element: ") + error.what());
  }
}

picture::Preprocessing PreprocessingArguments::parse() const {
  picture::Preprocessing preprocessing;
  std::tie(preprocessing.height, preprocessing.width) = parse_size(size.empty() ? default_size : size, "--size");
  if (!crop.empty()) {
    if (preprocessing.height != preprocessing.width)
      throw Failure(ExitCode::usage, "with --crop, --size takes one number, the length of the shorter side");
    std::tie(preprocessing.crop_height, preprocessing.crop_width) = parse_size(crop, "--crop");
  }
  if (picture_limit < 1)
    throw Failure(ExitCode::usage, "--picture-limit takes a number above 0, not " + std::to_string(picture_limit));
  preprocessing.mean = parse_numbers(mean, "--mean");
  preprocessing.standard_deviation = parse_numbers(standard_deviation, "--std");
  if (preprocessing.mean.size() != preprocessing.standard_deviation.size())
    throw Failure(ExitCode::usage, "--mean has " + std::to_string(preprocessing.mean.size()) + " numbers and --std " +
                                       std::to_string(preprocessing.standard_deviation.size()) +
                                       "; both take one for each channel");
  try {
    require_valid(preprocessing);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  return preprocessing;
}

bool PreprocessingArguments::take_size(const Shape& declared, bool channels_last) {
  if (!size.empty()) return false;
  size = default_size;
  if (!crop.empty() || declared.size() != 4) return false;
  const std::int64_t height = declared[channels_last ? 1 : 2], width = declared[channels_last ? 2 : 3];
  if (height < 1 || width < 1 || height > largest_side || width > largest_side) return false;
  size = std::to_string(height) + (width == height ? "" : "," + std::to_string(width));
  return size != default_size;
}

Drawing DrawingArguments::parse() const {
  constexpr std::array<std::pair<const char*, picture::Sign>, 3> signs{
      {{"all", picture::Sign::all}, {"positive", picture::Sign::positive}, {"absolute", picture::Sign::absolute}}};
  const auto found = std::find_if(signs.begin(), signs.end(), [&](const auto& entry) { return sign == entry.first; });
  if (found == signs.end())
    throw Failure(ExitCode::usage, "--sign takes all, positive or absolute, not \"" + sign + "\"");
  if (!(opacity >= 0 && opacity <= 1))
    throw Failure(ExitCode::usage, "--alpha takes a number from 0 to 1, not " + std::to_string(opacity));
  if (!(percentile > 0 && percentile <= 100))
    throw Failure(ExitCode::usage, "--percentile takes a number above 0, up to 100, not " + std::to_string(percentile));
  try {
    return {picture::colour_map_named(colour_map), opacity, {found->second, percentile}};
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
}

Options AttributionArguments::parse() const {
  Options options;
  try {
    options.interpolation = interpolation_named(interpolate);
    options.cam = method_named(cam);
    if (!is_heat_map(options.cam)) throw InputError("--cam takes a heat map, and " + cam + " is none");
    options.engine = engine_named(engine);
    chosen_engine(options.engine);
    options.precision = precision_named(precision);
    options.layout = layout_named(layout);
    options.input_layout = layout_named(input_layout);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  if (!fits(options.interpolation, 4))
    throw Failure(ExitCode::usage, "the mode " + interpolate + " does not fit pictures; use bilinear");
  if (guided_rule != "captum" && guided_rule != "paper")
    throw Failure(ExitCode::usage, "--guided-rule takes captum or paper, not \"" + guided_rule + "\"");
  options.guided_rule = guided_rule_named(guided_rule);
  options.guide_clipped_relus = guide_clipped_relus;
  options.attribute_to_layer_input = layer_input;
  options.output_element = parse_output_element(output_element);
  return options;
}

Options ExplainArguments::parse() const {
  Options options = AttributionArguments::parse();
  if (!(noise > 0 && std::isfinite(noise)) || !std::isfinite(baseline))
    throw Failure(ExitCode::usage, "--noise takes a number above 0, and --baseline a finite one, not " +
                                       std::to_string(noise) + " and " + std::to_string(baseline));
  try {
    options.merge = merge_named(merge);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, std::string("--merge: ") + error.what());
  }
  if (options.merge != Merge::none && layers.size() < 2)
    throw Failure(ExitCode::usage, "--merge makes one map of several layers: give --layer more than once");
  options.layer_values = save_activations;
  options.integration_steps = integration_steps;
  options.baseline = baseline;
  options.smooth = smooth;
  options.noise = noise;
  options.seed = seed;
  return options;
}

namespace {

void check_layers(const ExplainArguments& arguments, const std::vector<Method>& methods) {
  const std::vector<std::string> layers = arguments.named_layers();
  const bool named = !layers.empty();
  if ((named || arguments.layer_input || arguments.save_activations) && !takes_layer(methods))
    throw Failure(ExitCode::usage, (named                   ? "--layer \"" + layers[0] + "\""
                                    : arguments.layer_input ? std::string("--layer-input")
                                                            : std::string("--save-activations")) +
                                       " says where Grad-CAM is computed, which --method leaves out");
  for (auto layer = layers.begin(); layer != layers.end(); ++layer)
    if (std::find(layers.begin(), layer, *layer) != layer)
      throw Failure(ExitCode::usage, "--layer \"" + *layer + "\" stands twice");
}

}  // namespace

std::vector<std::string> ExplainArguments::named_layers() const {
  std::vector<std::string> named;
  for (const std::string& layer : layers)
    if (!layer.empty()) named.push_back(layer);
  return named;
}

std::vector<Method> ExplainArguments::parse_methods() const {
  std::vector<Method> parsed;
  try {
    for (const std::string& name : methods)
      if (const Method method = method_named(name); std::find(parsed.begin(), parsed.end(), method) == parsed.end())
        parsed.push_back(method);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  check_layers(*this, parsed);
  return parsed;
}

bool takes_layer(const std::vector<Method>& methods) {
  return std::any_of(methods.begin(), methods.end(), needs_layer);
}

Interpolation interpolation_for(Interpolation mode, std::size_t dimensions) {
  if (dimensions < 3 || fits(mode, static_cast<std::int64_t>(dimensions))) return mode;
  if (mode == Interpolation::bilinear && dimensions == 3) return Interpolation::linear;
  if (mode == Interpolation::bilinear && dimensions == 5) return Interpolation::trilinear;
  throw InputError(std::string(to_string(mode)) + " interpolation is not for an input of " +
                   std::to_string(dimensions) + " dimensions; take --interpolate " +
                   (dimensions > 5 ? "nearest" : "bilinear, which is linear in every dimension, area or nearest"));
}

namespace {

/// "1x12x1000".
Shape parse_shape(const std::string& text) {
  Shape shape;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    std::int64_t extent = 0;
    const auto [stop, failure] = std::from_chars(text.data() + begin, text.data() + end, extent);
    if (failure != std::errc() || stop != text.data() + end || extent < 1)
      throw Failure(ExitCode::usage, "--shape takes extents above 0 as in 1x12x1000, not \"" + text + "\"");
    shape.push_back(extent);
    begin = end + 1;
  }
  return shape;
}

/// One example of what is declared; nothing where an extent is left open.
std::optional<Shape> declared_shape(const Port& port) {
  Shape shape = port.shape;
  if (shape.empty()) return std::nullopt;
  if (shape[0] < 1) shape[0] = 1;
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent < 1; })) return std::nullopt;
  return shape;
}

}  // namespace

std::vector<Shape> ExampleInputArguments::parse(const std::vector<Port>& declared) const {
  std::vector<Shape> result;
  for (const std::string& shape : shapes) result.push_back(parse_shape(shape));
  if (!result.empty()) return result;
  if (size.empty() && channels == 0) {
    for (const Port& port : declared)
      if (const auto shape = declared_shape(port)) result.push_back(*shape);
    if (!result.empty() && result.size() == declared.size()) return result;
  }
  const bool says_channels = !declared.empty() && declared[0].shape.size() == 4 && declared[0].shape[1] > 0;
  const auto [height, width] = parse_size(size.empty() ? default_size : size, "--size");
  return {{1, channels > 0 ? channels : says_channels ? declared[0].shape[1] : 3, height, width}};
}

}  // namespace whycam::cli

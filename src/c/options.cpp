#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "c/failure.h"
#include "c/objects.h"

namespace whycam::c {
namespace {

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

bool truth_of(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw ArgumentError("it takes true or false, not " + quoted(text));
}

std::uint64_t whole_number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size())
    throw ArgumentError("it takes a whole number from 0 on, not " + quoted(text));
  return number;
}

double number_of(const std::string& text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    throw ArgumentError("it takes a finite number, not " + quoted(text));
  return number;
}

std::vector<Method> methods_of(const std::string& text) {
  std::vector<Method> methods;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    methods.push_back(method_named(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return methods;
}

/// An option, by the command's name.
struct Option {
  const char* name;
  void (*set)(Options& options, const std::string& value);
};

constexpr std::array<Option, 19> all_options{{
    {"method", [](Options& to, const std::string& text) { to.methods = methods_of(text); }},
    {"cam", [](Options& to, const std::string& text) { to.cam = method_named(text); }},
    {"interpolate", [](Options& to, const std::string& text) { to.interpolation = interpolation_named(text); }},
    {"layer-input", [](Options& to, const std::string& text) { to.attribute_to_layer_input = truth_of(text); }},
    {"guided-rule", [](Options& to, const std::string& text) { to.guided_rule = guided_rule_named(text); }},
    {"deconvolution-rule",
     [](Options& to, const std::string& text) { to.deconvolution_rule = guided_rule_named(text); }},
    {"guide-clipped-relus", [](Options& to, const std::string& text) { to.guide_clipped_relus = truth_of(text); }},
    {"layout", [](Options& to, const std::string& text) { to.layout = layout_named(text); }},
    {"input-layout", [](Options& to, const std::string& text) { to.input_layout = layout_named(text); }},
    {"output-element", [](Options& to, const std::string& text) { to.output_element = output_element_named(text); }},
    {"integration-steps", [](Options& to, const std::string& text) { to.integration_steps = whole_number_of(text); }},
    {"baseline", [](Options& to, const std::string& text) { to.baseline = number_of(text); }},
    {"smooth", [](Options& to, const std::string& text) { to.smooth = whole_number_of(text); }},
    {"noise", [](Options& to, const std::string& text) { to.noise = number_of(text); }},
    {"noise-is-absolute", [](Options& to, const std::string& text) { to.noise_is_absolute = truth_of(text); }},
    {"seed", [](Options& to, const std::string& text) { to.seed = whole_number_of(text); }},
    {"threads", [](Options& to, const std::string& text) { to.threads = whole_number_of(text); }},
    {"precision", [](Options& to, const std::string& text) { to.precision = precision_named(text); }},
    {"engine", [](Options& to, const std::string& text) { to.engine = engine_named(text); }},
}};

std::string all_names() {
  std::string names;
  for (const Option& option : all_options) names += (names.empty() ? "" : ", ") + std::string(option.name);
  return names;
}

void set(Options& options, const std::string& name, const std::string& value) {
  const auto found =
      std::find_if(all_options.begin(), all_options.end(), [&](const Option& one) { return name == one.name; });
  if (found == all_options.end())
    throw ArgumentError("there is no option " + quoted(name) + "; there are " + all_names());
  try {
    found->set(options, value);
  } catch (const InputError& error) {
    throw ArgumentError("the option " + quoted(name) + ": " + error.what());
  }
}

}  // namespace
}  // namespace whycam::c

using namespace whycam;

whycam_status whycam_options_new(whycam_options** options) {
  return c::guarded([&] { c::required(options, "options") = new whycam_options{}; });
}

whycam_status whycam_options_set(whycam_options* options, const char* name, const char* value) {
  return c::guarded([&] {
    c::set(c::required(options, "options").options, &c::required(name, "name"), &c::required(value, "value"));
  });
}

const char* whycam_option_name(size_t index) {
  return index < c::all_options.size() ? c::all_options[index].name : nullptr;
}

void whycam_options_free(whycam_options* options) { delete options; }

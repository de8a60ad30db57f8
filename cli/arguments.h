// What the command line says.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "build.h"
#include "whycam/network.h"
#include "whycam/picture/image.h"
#include "whycam/picture/preprocess.h"
#include "whycam/picture/render.h"

namespace CLI {
class App;
}

namespace whycam::cli {

/// How pictures become the network's input; as typed.
struct PreprocessingArguments {
  std::string size;  ///< empty: what the network's file declares, else 224
  std::string crop;
  std::string mean = "0.485,0.456,0.406";
  std::string standard_deviation = "0.229,0.224,0.225";
  std::int64_t picture_limit = picture::largest_decoding;

  void add_to(CLI::App& command);
  /// Throws Failure.
  picture::Preprocessing parse() const;
  /// Where --size was not given: sets it to the height and width that are declared of an input (there is none for a
  /// crop), else to the default. Whether what is declared is another size than that.
  bool take_size(const Shape& declared, bool channels_last);
};

/// How attributions become pictures.
struct Drawing {
  picture::ColourMap colours;
  double opacity;
  picture::SignedMapOptions signed_maps;
};

/// The same as typed.
struct DrawingArguments {
  std::string colour_map = "jet";
  double opacity = 0.5;
  std::string sign = "all";
  double percentile = 99.5;

  void add_to(CLI::App& command);
  /// Throws Failure.
  Drawing parse() const;
};

/// How attributions are computed; as typed.
struct AttributionArguments {
  std::string interpolate = "bilinear";
  std::string cam = "gradcam";
  std::string guided_rule = "captum";
  bool guide_clipped_relus = false;
  bool layer_input = false;
  std::string layout = "auto", input_layout = "auto";
  std::string output_element;
  bool before_softmax = false;
  std::string engine = "automatic";
  std::string precision = "exact";

  void add_to(CLI::App& command);
  void add_all_but_engine_to(CLI::App& command);
  /// Throws Failure.
  Options parse() const;
};

/// The names of default_methods(), the product first.
std::vector<std::string> default_method_names();

struct ExplainArguments : AttributionArguments {
  std::string model;
  std::vector<std::string> inputs;
  std::vector<std::string> also;
  std::vector<std::string> layers;
  std::string merge = "none";
  std::vector<std::string> targets{"top1"};
  std::string region;
  std::string box, box_format;
  std::string versus;
  std::string like;
  std::string labels;
  std::vector<std::string> methods = default_method_names();
  std::size_t integration_steps = Options().integration_steps, smooth = 0;
  double baseline = 0, noise = Options().noise;
  std::uint64_t seed = 0;
  PreprocessingArguments preprocessing;
  DrawingArguments drawing;
  int batch_size = 1;
  int threads = 0, workers = 0;
  std::string plan_cache;
  std::string output_dir = "whycam-explanations";
  bool recursive = false;
  std::string from;
  std::string shard;
  bool resume = false;
  bool save_npy = false;
  bool save_activations = false;
  bool full_size = false;
  bool contact_sheet = false;
  bool report = false;
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& command);
  /// With what takes many passes. Throws Failure.
  Options parse() const;
  /// The layers; one that is empty, as a script's unset variable, is none.
  std::vector<std::string> named_layers() const;
  /// Each once. Throws Failure, also for layers that no method is computed at.
  std::vector<Method> parse_methods() const;

 private:
  void add_inputs(CLI::App& command);
  void add_layers(CLI::App& command);
  void add_targets(CLI::App& command);
  void add_boxes(CLI::App& command);
  void add_repetition(CLI::App& command);  ///< of what takes many passes
  void add_output(CLI::App& command);
  void add_running(CLI::App& command);
};

struct ReportArguments {
  std::string folder;
  std::string output_dir;
  std::size_t limit = 1000;
  bool contact_sheet = false;
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& command);
};

struct CheckArguments : AttributionArguments {
  std::string model;
  std::string input;
  std::string layer;
  std::string target = "top1";
  std::string labels;
  PreprocessingArguments preprocessing;
  std::string measure = "auto";
  std::size_t other_classes = 3;
  std::size_t randomisation_steps = 16;
  std::size_t pixel_steps = 32;
  std::uint64_t seed = 0;
  int threads = 0;
  std::string output_dir = "whycam-check";
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& command);

 private:
  void add_measures(CLI::App& command);
};

/// Inputs of which only the shapes matter.
struct ExampleInputArguments {
  std::string size;
  int channels = 0;  ///< 0: not given
  std::vector<std::string> shapes;

  void add_to(CLI::App& command);
  /// Those given; what the network declares; else one picture. Throws Failure.
  std::vector<Shape> parse(const std::vector<Port>& declared) const;
};

struct ExportArguments : AttributionArguments {
  std::string model;
  std::string layer;
  ExampleInputArguments input;
  std::string region, versus;
  bool against = false;
  std::string output = "explained.onnx";
  int threads = 0;
  bool quiet = false;

  void add_to(CLI::App& command);
};

struct GraphArguments {
  std::string model;
  std::string layer;
  bool layer_input = false;
  std::string output_element;
  ExampleInputArguments input;
  std::string pass;

  void add_to(CLI::App& command);
};

struct LayersArguments {
  std::string model;
  std::string output_element;
  ExampleInputArguments input;
  int threads = 0;

  void add_to(CLI::App& command);
};

/// Whether any method is computed at a layer.
bool takes_layer(const std::vector<Method>& methods);

/// What a mode means for an input of so many dimensions: bilinear is linear for N x C x L and trilinear for
/// N x C x D x H x W. Throws InputError where there is no such mode.
Interpolation interpolation_for(Interpolation mode, std::size_t dimensions);

/// The methods' names: "{one,other}".
std::string method_choices();

/// "1.0" or "out": the steps into an output that is a tuple, list or dictionary.
std::vector<OutputElement> parse_output_element(const std::string& text);

/// "224" or "224,192" as height and width. Throws Failure that names the option.
std::pair<int, int> parse_size(const std::string& text, const std::string& option);

}  // namespace whycam::cli

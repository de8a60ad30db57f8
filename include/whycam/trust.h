// What a careful user asks before believing a picture, as numbers: does the map change with the class, does it depend
// on the weights, do the pixels that it names matter to the network.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "whycam/api.h"
#include "whycam/explanation.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// Spearman's rank correlation of two tensors of as many elements, from -1 to 1; equal elements share their mean rank.
/// NaN where one of them is constant or holds NaN. Throws InputError where the numbers of elements differ.
WHYCAM_API double rank_correlation(const torch::Tensor& one, const torch::Tensor& other);

/// The mean structural similarity (Wang et al. 2004, equation 13) of two H x W maps with values from 0 to 1, with a
/// Gaussian window of 11 x 11 and a standard deviation of 1.5; smaller maps get a smaller window. 1: equal. Throws
/// InputError where the shapes differ.
WHYCAM_API double structural_similarity(const torch::Tensor& one, const torch::Tensor& other);

/// How alike two attributions are. Channels are summed first, signed or as magnitudes.
struct MapSimilarity {
  double rank_correlation = 0;                ///< of the signed maps; NaN where one is constant or holds NaN
  double rank_correlation_of_magnitudes = 0;  ///< NaN where one is constant or holds NaN
  /// Of the magnitudes, each map divided by its largest; NaN where one is 0 throughout or holds NaN.
  double structural_similarity = 0;
};

/// Of two attributions of 1 x C x H x W. Throws InputError where the shapes differ.
WHYCAM_API MapSimilarity map_similarity(const torch::Tensor& one, const torch::Tensor& other);

using MethodSimilarity = std::map<Method, MapSimilarity>;

/// The explained class's maps beside those of another class.
struct ClassSensitivity {
  std::int64_t other_class = 0;
  double probability = 0;  ///< of the other class
  MethodSimilarity similarity;
};

/// The trained network's maps beside those of a network whose weights were replaced, from the output up to these
/// modules.
struct RandomisationStep {
  std::vector<std::string> modules;  ///< those that were added in this step, in the order in which they run
  double probability = 0;            ///< of the explained class, in the network so far
  MethodSimilarity similarity;
};

/// The explained class's probability while pixels are removed or put in.
struct PixelCurve {
  std::vector<double> probabilities;  ///< at each of TrustReport::fractions
  double area = 0;                    ///< under the curve, from 0 to 1 (trapezoids)
};

/// The same for each order of the pixels.
struct PixelCurves {
  std::map<Method, PixelCurve> methods;
  PixelCurve random;  ///< the mean over random orders: the control
};

/// What is measured of a class.
enum class Measure {
  automatic,    ///< what the outputs tell: `score` of one number an example, `probability` of those from 0 to 1
  softmax,      ///< its softmax probability among the classes
  probability,  ///< the network's own number, which is a probability: behind a softmax or sigmoids
  score,        ///< the network's own number
};

struct TrustOptions {
  /// How the maps are made. The methods are default_methods(), whatever is set here.
  AttributeOptions attribute;
  Measure measure = Measure::automatic;
  std::size_t other_classes = 3;  ///< how many of the next best classes are compared; and the least probable one
  std::size_t randomisation_steps =
      16;                         ///< at most so many; 0: not done. Modules between two steps are replaced together
  std::size_t pixel_steps = 32;   ///< 0: not done
  std::size_t random_orders = 3;  ///< whose mean is the control
  /// Of the pictures of a curve that go through the network at a time; one by one where the network refuses several.
  std::size_t batch_size = 8;
  std::uint64_t seed = 0;  ///< of the weights and the random orders: the same seed, the same report
};

/// The answers for one example. What could not be asked says why in `left_out`.
struct TrustReport {
  std::int64_t target = 0;
  Measure measure = Measure::softmax;  ///< what all numbers called `probability` in this report are; never automatic
  double probability = 0;              ///< of the class, by this measure: a score where it is one
  Explanation explanation;
  std::vector<ClassSensitivity> classes;
  std::vector<RandomisationStep> randomisation;
  std::vector<double> fractions;  ///< of the pixels, 0 to 1
  PixelCurves insertion, deletion;
  std::vector<std::string> left_out;  ///< one sentence each
};

/// Asks for one example (1 x C x H x W) and one class of an output of examples x classes, or its only number, class 0:
/// - whether the maps change with the class;
/// - the cascading randomisation of Adebayo et al. 2018, "Sanity checks for saliency maps", section 4.1: the weights
/// are replaced module
///   by module from the output to the input, and the same class is explained again. Weights of two and more dimensions
///   become normally distributed with mean 0 and the deviation that the trained ones have, cut off at twice that;
///   biases and other vectors are put in a random order; running statistics stay. A weight that several modules share
///   is replaced in all of them with the first. Modules that are not called (their weights may be used directly) and
///   the network's own parameters have no place in the order: they stay as trained, and `left_out` names them.
///   TorchScript networks whose weights are parameters can be randomised, frozen ones cannot;
/// - insertion and deletion of Petsiuk et al. 2018, "RISE", section 4.2: pixels in the order of their attribution
/// (channels summed, the
///   largest first, equal ones from the top left) are put into a blurred picture (Gaussian, 11 x 11, standard deviation
///   5), or replaced by 0, which is the mean colour of pictures that were normalised.
/// A map that holds NaN or infinity gives no order of pixels, which `left_out` says. Grad-CAM is compared with its
/// negative values set to 0, as Explanation holds it. The model is not changed. Thread-safe. Throws InputError,
/// TargetError, LayerError and ModelError.
WHYCAM_API TrustReport check_trust(const Model& model, const Layer& layer, const torch::Tensor& input,
                                   std::int64_t target, const TrustOptions& options = {});

}  // namespace whycam

/* Explains a network on an image of numbers and prints what decided: explain NETWORK HEIGHT WIDTH. */
#include <stdio.h>
#include <stdlib.h>
#include <whycam/c.h>

static int failed(void) {
  fprintf(stderr, "%s\n", whycam_last_error());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int64_t shape[] = {1, 3, atoi(argv[2]), atoi(argv[3])};
  const size_t count = (size_t)(3 * shape[2] * shape[3]);
  float* pixels = malloc(count * sizeof(float));
  if (!pixels) return 1;
  for (size_t i = 0; i < count; ++i) pixels[i] = (float)(i % 17) / 17.0F - 0.5F;
  const whycam_tensor image = {sizeof(whycam_tensor), shape, 4, pixels};

  whycam_network* network = NULL;
  whycam_options* options = NULL;
  whycam_target* target = NULL;
  whycam_explanation* explanation = NULL;
  if (whycam_load(argv[1], &network) != WHYCAM_OK) return failed();
  if (whycam_options_new(&options) != WHYCAM_OK) return failed();
  if (whycam_options_set(options, "method", "gradcam,guided-gradcam") != WHYCAM_OK) return failed();
  if (whycam_options_set(options, "interpolate", "bilinear") != WHYCAM_OK) return failed();
  if (whycam_target_best(0, &target) != WHYCAM_OK) return failed();

  const whycam_target* targets[] = {target};
  if (whycam_explain(network, &image, 1, NULL, targets, 1, options, &explanation) != WHYCAM_OK) return failed();
  free(pixels);

  const float* scores = NULL;
  size_t examples = 0;
  whycam_tensor map = {sizeof(whycam_tensor), NULL, 0, NULL};
  if (whycam_explanation_scores(explanation, 0, &scores, &examples) != WHYCAM_OK) return failed();
  if (whycam_explanation_attributions(explanation, 0, "guided-gradcam", 0, &map) != WHYCAM_OK) return failed();
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += map.values[i];
  printf("layer %s, score %.5f, sum of Guided Grad-CAM %.5f\n", whycam_explanation_layer(explanation), scores[0], sum);

  whycam_explanation_free(explanation);
  whycam_target_free(target);
  whycam_options_free(options);
  whycam_network_free(network);
  return 0;
}

/* whycam for C, and for what calls C: Python's ctypes, Rust, C#, Julia.
 *
 * Explanations of network files on plain buffers: what whycam/network.h gives, in the same words and the same numbers.
 *
 * Errors: a function that can fail returns a whycam_status. Other than WHYCAM_OK it has changed nothing that its
 * arguments point to, and whycam_last_error() has the text, which is of the calling thread's last failure.
 * Ownership: what a function hands out through a pointer to a pointer is freed with the function named there, which
 * take NULL. What a struct points to belongs to the object that it was read from, and lives as long.
 * Threads: a network may be explained from many threads at once. Options, targets and explanations are only read by
 * the functions that take them const; two threads must not change the same one.
 * Versions: every struct begins with its size, which the caller sets (sizeof); a newer library fills as much of it as
 * there is. Names that are text are UTF-8 and end in a zero. */
#ifndef WHYCAM_C_H
#define WHYCAM_C_H

#include <stddef.h>
#include <stdint.h>

#include "whycam/api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum whycam_status {
  WHYCAM_OK = 0,
  WHYCAM_INTERNAL_ERROR = 1, /**< a fault of whycam */
  WHYCAM_ARGUMENT_ERROR = 2, /**< a null pointer, an unknown option or method, an index out of range */
  WHYCAM_MODEL_ERROR = 3,    /**< the network cannot be read, run on these inputs, or explained */
  WHYCAM_INPUT_ERROR = 4,    /**< an input is empty, or does not fit its shape or the others */
  WHYCAM_LAYER_ERROR = 5,    /**< no such layer, or nothing to explain at it */
  WHYCAM_TARGET_ERROR = 6,   /**< the target does not choose one number of the output for each example */
  WHYCAM_OUTPUT_ERROR = 7,   /**< a file cannot be written */
  WHYCAM_MEMORY_ERROR = 9    /**< there is not enough memory */
} whycam_status;

/** The library's version, "0.2.0". */
WHYCAM_API const char* whycam_version(void);

/** What went wrong last on the calling thread; "" where nothing has. It lives until the thread's next failure. */
WHYCAM_API const char* whycam_last_error(void);

/** An array of float32 in row-major order. Of an input, dimension 0 is the examples. */
typedef struct whycam_tensor {
  size_t struct_size;
  const int64_t* shape;
  size_t dimensions;
  const float* values;
} whycam_tensor;

/** An input or output as the network's file declares it. */
typedef struct whycam_port {
  size_t struct_size;
  const char* name;
  const int64_t* shape; /**< -1 where an extent is left open */
  size_t dimensions;    /**< 0 where nothing is said */
} whycam_port;

/* Networks */

/** A network; immutable. */
typedef struct whycam_network whycam_network;

/** Reads a file: .pt2 or ONNX, or TorchScript where the library was built with libtorch. whycam_network_free. */
WHYCAM_API whycam_status whycam_load(const char* path, whycam_network** network);
/** The same of bytes, which are copied; messages call them by `name`. */
WHYCAM_API whycam_status whycam_load_bytes(const void* bytes, size_t size, const char* name, whycam_network** network);
/** The same network with the scores that enter its final softmax or sigmoid. whycam_network_free. */
WHYCAM_API whycam_status whycam_before_softmax(const whycam_network* network, whycam_network** scores);
WHYCAM_API void whycam_network_free(whycam_network* network);

WHYCAM_API size_t whycam_input_count(const whycam_network* network);
WHYCAM_API whycam_status whycam_input(const whycam_network* network, size_t index, whycam_port* input);
WHYCAM_API size_t whycam_output_count(const whycam_network* network);
WHYCAM_API whycam_status whycam_output(const whycam_network* network, size_t index, whycam_port* output);

/** A layer, as inputs of some shape make it. */
typedef struct whycam_layer {
  size_t struct_size;
  const char* path;   /**< what whycam_explain takes: "layer4.1.conv2" */
  const char* type;   /**< "Conv2d" */
  const char* layout; /**< where channels and space lie: "nchw", "nhwc", "14x14+1"; "" where that is not known */
  int fit_for_grad_cam;
  int is_default;
} whycam_layer;

typedef struct whycam_layers whycam_layers;

/** The layers in the order in which they run, for inputs of the shapes of these tensors, whose values are not read and
 * may be NULL. whycam_layers_free. */
WHYCAM_API whycam_status whycam_list_layers(const whycam_network* network, const whycam_tensor* inputs, size_t count,
                                            whycam_layers** layers);
WHYCAM_API size_t whycam_layer_count(const whycam_layers* layers);
WHYCAM_API whycam_status whycam_layer_at(const whycam_layers* layers, size_t index, whycam_layer* layer);
WHYCAM_API void whycam_layers_free(whycam_layers* layers);

/* Options */

/** How an explanation is computed; see struct Options in whycam/network.h. */
typedef struct whycam_options whycam_options;

/** The defaults, which are Captum's. whycam_options_free. */
WHYCAM_API whycam_status whycam_options_new(whycam_options** options);
/** Sets an option by the name and in the words that the command has for it (without the hyphens in front): "method" to
 * "gradcam,guided-gradcam", "interpolate" to "bilinear", "integration-steps" to "20", "layer-input" to "true". */
WHYCAM_API whycam_status whycam_options_set(whycam_options* options, const char* name, const char* value);
/** The names that whycam_options_set knows, in their order; NULL behind the last. */
WHYCAM_API const char* whycam_option_name(size_t index);
WHYCAM_API void whycam_options_free(whycam_options* options);

/* Targets */

/** What is explained: a number for each example that the output says. */
typedef struct whycam_target whycam_target;

/** A class, for all examples. All of these: whycam_target_free. */
WHYCAM_API whycam_status whycam_target_class(int64_t index, whycam_target** target);
/** An element of an output of more dimensions, for all examples: one index for each dimension behind the first. */
WHYCAM_API whycam_status whycam_target_at(const int64_t* indices, size_t count, whycam_target** target);
/** A class for each example. */
WHYCAM_API whycam_status whycam_target_per_example(const int64_t* indices, size_t count, whycam_target** target);
/** The class with the largest score of each example, or the one after it (rank 1), and so on; of an output N x K. */
WHYCAM_API whycam_status whycam_target_best(size_t rank, whycam_target** target);
/** The cosine similarity of the output with an embedding, of one example's shape. */
WHYCAM_API whycam_status whycam_target_similarity(const whycam_tensor* reference, whycam_target** target);
/** A class of an output N x classes x space, summed over places: all of them ("all"), those where it is the best class
 * ("predicted"), or those where a mask of the output's spatial extent is not 0 ("mask"; it is NULL otherwise). */
WHYCAM_API whycam_status whycam_target_over(const whycam_target* target, const char* region, const whycam_tensor* mask,
                                            whycam_target** over);
/** What speaks against a target. */
WHYCAM_API whycam_status whycam_target_negated(const whycam_target* target, whycam_target** negated);
/** What speaks for one target rather than for another. */
WHYCAM_API whycam_status whycam_target_minus(const whycam_target* target, const whycam_target* other,
                                             whycam_target** difference);
WHYCAM_API void whycam_target_free(whycam_target* target);

/* Explanations */

typedef struct whycam_explanation whycam_explanation;

/** Compiles what explanations of these shapes need, before the first of them is waited for; arguments as below, but for
 * the tensors' values, which are not read and may be NULL. */
WHYCAM_API whycam_status whycam_prepare(const whycam_network* network, const whycam_tensor* inputs, size_t input_count,
                                        const char* layer, const whycam_options* options);
/** How many bytes of plans each network keeps for later, in the whole process, from now on. Default: 1 GiB. */
WHYCAM_API void whycam_limit_plan_memory(uint64_t bytes);
/** Keeps packed weights in a folder for the next process, from now on; "" or NULL, the default: nowhere. See
 * set_plan_cache in whycam/network.h. */
WHYCAM_API whycam_status whycam_set_plan_cache(const char* folder);

/** Explains inputs for several targets, from one forward pass. `layer`: NULL or "" for the network's default one;
 * `options`: NULL for the defaults. whycam_explanation_free. */
WHYCAM_API whycam_status whycam_explain(const whycam_network* network, const whycam_tensor* inputs, size_t input_count,
                                        const char* layer, const whycam_target* const* targets, size_t target_count,
                                        const whycam_options* options, whycam_explanation** explanation);
WHYCAM_API void whycam_explanation_free(whycam_explanation* explanation);

/** The network's output. */
WHYCAM_API whycam_status whycam_explanation_output(const whycam_explanation* explanation, whycam_tensor* output);
/** The layer that it was computed at. */
WHYCAM_API const char* whycam_explanation_layer(const whycam_explanation* explanation);
/** The explained number of each example. */
WHYCAM_API whycam_status whycam_explanation_scores(const whycam_explanation* explanation, size_t target,
                                                   const float** scores, size_t* count);
/** A method's attributions for an input: of its shape, or a heat map resized to it, N x 1 x (its spatial extent).
 * `method` is the command's name: "guided-gradcam". */
WHYCAM_API whycam_status whycam_explanation_attributions(const whycam_explanation* explanation, size_t target,
                                                         const char* method, size_t input, whycam_tensor* attributions);
/** A heat map as it is at the layer, before it is resized: N x 1 x (the layer's spatial extent). */
WHYCAM_API whycam_status whycam_explanation_heat_map(const whycam_explanation* explanation, size_t target,
                                                     const char* method, whycam_tensor* heat_map);
/** By how much integrated gradients miss their sum, for each example; none where they were not asked for. */
WHYCAM_API whycam_status whycam_explanation_completeness_error(const whycam_explanation* explanation, size_t target,
                                                               const float** errors, size_t* count);
/** How many ReLUs were guided. */
WHYCAM_API int64_t whycam_explanation_relus_guided(const whycam_explanation* explanation);
/** Which engine ran: "compiled" or "autograd". */
WHYCAM_API const char* whycam_explanation_engine(const whycam_explanation* explanation);
/** What a careful reader should know, a sentence each; NULL behind the last. */
WHYCAM_API const char* whycam_explanation_warning(const whycam_explanation* explanation, size_t index);

#ifdef __cplusplus
}
#endif

#endif /* WHYCAM_C_H */

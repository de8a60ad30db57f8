// The attribution methods and their names.
#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"

namespace whycam {

/// The attributions that explain() can compute. Sources: grad_cam, Selvaraju et al. 2017, equations 1 and 2;
/// guided_backprop, Springenberg et al. 2014; guided_grad_cam, Selvaraju et al. 2017, section 3.2: the product of the
/// two; deconvolution, Zeiler and Fergus 2014; the others in their files in src/methods. eigen_cam reads neither the
/// gradient nor the target: it shows what stands out at the layer, for whatever class.
enum class Method {
#define WHYCAM_METHOD(name) name,
#include "whycam/methods.def"
#undef WHYCAM_METHOD
};

/// Every method, in a fixed order.
WHYCAM_API const std::vector<Method>& all_methods();
/// What is computed where nothing else is asked for: Grad-CAM, guided backpropagation and their product.
WHYCAM_API const std::vector<Method>& default_methods();

/// The method's name on the command line and in file names: "gradcam".
WHYCAM_API const char* to_string(Method method);
/// The method of that name; throws InputError, which lists the names, where there is none.
WHYCAM_API Method method_named(const std::string& name);
/// The method's name in prose: "Grad-CAM".
WHYCAM_API const char* title(Method method);

/// Whether the method gives a heat map: not negative, one channel, from a layer, resized to the inputs. Others give
/// signed numbers, one for each number of the inputs.
WHYCAM_API bool is_heat_map(Method method);
/// Whether the method reads a layer: heat maps, and products with one.
WHYCAM_API bool needs_layer(Method method);

}  // namespace whycam

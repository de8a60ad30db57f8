#include "backends/onednn/private_library.h"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace whycam::onednn {
namespace {

/// Never closed: what comes from it may live as long as the process.
void* load() {
  // RTLD_LOCAL hides the library's functions from all others, and RTLD_DEEPBIND all others' from the library: both
  // oneDNNs have functions of the C++ library's templates with types of their own (std::call_once, for one) that the
  // dynamic linker would otherwise take for the same.
  int flags = RTLD_NOW | RTLD_LOCAL;
#if !defined(__SANITIZE_ADDRESS__)  // AddressSanitizer ends a process that binds deeply
  flags |= RTLD_DEEPBIND;
#endif
  for (const char* library : {WHYCAM_ONEDNN_SONAME, WHYCAM_ONEDNN_FILE})
    if (void* loaded = dlopen(library, flags)) return loaded;
  throw std::runtime_error(std::string("the oneDNN that plans run on cannot be loaded: ") + dlerror());
}

}  // namespace

void* private_function(const char* name) {
  static void* const library = load();
  if (void* function = dlsym(library, name)) return function;
  throw std::runtime_error(std::string("the oneDNN that plans run on lacks ") + name);
}

}  // namespace whycam::onednn

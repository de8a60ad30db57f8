// Networks from wherever they are. Which kinds there are, explain::open() knows, which is another one with libtorch.
#include "explain/network_state.h"

namespace whycam {

Network Network::load(const std::filesystem::path& path) { return explain::open(path); }

Network Network::load(std::string bytes, const std::string& name) { return explain::open({std::move(bytes), name}); }

Network Network::load(std::istream& stream, const std::string& name) { return explain::open({stream, name}); }

}  // namespace whycam

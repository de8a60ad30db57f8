// Networks from wherever they are. Which kinds there are, explain::open() knows, which is another one with libtorch.
#include <sstream>

#include "explain/network_state.h"
#include "whycam/errors.h"

namespace whycam {

Network Network::load(const std::filesystem::path& path) { return explain::open(path); }

Network Network::load(std::string bytes, const std::string& name) { return explain::open({std::move(bytes), name}); }

Network Network::load(std::istream& stream, const std::string& name) {
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  if (stream.bad()) throw ModelError("cannot read the network " + name + " from its stream");
  return load(bytes.str(), name);
}

}  // namespace whycam

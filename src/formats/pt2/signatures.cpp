#include "formats/pt2/signatures.h"

#include <map>
#include <sstream>

namespace whycam::pt2 {
namespace {

using Names = std::vector<std::string>;

Names words(const std::string& text) {
  std::istringstream stream(text);
  Names result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

const std::map<std::string, Names>& all() {
  static const std::map<std::string, Names> signatures{
#define SIGNATURE(name, arguments) {#name, words(arguments)},
#include "formats/pt2/signatures.def"
#undef SIGNATURE
  };
  return signatures;
}

}  // namespace

const std::vector<std::string>* signature(const std::string& op, const std::string& overload) {
  auto found = all().find(op + "." + overload);
  if (found == all().end()) found = all().find(op);
  return found == all().end() ? nullptr : &found->second;
}

}  // namespace whycam::pt2

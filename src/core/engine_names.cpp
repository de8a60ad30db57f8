#include <cstdlib>

#include "core/name_table.h"
#include "whycam/engine.h"
#include "whycam/errors.h"
#include "whycam/version.h"

namespace whycam {
namespace {

constexpr core::NameTable<Engine, 3> names{{
    {Engine::automatic, "automatic"},
    {Engine::autograd, "autograd"},
    {Engine::compiled, "compiled"},
}};

}  // namespace

const char* to_string(Engine engine) { return core::name_in(names, engine); }

Engine engine_named(const std::string& name) {
  if (const auto engine = core::value_in(names, name)) return *engine;
  throw InputError("there is no engine \"" + name + "\"; the engines are automatic, autograd and compiled");
}

Engine chosen_engine(Engine engine) {
  const char* environment = std::getenv("WHYCAM_ENGINE");
  const Engine chosen = engine == Engine::automatic && environment && *environment ? engine_named(environment) : engine;
  if (chosen == Engine::autograd && !WHYCAM_TORCH)
    throw InputError(
        "this whycam was built without libtorch and has no autograd engine; take compiled, which explains ONNX "
        "networks");
  return chosen;
}

}  // namespace whycam

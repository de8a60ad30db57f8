#include "core/name_table.h"
#include "whycam/engine.h"
#include "whycam/errors.h"

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

}  // namespace whycam

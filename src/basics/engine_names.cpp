#include "basics/name_table.h"
#include "whycam/engine.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

constexpr basics::NameTable<Engine, 3> names{{
    {Engine::automatic, "automatic"},
    {Engine::autograd, "autograd"},
    {Engine::compiled, "compiled"},
}};

}  // namespace

const char* to_string(Engine engine) { return basics::name_in(names, engine); }

Engine engine_named(const std::string& name) {
  if (const auto engine = basics::value_in(names, name)) return *engine;
  throw InputError("there is no engine \"" + name + "\"; the engines are automatic, autograd and compiled");
}

}  // namespace whycam

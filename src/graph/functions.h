// The functions of one number that networks apply to every element.
#pragma once

#include <cstddef>

namespace whycam::graph {

#define FUNCTION(name, value, derivative) name,
enum class Function {
#include "graph/functions.def"
};
#undef FUNCTION

#define FUNCTION(name, value, derivative) +1
constexpr std::size_t function_count = 0
#include "graph/functions.def"
    ;
#undef FUNCTION

struct FunctionRecord {
  const char* name;
  double (*value)(double x, double a, double b);
  double (*derivative)(double x, double a, double b);
};

const FunctionRecord& record(Function function);

}  // namespace whycam::graph

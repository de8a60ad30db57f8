#include "core/layer_name.h"

#include <gtest/gtest.h>

namespace whycam::core {
namespace {

struct Case {
  const char* name;
  const char* path;
  std::optional<std::int64_t> call;
  std::optional<std::string> tensor;
};

TEST(LayerNames, HaveAPathACallAndATensor) {
  const Case cases[] = {
      {"body", "body", {}, {}},
      {"body@1", "body", 1, {}},
      {"body:0", "body", {}, "0"},
      {"body:out", "body", {}, "out"},
      {"body@1:0", "body", 1, "0"},
      {"layer4.1@12:features", "layer4.1", 12, "features"},
      {"r2:0", "r2", {}, "0"},
      {"r2:0:1", "r2:0", {}, "1"},
      {"a:b@1", "a:b", 1, {}},
      {"/features/12/Concat", "/features/12/Concat", {}, {}},
      {"user@example", "user@example", {}, {}},
      {"@1", "@1", {}, {}},
      {":0", ":0", {}, {}},
      {"body@", "body@", {}, {}},
      {"body:", "body:", {}, {}},
      {"body@-1", "body@-1", {}, {}},
      {"body@99999999999999999999", "body@99999999999999999999", {}, {}},
      {"", "", {}, {}},
  };
  for (const Case& one : cases) {
    const LayerName name = parse_layer_name(one.name);
    EXPECT_EQ(name.path, one.path) << one.name;
    EXPECT_EQ(name.call, one.call) << one.name;
    EXPECT_EQ(name.tensor, one.tensor) << one.name;
  }
}

TEST(LayerNames, NameTensorsByIndexOrName) {
  EXPECT_EQ(parse_layer_name("body:3").tensor_index(), 3);
  EXPECT_EQ(parse_layer_name("body:out").tensor_index(), std::nullopt);
  EXPECT_EQ(parse_layer_name("body").tensor_index(), std::nullopt);
  EXPECT_EQ(parse_layer_name("body" + call_suffix(2)).call, 2);
}

}  // namespace
}  // namespace whycam::core

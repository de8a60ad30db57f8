// Which numbers a target chooses, and what it says when it chooses none.
#include <gtest/gtest.h>

#include "support/reference.h"

namespace whycam::test {
namespace {

using Rows = std::vector<Target::Indices>;

TEST(Target, AnIntegerIsTheClassOfEveryExample) {
  EXPECT_EQ(Target(3).resolve({2, 5}), (Rows{{3}, {3}}));
  EXPECT_EQ(Target(torch::tensor(3)).resolve({2, 5}), (Rows{{3}, {3}}));
  EXPECT_EQ(Target(torch::tensor({3})).resolve({2, 5}), (Rows{{3}, {3}}));
  EXPECT_EQ(Target(torch::tensor({3}, torch::kInt)).resolve({2, 5}), (Rows{{3}, {3}}));
  EXPECT_EQ(Target(3).resolve({2, 5, 1, 1}), (Rows{{3, 0, 0}, {3, 0, 0}}));
}

TEST(Target, AListIsAClassForEachExample) {
  EXPECT_EQ(Target::per_example({3, 0}).resolve({2, 5}), (Rows{{3}, {0}}));
  EXPECT_EQ(Target(torch::tensor({3, 0})).resolve({2, 5}), (Rows{{3}, {0}}));
}

TEST(Target, TuplesIndexTheFurtherDimensions) {
  EXPECT_EQ(Target::at({1, 2}).resolve({2, 5, 4}), (Rows{{1, 2}, {1, 2}}));
  EXPECT_EQ(Target::per_example_at({{1, 2}, {0, 3}}).resolve({2, 5, 4}), (Rows{{1, 2}, {0, 3}}));
}

TEST(Target, NoneNeedsOneNumberAnExample) {
  EXPECT_EQ(Target().resolve({2}), (Rows{{}, {}}));
  EXPECT_EQ(Target().resolve({2, 1}), (Rows{{0}, {0}}));
  EXPECT_THROW(Target().resolve({2, 5}), TargetError);
}

TEST(Target, OutsideTheOutputIsAnError) {
  for (const Target& target :
       {Target(5), Target(-1), Target::at({1, 0}), Target::per_example({0, 5}), Target::per_example({0}),
        Target::per_example({0, 1, 2}), Target::per_example_at({{0}, {7}}), Target::at({})})
    EXPECT_THROW(target.resolve({2, 5}), TargetError) << target.to_string();
  EXPECT_THROW(Target(1).resolve({2, 5, 4}), TargetError);
  EXPECT_THROW(Target::per_example({1, 1}).resolve({2, 5, 4}), TargetError);
  EXPECT_THROW(Target(0).resolve({}), TargetError);
}

TEST(Target, TensorsHoldIntegersInOneDimension) {
  EXPECT_THROW(Target(torch::tensor(1.5)), TargetError);
  EXPECT_THROW(Target(torch::tensor(true)), TargetError);
  EXPECT_THROW(Target(torch::zeros({2, 2}, torch::kLong)), TargetError);
  EXPECT_THROW(Target(torch::Tensor()), TargetError);
}

TEST(Target, MessagesNameTheValueAndTheRange) {
  try {
    Target(7).resolve({1, 5});
    FAIL();
  } catch (const TargetError& error) {
    EXPECT_NE(std::string(error.what()).find("7"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("0 to 4"), std::string::npos);
  }
}

TEST(Target, ReadsAsText) {
  EXPECT_EQ(Target().to_string(), "none");
  EXPECT_EQ(Target(3).to_string(), "3");
  EXPECT_EQ(Target::at({1, 2}).to_string(), "(1, 2)");
  EXPECT_EQ(Target::per_example({3, 5}).to_string(), "[3, 5]");
}

}  // namespace
}  // namespace whycam::test

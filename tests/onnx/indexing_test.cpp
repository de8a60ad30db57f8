// What is taken from places that tuples of indices name, and what is put there.
#include <gtest/gtest.h>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

using Numbers = std::vector<double>;

const graph::Shape shape{2, 3};
const Numbers input{1, 2, 3, 4, 5, 6};

ModelBuilder builder_with(const proto::TensorProto& indices) {
  ModelBuilder builder(16);
  builder.input("x", shape).output("y").tensor(indices);
  return builder;
}

Numbers evaluated_by(ModelBuilder& builder) { return evaluated(*builder.network(), {shape}, {input}); }

TEST(OnnxIndexing, PutsRowsOfATensorIntoAnother) {
  ModelBuilder builder = builder_with(integers_of("i", {1, 1}, {-1}));
  builder.tensor(tensor_of("row", {1, 3}, {7, 8, 9})).node("ScatterND", {"x", "i", "row"}, {"y"});
  EXPECT_EQ(evaluated_by(builder), (Numbers{1, 2, 3, 7, 8, 9}));
}

TEST(OnnxIndexing, PutsWhatDependsOnTheInputsToo) {
  ModelBuilder builder = builder_with(integers_of("i", {2, 2}, {0, 2, 1, 0}));
  builder.tensor(integers_of("of", {2, 2}, {1, 1, 0, 0})).node("GatherND", {"x", "of"}, {"taken"});
  builder.node("ScatterND", {"x", "i", "taken"}, {"y"});
  EXPECT_EQ(evaluated_by(builder), (Numbers{1, 2, 5, 1, 5, 6}));
}

TEST(OnnxIndexing, LetsTheLastOfSeveralForOnePlaceStay) {
  ModelBuilder builder = builder_with(integers_of("i", {2, 1}, {0, 0}));
  builder.tensor(tensor_of("rows", {2, 3}, {7, 7, 7, 8, 8, 8})).node("ScatterND", {"x", "i", "rows"}, {"y"});
  EXPECT_EQ(evaluated_by(builder), (Numbers{8, 8, 8, 4, 5, 6}));
}

TEST(OnnxIndexing, TakesRows) {
  ModelBuilder builder = builder_with(integers_of("i", {2, 1}, {1, 0}));
  builder.node("GatherND", {"x", "i"}, {"y"});
  EXPECT_EQ(evaluated_by(builder), (Numbers{4, 5, 6, 1, 2, 3}));
}

/// y = x + c, where c is computed from constants.
TEST(OnnxIndexing, ComputesConstants) {
  ModelBuilder builder = builder_with(integers_of("i", {2, 2}, {0, 2, 1, 0}));
  builder.tensor(tensor_of("zeros", shape, {0, 0, 0, 0, 0, 0})).tensor(tensor_of("values", {2}, {10, 20}));
  builder.node("ScatterND", {"zeros", "i", "values"}, {"c"}).node("Add", {"x", "c"}, {"y"});
  EXPECT_EQ(evaluated_by(builder), (Numbers{1, 2, 13, 24, 5, 6}));
  ModelBuilder taken = builder_with(integers_of("i", {1, 1}, {1}));
  taken.tensor(integers_of("table", {2, 1}, {0, 2})).node("GatherND", {"table", "i"}, {"at"});
  taken.node("Gather", {"x", "at"}, {"y"}, {{"axis", std::int64_t{1}}});
  EXPECT_EQ(evaluated_by(taken), (Numbers{3, 6}));
}

void expect_refused(ModelBuilder& builder, const std::string& reason) {
  try {
    evaluated_by(builder);
    ADD_FAILURE() << "nothing was refused";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
}

TEST(OnnxIndexing, RefusesWhatItDoesNotKnow) {
  ModelBuilder beyond = builder_with(integers_of("i", {1, 1}, {2}));
  expect_refused(beyond.node("GatherND", {"x", "i"}, {"y"}), "the index 2 of an axis of 2");
  ModelBuilder added = builder_with(integers_of("i", {1, 1}, {0}));
  added.tensor(tensor_of("row", {1, 3}, {7, 8, 9}));
  expect_refused(added.node("ScatterND", {"x", "i", "row"}, {"y"}, {{"reduction", std::string("add")}}),
                 "the reduction add");
  ModelBuilder longer = builder_with(integers_of("i", {1, 3}, {0, 0, 0}));
  expect_refused(longer.node("GatherND", {"x", "i"}, {"y"}), "tuples of 3 indices for 2 dimensions");
  ModelBuilder fewer = builder_with(integers_of("i", {1, 1}, {0}));
  fewer.tensor(tensor_of("row", {1, 2}, {7, 8}));
  expect_refused(fewer.node("ScatterND", {"x", "i", "row"}, {"y"}), "ScatterND");
}

}  // namespace
}  // namespace whycam::onnx

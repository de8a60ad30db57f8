#include "graph/einsum.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

/// What an axis is called. Those that "..." stands for are counted from the last: -1, -2, …
using Labels = std::vector<int>;

bool has(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

/// A tensor with its axes' labels.
struct Labelled {
  Value value = no_value;
  Labels labels;
};

/// The labels of one operand; `dimensions` tells how many axes "..." stands for.
Labels labels_of(const std::string& text, std::size_t dimensions) {
  Labels labels;
  const std::size_t dots = text.find("...");
  const std::size_t letters = text.size() - (dots == std::string::npos ? 0 : 3);
  require(dots == std::string::npos ? letters == dimensions : letters <= dimensions, "the term \"", text,
          "\" for a tensor of ", dimensions, " dimensions");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      for (std::size_t d = dimensions - letters; d-- > 0;) labels.push_back(-1 - static_cast<int>(d));
      i += 2;
      continue;
    }
    require(std::isalpha(static_cast<unsigned char>(text[i])) != 0, "the term \"", text, "\"");
    require(!has(labels, text[i]), "the diagonal of \"", text, "\"");
    labels.push_back(text[i]);
  }
  return labels;
}

class Summation {
 public:
  Summation(Graph& graph, const std::string& equation, const std::vector<Value>& operands) : graph_(graph) {
    std::string text;
    std::copy_if(equation.begin(), equation.end(), std::back_inserter(text), [](char c) { return c != ' '; });
    const std::size_t arrow = text.find("->");
    const std::string left = text.substr(0, arrow);
    std::size_t from = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      require(from <= left.size(), "fewer terms than tensors in \"", equation, "\"");
      const std::size_t to = std::min(left.find(',', from), left.size());
      operands_.push_back({operands[i], labels_of(left.substr(from, to - from), graph.shape(operands[i]).size())});
      from = to + 1;
    }
    require(from == left.size() + 1 && !operands_.empty(), "another number of terms than tensors in \"", equation,
            "\"");
    if (arrow != std::string::npos)
      result_ = result_of(text.substr(arrow + 2));
    else
      result_ = implied();
  }

  Value value() {
    Labelled total = operands_[0];
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      Labels later = result_;
      for (std::size_t j = i + 1; j < operands_.size(); ++j)
        later.insert(later.end(), operands_[j].labels.begin(), operands_[j].labels.end());
      if (i > 0) total = product(total, operands_[i], later);
      total = summed(total, [&](int label) { return has(later, label); });
    }
    require(total.labels.size() == result_.size(), "a result with an axis that no tensor has");
    return laid(total, result_);
  }

 private:
  Labels result_of(const std::string& text) const {
    std::size_t dots = 0;
    for (const Labelled& operand : operands_)
      dots =
          std::max<std::size_t>(dots, static_cast<std::size_t>(std::count_if(
                                          operand.labels.begin(), operand.labels.end(), [](int l) { return l < 0; })));
    const bool ellipsis = text.find("...") != std::string::npos;
    Labels labels = labels_of(text, text.size() - (ellipsis ? 3 : 0) + (ellipsis ? dots : 0));
    return labels;
  }

  /// Without an arrow: what "..." stands for, then the letters that come once, in their order.
  Labels implied() const {
    std::map<int, int> count;
    for (const Labelled& operand : operands_)
      for (const int label : operand.labels) ++count[label];
    Labels labels;
    for (const auto& [label, times] : count)  // -2 stands in front of -1, and both of all letters
      if (label < 0 || times == 1) labels.push_back(label);
    return labels;
  }

  std::int64_t extent(const Labelled& x, int label) const {
    const auto found = std::find(x.labels.begin(), x.labels.end(), label);
    return found == x.labels.end() ? 1 : graph_.shape(x.value)[static_cast<std::size_t>(found - x.labels.begin())];
  }

  /// The sum over what is not kept.
  template <class Keeps>
  Labelled summed(const Labelled& x, const Keeps& keeps) {
    Integers axes;
    Labels left;
    Shape shape;
    for (std::size_t d = 0; d < x.labels.size(); ++d)
      if (keeps(x.labels[d])) {
        left.push_back(x.labels[d]);
        shape.push_back(graph_.shape(x.value)[d]);
      } else {
        axes.push_back(static_cast<std::int64_t>(d));
      }
    return axes.empty() ? x : Labelled{graph_.reshape(graph_.sum(x.value, axes), shape), left};
  }

  /// With its axes in this order.
  Value laid(const Labelled& x, const Labels& order) {
    Integers permutation;
    for (const int label : order) {
      const auto found = std::find(x.labels.begin(), x.labels.end(), label);
      require(found != x.labels.end(), "a result with an axis that no tensor has");
      permutation.push_back(found - x.labels.begin());
    }
    return permutation.empty() ? x.value : graph_.transpose(x.value, permutation);
  }

  /// Sums over what both have and nobody reads later, as a product of matrices. Axes of extent 1 are broadcast.
  Labelled product(const Labelled& a, const Labelled& b, const Labels& later) {
    const Labelled x = summed(a, [&](int l) { return has(later, l) || has(b.labels, l); });
    const Labelled y = summed(b, [&](int l) { return has(later, l) || has(x.labels, l); });
    Labels both, rows, inner, columns;
    for (const int label : x.labels) (has(y.labels, label) ? has(later, label) ? both : inner : rows).push_back(label);
    for (const int label : y.labels)
      if (!has(x.labels, label)) columns.push_back(label);
    for (const int label : inner)
      require(extent(x, label) == extent(y, label), "tensors of different extents along one axis");
    const Value left = matrices(x, both, rows, inner), right = matrices(y, both, inner, columns);
    Shape shape;
    for (const int label : both) {
      const std::int64_t one = extent(x, label), other = extent(y, label);
      require(one == other || one == 1 || other == 1, "tensors of different extents along one axis");
      shape.push_back(std::max(one, other));
    }
    for (const int label : rows) shape.push_back(extent(x, label));
    for (const int label : columns) shape.push_back(extent(y, label));
    Labels labels = both;
    labels.insert(labels.end(), rows.begin(), rows.end());
    labels.insert(labels.end(), columns.begin(), columns.end());
    return {graph_.reshape(graph_.add(Operator::matmul, {left, right}, MatmulAttributes{}), shape), labels};
  }

  /// As batches of matrices whose rows and columns each stand for several axes.
  Value matrices(const Labelled& x, const Labels& batch, const Labels& rows, const Labels& columns) {
    Labels order = batch;
    order.insert(order.end(), rows.begin(), rows.end());
    order.insert(order.end(), columns.begin(), columns.end());
    Shape shape;
    for (const int label : batch) shape.push_back(extent(x, label));
    for (const Labels* labels : {&rows, &columns}) {
      shape.push_back(1);
      for (const int label : *labels) shape.back() *= extent(x, label);
    }
    return graph_.reshape(laid(x, order), shape);
  }

  Graph& graph_;
  std::vector<Labelled> operands_;
  Labels result_;
};

}  // namespace

Value einsum(Graph& graph, const std::string& equation, const std::vector<Value>& operands) {
  return Summation(graph, equation, operands).value();
}

}  // namespace whycam::graph

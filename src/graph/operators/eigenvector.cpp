#include <algorithm>
#include <cmath>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

Shape eigenvector_shape(const Question& question) {
  const Shape &matrices = question.inputs[0], &like = question.inputs[1];
  require(matrices.size() == 3 && matrices[1] == matrices[2], "eigenvectors need N square matrices, not ", matrices);
  const Shape shape{matrices[0], matrices[1], 1};
  require(like == shape, "the signs of eigenvectors need a tensor of ", shape, ", not ", like);
  return shape;
}

/// Jacobi's method: turns a symmetric matrix pair of axes by pair until it is diagonal. The columns of `turned` are
/// then its eigenvectors.
class Jacobi {
 public:
  Jacobi(const double* matrix, std::size_t size) : n_(size), a_(matrix, matrix + size * size), turned_(size * size) {
    for (std::size_t i = 0; i < n_; ++i) turned_[i * n_ + i] = 1;
    for (int sweep = 0; sweep < 60; ++sweep)
      for (std::size_t p = 0; p < n_; ++p)
        for (std::size_t q = p + 1; q < n_; ++q)
          if (a_[p * n_ + q] != 0) turn(p, q);
  }
  std::vector<double> principal() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < n_; ++i)
      if (a_[i * n_ + i] > a_[best * n_ + best]) best = i;
    std::vector<double> vector;
    for (std::size_t i = 0; i < n_; ++i) vector.push_back(turned_[i * n_ + best]);
    return vector;
  }

 private:
  void turn(std::size_t p, std::size_t q) {
    const double ratio = (a_[q * n_ + q] - a_[p * n_ + p]) / (2 * a_[p * n_ + q]);
    const double tangent = std::copysign(1 / (std::fabs(ratio) + std::sqrt(ratio * ratio + 1)), ratio);
    const double cosine = 1 / std::sqrt(tangent * tangent + 1), sine = tangent * cosine;
    for (std::size_t i = 0; i < n_; ++i) rotate(a_[i * n_ + p], a_[i * n_ + q], cosine, sine);
    for (std::size_t i = 0; i < n_; ++i) rotate(a_[p * n_ + i], a_[q * n_ + i], cosine, sine);
    for (std::size_t i = 0; i < n_; ++i) rotate(turned_[i * n_ + p], turned_[i * n_ + q], cosine, sine);
  }
  static void rotate(double& x, double& y, double cosine, double sine) {
    const double kept = x;
    x = cosine * kept - sine * y;
    y = sine * kept + cosine * y;
  }

  std::size_t n_;
  std::vector<double> a_, turned_;
};

Tensor evaluate_eigenvector(const Node& node, const Tensors& inputs) {
  const auto n = static_cast<std::size_t>(node.shape[1]);
  Tensor result{node.shape, {}};
  for (std::size_t example = 0; example < static_cast<std::size_t>(node.shape[0]); ++example) {
    std::vector<double> vector = Jacobi(inputs[0]->values.data() + example * n * n, n).principal();
    double likeness = 0;
    for (std::size_t i = 0; i < n; ++i) likeness += vector[i] * inputs[1]->values[example * n + i];
    for (const double x : vector) result.values.push_back(likeness < 0 ? -x : x);
  }
  return result;
}

/// It is taken as it is.
std::vector<Value> no_gradient(GradientQuestion&) { return {no_value, no_value}; }

}  // namespace

/// (N symmetric matrices without negative eigenvalues, N vectors): the eigenvector of each that has the largest
/// eigenvalue, of length 1 and with the sign in which its product with the vector is not negative. Of a matrix of zeros
/// it is any vector.
const Record records::principal_eigenvector{eigenvector_shape, evaluate_eigenvector, no_gradient};

}  // namespace whycam::graph

// Lanczos' method for the largest eigenvalue (Golub and Van Loan, "Matrix Computations", chapter 10), with all vectors
// kept orthogonal.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"

namespace whycam::onednn::kernels {
namespace {

using Vector = std::vector<double>;

WHYCAM_HOT double product(const double* a, const double* b, std::int64_t size) {
  constexpr std::int64_t lanes = 16;  // sums that do not wait for each other
  double sums[lanes] = {}, sum = 0;
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < size; ++i) sum += a[i] * b[i];
  for (const double one : sums) sum += one;
  return sum;
}

/// a -= factor * b
WHYCAM_HOT void subtract(double* a, double factor, const double* b, std::int64_t size) {
  WHYCAM_INDEPENDENT
  for (std::int64_t i = 0; i < size; ++i) a[i] -= factor * b[i];
}

/// result += x[row] * row, for a symmetric matrix: a sum of rows, which is a loop of vectors.
WHYCAM_HOT void add_rows(const float* matrix, const float* x, float* result, std::int64_t size) {
  for (std::int64_t row = 0; row < size; ++row) {
    const float *from = matrix + row * size, factor = x[row];
    WHYCAM_INDEPENDENT
    for (std::int64_t i = 0; i < size; ++i) result[i] += factor * from[i];
  }
}

/// A symmetric tridiagonal matrix's largest eigenvalue and its eigenvector.
class Tridiagonal {
 public:
  Tridiagonal(const Vector& diagonal, const Vector& beside) : diagonal_(diagonal), beside_(beside) {
    double low = diagonal[0], high = diagonal[0];
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      const double around = (i > 0 ? beside[i - 1] : 0) + (i + 1 < diagonal.size() ? beside[i] : 0);
      low = std::max(low, diagonal[i]);
      high = std::max(high, diagonal[i] + around);  // Gershgorin's circles
    }
    for (int i = 0; i < 60 && low < high; ++i) {
      const double middle = low + (high - low) / 2;
      (is_above_all(middle) ? high : low) = middle;
    }
    value = high;
    find_vector();
  }
  double value;
  Vector vector;

 private:
  double square(std::size_t row) const { return beside_[row] * beside_[row]; }
  /// Whether at * I - T has positive pivots alone.
  bool is_above_all(double at) const {
    double pivot = 1;
    for (std::size_t row = 0; row < diagonal_.size(); ++row)
      if (!((pivot = at - diagonal_[row] - (row > 0 ? square(row - 1) / pivot : 0)) > 0)) return false;
    return true;
  }
  /// By pivots from above and from below that meet in the row where the vector is large: there they are no small
  /// differences (Dhillon 1997, "A New O(n^2) Algorithm for the Symmetric Tridiagonal Eigenvalue/Eigenvector Problem").
  void find_vector() {
    const std::size_t size = diagonal_.size();
    Vector above(size), below(size);
    for (std::size_t row = 0; row < size; ++row)
      above[row] = value - diagonal_[row] - (row > 0 ? square(row - 1) / above[row - 1] : 0);
    for (std::size_t row = size; row-- > 0;)
      below[row] = value - diagonal_[row] - (row + 1 < size ? square(row) / below[row + 1] : 0);
    const auto left = [&](std::size_t row) { return std::fabs(above[row] + below[row] - (value - diagonal_[row])); };
    std::size_t twist = 0;
    for (std::size_t row = 1; row < size; ++row)
      if (left(row) < left(twist)) twist = row;
    vector.assign(size, 1);
    for (std::size_t row = twist; row-- > 0;) vector[row] = beside_[row] / above[row] * vector[row + 1];
    for (std::size_t row = twist; row + 1 < size; ++row) vector[row + 1] = beside_[row] / below[row + 1] * vector[row];
    const double length = std::sqrt(product(vector.data(), vector.data(), static_cast<std::int64_t>(size)));
    for (double& x : vector) x /= length;
  }

  const Vector &diagonal_, &beside_;
};

class Lanczos {
 public:
  Lanczos(const float* matrix, const float* like, std::int64_t size) : matrix_(matrix), like_(like), size_(size) {}

  void principal_eigenvector(float* result) {
    begin();
    Vector of_basis{1};
    const std::int64_t steps = std::min(size_, most);
    for (std::int64_t step = 1; step <= steps; ++step) {
      const double left = next_vector();
      if (step < steps && left > 0 && step % between_looks != 0) continue;
      const Tridiagonal projected(diagonal_, beside_);
      of_basis = projected.vector;
      // What is left of A v - value * v, which bounds the error of v up to the distance to the next eigenvalue.
      if (!(left * of_basis.back() > enough * projected.value)) break;
    }
    write(of_basis, result);
  }

 private:
  /// With 64 vectors, an eigenvalue that is a hundredth smaller than the first is told from it to 1e-5.
  static constexpr std::int64_t most = 64, between_looks = 6;
  static constexpr double enough = 1e-8;  ///< below the rounding of the matrix, which is of float32

  /// With what the vector is to go with, and something in all directions: what is orthogonal to it is never found.
  void begin() {
    double length = 0;
    for (std::int64_t i = 0; i < size_; ++i) length += std::fabs(like_[i]);
    Vector first;
    for (std::int64_t i = 0; i < size_; ++i)
      first.push_back((length > 0 ? like_[i] / length : 1) + 1e-2 / static_cast<double>(size_) * std::cos(i * i));
    add(first);
  }

  void add(Vector& vector) {
    const double length = std::sqrt(product(vector.data(), vector.data(), size_));
    for (double& x : vector) x /= length;
    basis_.insert(basis_.end(), vector.begin(), vector.end());
  }

  /// Projects the matrix on the last vector, too, and adds the next one; gives the length of what was left for it.
  double next_vector() {
    const auto count = static_cast<std::int64_t>(basis_.size()) / size_;
    Vector next = multiply(basis_.data() + (count - 1) * size_);
    diagonal_.push_back(product(next.data(), basis_.data() + (count - 1) * size_, size_));
    for (std::int64_t i = count; i-- > 0;) {  // the last two have most in common with it
      const double* other = basis_.data() + i * size_;
      subtract(next.data(), product(next.data(), other, size_), other, size_);
    }
    const double left = std::sqrt(product(next.data(), next.data(), size_));
    if (!(left > 1e-14 * std::fabs(diagonal_[0]))) return 0;
    beside_.push_back(left);
    add(next);
    return left;
  }

  Vector multiply(const double* vector) const {
    const std::vector<float> x(vector, vector + size_);
    std::vector<float> y(static_cast<std::size_t>(size_), 0.0F);
    add_rows(matrix_, x.data(), y.data(), size_);
    return {y.begin(), y.end()};
  }

  void write(const Vector& of_basis, float* result) const {
    Vector vector(static_cast<std::size_t>(size_), 0.0);
    for (std::size_t k = 0; k < of_basis.size(); ++k)
      for (std::size_t i = 0; i < vector.size(); ++i) vector[i] += of_basis[k] * basis_[k * vector.size() + i];
    double likeness = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) likeness += vector[i] * like_[i];
    for (std::size_t i = 0; i < vector.size(); ++i)
      result[i] = static_cast<float>(likeness < 0 ? -vector[i] : vector[i]);
  }

  const float *matrix_, *like_;
  std::int64_t size_;
  Vector basis_, diagonal_, beside_;
};

}  // namespace

void principal_eigenvector(const float* matrices, const float* like, float* result, std::int64_t count,
                           std::int64_t size) {
  for_each(count, size * size, [&](std::int64_t i) {
    Lanczos(matrices + i * size * size, like + i * size, size).principal_eigenvector(result + i * size);
  });
}

}  // namespace whycam::onednn::kernels

// Arithmetic on tensors of the file that is written: what an expression says becomes nodes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/emitter.h"

namespace whycam::onnx {

class Term {
 public:
  Term(Emitter& to_, std::string tensor) : to(&to_), tensor_(std::move(tensor)) {}
  operator const std::string&() const { return tensor_; }
  /// What an operator makes of it.
  Term as(const std::string& op, const std::vector<Setting>& settings = {}) const {
    return {*to, to->node(op, {tensor_}, settings)};
  }
  Term as(const std::string& op, const Term& second) const { return {*to, to->node(op, {tensor_, second})}; }
  Term number(double number) const { return {*to, to->number(number)}; }

  Emitter* to;

 private:
  std::string tensor_;
};

inline Term operator-(const Term& x) { return x.as("Neg"); }
inline Term operator+(const Term& a, const Term& b) { return a.as("Add", b); }
inline Term operator-(const Term& a, const Term& b) { return a.as("Sub", b); }
inline Term operator*(const Term& a, const Term& b) { return a.as("Mul", b); }
inline Term operator/(const Term& a, const Term& b) { return a.as("Div", b); }
inline Term operator+(const Term& a, double b) { return b == 0 ? a : a + a.number(b); }
inline Term operator-(double a, const Term& b) { return b.number(a) - b; }
inline Term operator*(const Term& a, double b) { return b == 1 ? a : b == -1 ? -a : a * a.number(b); }
inline Term operator>(const Term& x, double bound) { return x.as("Greater", x.number(bound)); }
inline Term operator<(const Term& x, double bound) { return x.as("Less", x.number(bound)); }
inline Term where(const Term& mask, const Term& then, const Term& otherwise) {
  return {*mask.to, mask.to->node("Where", {mask, then, otherwise})};
}

}  // namespace whycam::onnx

// A number of Python's kind: bool, int or float.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"

namespace gradus {

class Scalar {
 public:
  enum class Kind : uint8_t { Bool, Int, Float };

  constexpr Scalar(bool v) : kind_(Kind::Bool), int_(v) {}
  constexpr Scalar(int v) : kind_(Kind::Int), int_(v) {}
  constexpr Scalar(long v) : kind_(Kind::Int), int_(v) {}
  constexpr Scalar(long long v) : kind_(Kind::Int), int_(v) {}
  constexpr Scalar(unsigned v) : kind_(Kind::Int), int_(v) {}
  constexpr Scalar(double v) : kind_(Kind::Float), float_(v) {}
  constexpr Scalar(float v) : kind_(Kind::Float), float_(v) {}
  constexpr Scalar() : Scalar(0) {}

  constexpr Kind kind() const { return kind_; }
  constexpr bool is_float() const { return kind_ == Kind::Float; }
  constexpr bool is_bool() const { return kind_ == Kind::Bool; }
  constexpr bool is_integral() const { return kind_ == Kind::Int; }

  constexpr double to_double() const { return is_float() ? float_ : static_cast<double>(int_); }
  constexpr int64_t to_int() const { return is_float() ? static_cast<int64_t>(float_) : int_; }
  constexpr bool to_bool() const { return is_float() ? float_ != 0 : int_ != 0; }

  /// The dtype it has when it stands alone: bool, int64 or float64.
  constexpr DType dtype() const {
    return kind_ == Kind::Bool ? DType::Bool : kind_ == Kind::Int ? DType::Int64 : DType::Float64;
  }
  constexpr bool equals(int64_t v) const { return is_float() ? float_ == static_cast<double>(v) : int_ == v; }

 private:
  Kind kind_;
  union {
    int64_t int_;
    double float_;
  };
};

}  // namespace gradus

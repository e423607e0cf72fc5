// Python values as C++ values: what counts as a number, an int, a list of ints; and results as Python objects.
#pragma once
#include <list>
#include <memory>
#include <vector>

#include "gradus/ops/box.h"
#include "python/bindings/tensor_type.h"

namespace gradus::py {

enum class NumpyKind : uint8_t { None, Bool, Int, Float };
/// What kind of NumPy scalar `o` is; NumPy is not imported for it.
NumpyKind numpy_scalar(PyObject* o);

bool is_int(PyObject* o);     // int or NumPy integer; not bool
bool is_number(PyObject* o);  // bool, int, float or NumPy scalar
/// An element of a list of sizes: an int, a bool, a NumPy integer, an integer tensor of one element, or __index__.
bool is_index(PyObject* o);
/// A 0-d tensor that PyTorch takes for a number: it requires no gradient.
bool is_number_tensor(PyObject* o, bool integer);

Scalar to_scalar(PyObject* o);  // of a number or a 0-d tensor
int64_t to_int(PyObject* o);
double to_double(PyObject* o);
bool to_bool(PyObject* o);

/// Memory for the lists of one call.
struct Scratch {
  static constexpr size_t kInts = 64;
  int64_t ints[kInts];
  size_t used = 0;
  std::vector<std::unique_ptr<int64_t[]>> more;
  std::list<Tensors> lists;
  std::list<std::vector<Scalar>> scalars;
  std::list<std::vector<double>> reals;
  std::list<Tensor> made;    // tensors that stand for numbers
  PyObject* self = nullptr;  // of a method

  int64_t* allocate(size_t n) {
    if (used + n <= kInts) {
      used += n;
      return ints + used - n;
    }
    more.push_back(std::make_unique<int64_t[]>(n));
    return more.back().get();
  }
};

/// A Python object for results without field names: a tensor, a tuple, a number, None.
PyObject* to_python(Results& results);
PyObject* to_python(const Scalar& s);

}  // namespace gradus::py

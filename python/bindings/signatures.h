// The operator table as the parser reads it: one Group per Python name, its overloads in the order they are tried.
#pragma once
#include <string>
#include <vector>

#include "gradus/ops/box.h"
#include "python/bindings/torch_function.h"

namespace gradus::py {

constexpr int kMaxParams = Schema::kMax + 3;
constexpr int kMaxOuts = 4;

/// Where a parameter's value goes besides an argument of the schema.
enum Slot : int { kOutSlot = -1, kRequiresGradSlot = -2 };

struct Param {
  ArgKind kind{};
  PyObject* name = nullptr;                                                          // interned
  PyObject* aliases[3] = {};                                                         // NumPy's names for it
  std::string type, fallback;                                                        // as messages write them
  bool keyword_only = false, optional = false, allow_none = false, numbers = false;  // numbers: also for a Tensor
  int length = 0;  // of an int list that one int can stand for
  int slot = 0;    // argument of the schema, or a Slot
};

struct Overload {
  std::vector<Param> params;
  const OpEntry* entry = nullptr;
  Boxed call, out;
  bool hidden = false;        // accepted, but not shown in messages
  bool extra = false;         // not an overload of PyTorch's
  bool varargs = false;       // sizes may be given one by one
  bool inplace_view = false;  // self becomes the view
  bool keywords_follow = false;
  int self_slot = -1;  // argument that `self` of a method becomes
  int max_args = 0, min_args = 0, max_positional = 0;
  std::vector<Value> defaults;          // by argument of the schema
  std::string text;                     // "(Tensor input, *, Tensor out = None)"
  PyTypeObject* result_type = nullptr;  // named tuple
};

struct Group {
  std::string name;
  bool method = false;
  std::vector<Overload> overloads;
};

enum class Home { Function, Method, Nn };
/// All groups of one kind, built from the table.
std::vector<Group*> build_groups(Home home);

/// Calls an operator with Python's arguments. `keywords` is the tuple of names of the arguments behind the first n;
/// `callable` is what a __torch_function__ would get.
PyObject* call_group(const Group& group, PyObject* callable, PyObject* self, PyObject* const* args, Py_ssize_t n,
                     PyObject* keywords);

/// Runs a view operator on `self` and makes the result what `self` is. RuntimeError where writing in place is an error.
Tensor become_view(const Tensor& self, const Boxed& call, const Value* values);

// ---- between parser.cpp and parse_error.cpp

/// Arguments matched to the parameters of one overload. A null object takes the default.
struct Matched {
  PyObject* objects[kMaxParams];
  Py_ssize_t vararg_count = -1;  // if not negative, parameter 0 is a list given one by one
  Overloaded overloaded;         // tensors (or what acts as one) that override the call
};
struct Arguments {
  PyObject* const* values;
  Py_ssize_t n;
  PyObject* keywords;
  Py_ssize_t n_keywords() const { return keywords ? PyTuple_GET_SIZE(keywords) : 0; }
};
/// The position of the first overload that the arguments fit; TypeError if there is none.
size_t match_group(const Group& group, const Arguments& arguments, Matched& matched);
/// A group of a function written by hand, from its signatures in the order they are tried.
Group* make_group(const char* name, const Op* ops, size_t n);
bool accepts(const Param& param, PyObject* object);
/// True if `object` is an int that may start a list; with n == 0, if it is a list that is empty or starts with one.
bool starts_with_index(PyObject* object, Py_ssize_t n);
PyObject* keyword_argument(const Param& param, const Arguments& args);
std::string describe_call(const Arguments& args);
[[noreturn]] void raise_no_match(const Group& group, const Arguments& args);

}  // namespace gradus::py

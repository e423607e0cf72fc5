// DLPack: tensors' memory lent to other libraries and theirs looked at, in both versions of the protocol.
//
// The structures follow the specification at https://dmlc.github.io/dlpack/latest/c_api.html.
#include <cstring>
#include <memory>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "python/bindings/arguments.h"
#include "python/bindings/creation.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

constexpr int32_t kCpu = 1;
constexpr uint32_t kMajor = 1, kMinor = 0;

struct DLDevice {
  int32_t type, id;
};
struct DLDataType {
  uint8_t code, bits;
  uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
};
struct Managed {
  DLTensor tensor;
  void* context;
  void (*deleter)(Managed*);
};
struct Versioned {
  uint32_t major, minor;
  void* context;
  void (*deleter)(Versioned*);
  uint64_t flags;
  DLTensor tensor;
};
constexpr uint64_t kReadOnlyFlag = 1, kCopiedFlag = 2;

constexpr const char* kName = "dltensor";
constexpr const char* kUsedName = "used_dltensor";
constexpr const char* kVersionedName = "dltensor_versioned";
constexpr const char* kUsedVersionedName = "used_dltensor_versioned";

// ---- dtypes: int, unsigned, float, bfloat and bool have codes 0, 1, 2, 4 and 6

DLDataType dl_type(DType t) {
  uint8_t code = is_floating(t) ? 2 : 0;
  if (t == DType::BFloat16) code = 4;
  else if (t == DType::Bool) code = 6;
  else if (t == DType::UInt8) code = 1;
  return {code, static_cast<uint8_t>(item_size(t) * 8), 1};
}
DType dtype_of_dl(const DLDataType& t) {
  check_as(ErrorKind::Runtime, t.lanes == 1, "ATen does not support lanes != 1");
  for (int i = 0; i < kNumDTypes; ++i) {
    const DLDataType known = dl_type(static_cast<DType>(i));
    if (known.code == t.code && known.bits == t.bits) return static_cast<DType>(i);
  }
  raise(ErrorKind::NotImplemented, str("DLPack type with code ", static_cast<int>(t.code), " and ",
                                       static_cast<int>(t.bits), " bits is not supported"));
}

// ---- lending

template <class M>
struct Loan {
  M managed;
  View* view;
  std::unique_ptr<int64_t[]> shape;  // sizes, then strides
};

// May be called on any thread, with or without the GIL.
template <class M>
void end_loan(M* managed) {
  auto* loan = static_cast<Loan<M>*>(managed->context);
  __atomic_fetch_sub(&loan->view->storage->exports, 1, __ATOMIC_ACQ_REL);
  drop(loan->view);
  delete loan;
}

template <class M>
M* lend(const Tensor& t) {
  auto loan = std::make_unique<Loan<M>>();
  View* v = t.impl()->view;
  const int n = v->ndim;
  loan->shape = std::make_unique<int64_t[]>(2 * static_cast<size_t>(n) + 1);
  for (int i = 0; i < n; ++i) {
    loan->shape[static_cast<size_t>(i)] = v->sizes()[i];
    loan->shape[static_cast<size_t>(n + i)] = v->strides()[i];
  }
  loan->managed.tensor = {v->array().data,       {kCpu, 0}, n, dl_type(v->dtype), loan->shape.get(),
                          loan->shape.get() + n, 0};
  loan->managed.deleter = &end_loan<M>;
  loan->managed.context = loan.get();
  loan->view = v;
  ref_inc(v->refs);
  __atomic_fetch_add(&v->storage->exports, 1, __ATOMIC_ACQ_REL);
  return &loan.release()->managed;
}

// A capsule that nobody took gives the loan back.
template <class M>
void destroy_capsule(PyObject* capsule) {
  constexpr bool versioned = sizeof(M) == sizeof(Versioned);
  const char* name = versioned ? kVersionedName : kName;
  if (!PyCapsule_IsValid(capsule, name)) return;
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}
template <class M>
PyObject* capsule_of(M* managed, const char* name) {
  PyObject* capsule = PyCapsule_New(managed, name, &destroy_capsule<M>);
  if (!capsule) managed->deleter(managed);
  return own(capsule).release();
}

PyObject* new_capsule(const Tensor& t, bool versioned, bool copied) {
  if (!versioned) return capsule_of(lend<Managed>(t), kName);
  Versioned* managed = lend<Versioned>(t);
  managed->major = kMajor;
  managed->minor = kMinor;
  managed->flags = copied ? kCopiedFlag : 0;
  if (t.impl()->view->storage->flags & Storage::kReadOnly) managed->flags |= kReadOnlyFlag;
  return capsule_of(managed, kVersionedName);
}

PyObject* to_capsule(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 3 || !is_tensor(args[0])) fail(PyExc_TypeError, "_to_dlpack() expects a tensor and two flags");
    return new_capsule(tensor_of(args[0]), to_bool(args[1]), to_bool(args[2]));
  });
}

// ---- looking at what others lend

template <class M>
void give_back(void* context) {
  auto* managed = static_cast<M*>(context);
  if (!managed->deleter) return;
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE gil = PyGILState_Ensure();  // deleters may touch Python objects
  managed->deleter(managed);
  PyGILState_Release(gil);
}

struct Seen {
  Dims sizes, strides;
  DType dtype = DType::Float32;
  int64_t bytes = 0;
};
Seen look(const DLTensor& t) {
  check(t.device.type == kCpu, "from_dlpack: only memory of the CPU is supported, not device type ", t.device.type);
  check(t.ndim >= 0 && t.ndim <= 64, "from_dlpack: tensors have at most 64 dimensions, got ", t.ndim);
  Seen seen;
  seen.dtype = dtype_of_dl(t.dtype);
  int64_t last = 0;
  bool none = false;
  for (int i = 0; i < t.ndim; ++i) {
    check(t.shape[i] >= 0, "from_dlpack: negative size ", t.shape[i]);
    check(!t.strides || t.strides[i] >= 0, "from_dlpack: negative strides are not supported, got ",
          t.strides ? t.strides[i] : 0);
    seen.sizes.push_back(t.shape[i]);
    if (t.strides) seen.strides.push_back(t.strides[i]);
    none |= t.shape[i] == 0;
    int64_t reach = 0;
    const bool far = t.strides && (__builtin_mul_overflow(t.strides[i], t.shape[i] - 1, &reach) ||
                                   __builtin_add_overflow(last, reach, &last));
    check(!far || t.shape[i] == 0, "from_dlpack: sizes and strides reach beyond the address space");
  }
  const int64_t n = t.strides ? last + 1 : product(seen.sizes);
  seen.bytes = none ? 0 : n * item_size(seen.dtype);
  return seen;
}

template <class M>
PyObject* take(PyObject* capsule, const char* name, const char* used_name) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  ensure(managed);
  uint32_t flags = 0;
  if constexpr (sizeof(M) == sizeof(Versioned)) {
    if (managed->major > kMajor)
      fail(PyExc_BufferError, "from_dlpack: version %u of DLPack is not supported", managed->major);
    if (managed->flags & kReadOnlyFlag) flags |= Storage::kReadOnly;
  }
  const Seen seen = look(managed->tensor);  // raises before the capsule is marked as used
  ensure(PyCapsule_SetName(capsule, used_name) == 0);
  void* data = static_cast<char*>(managed->tensor.data) + managed->tensor.byte_offset;
  Storage* s = new_foreign_storage(data, seen.bytes, &give_back<M>, managed, flags);
  return wrap(Tensor(new_tensor(new_view(s, seen.dtype, seen.sizes, seen.strides, 0))));
}

PyObject* from_capsule(PyObject*, PyObject* capsule) {
  return guarded([&] {
    if (PyCapsule_IsValid(capsule, kVersionedName)) return take<Versioned>(capsule, kVersionedName, kUsedVersionedName);
    if (PyCapsule_IsValid(capsule, kName)) return take<Managed>(capsule, kName, kUsedName);
    fail(PyExc_RuntimeError,
         "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might "
         "have already constructed a tensor from it once.");
  });
}

PyMethodDef functions[] = {{"_to_dlpack", as_method(&to_capsule), METH_FASTCALL, nullptr},
                           {"_from_dlpack", &from_capsule, METH_O, nullptr},
                           {}};

}  // namespace

void init_dlpack(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py

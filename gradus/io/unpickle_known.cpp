// The functions and classes that a pickle may name: PyTorch's list, as far as Gradus has what they make.
#include <string_view>

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/impl.h"
#include "gradus/io/object_node.h"
#include "gradus/io/unpickle.h"

namespace gradus::io {

using Kind = Object::Kind;

using detail::make_object;

namespace {

enum Known : int {
  kOrderedDict,
  kCounter,
  kSet,
  kFrozenSet,
  kByteArray,
  kBytes,
  kComplex,
  kEncode,
  kSize,
  kDevice,
  kLayout,
  kTensorClass,
  kParameterClass,
  kRebuildTensor,
  kRebuildTensor2,
  kRebuildParameter,
  kRebuildParameterWithState,
  kRebuildFromType,
  kNumKnown,
  kFirstStorage = 100,
  kUntypedStorage = 200
};
constexpr std::string_view kNames[kNumKnown] = {"collections.OrderedDict",
                                                "collections.Counter",
                                                "builtins.set",
                                                "builtins.frozenset",
                                                "builtins.bytearray",
                                                "builtins.bytes",
                                                "builtins.complex",
                                                "_codecs.encode",
                                                "torch.Size",
                                                "torch.device",
                                                "torch.serialization._get_layout",
                                                "torch.Tensor",
                                                "torch.nn.parameter.Parameter",
                                                "torch._utils._rebuild_tensor",
                                                "torch._utils._rebuild_tensor_v2",
                                                "torch._utils._rebuild_parameter",
                                                "torch._utils._rebuild_parameter_with_state",
                                                "torch._tensor._rebuild_from_type_v2"};

// What PyTorch reads and Gradus has no counterpart for.
constexpr std::string_view kAbsent[] = {"torch._utils._rebuild_qtensor",
                                        "torch._utils._rebuild_tensor_v3",
                                        "torch._utils._rebuild_sparse_tensor",
                                        "torch._utils._rebuild_meta_tensor_no_storage",
                                        "torch._utils._rebuild_nested_tensor",
                                        "torch._utils._rebuild_wrapper_subclass",
                                        "torch._utils._rebuild_device_tensor_from_numpy",
                                        "torch._utils._rebuild_device_tensor_from_cpu_tensor",
                                        "torch.ComplexFloatStorage",
                                        "torch.ComplexDoubleStorage",
                                        "torch.QInt8Storage",
                                        "torch.QUInt8Storage",
                                        "torch.QInt32Storage",
                                        "torch.QUInt4x2Storage",
                                        "torch.QUInt2x4Storage",
                                        "torch.complex32",
                                        "torch.complex64",
                                        "torch.complex128",
                                        "torch.uint16",
                                        "torch.uint32",
                                        "torch.uint64",
                                        "torch.float8_e4m3fn",
                                        "torch.float8_e5m2",
                                        "torch.float8_e4m3fnuz",
                                        "torch.float8_e5m2fnuz",
                                        "torch.float8_e8m0fnu",
                                        "torch.float4_e2m1fn_x2"};

using Args = std::vector<Object>;

[[noreturn]] void bad_arguments(int id) { refuse_pickle(str("wrong arguments for ", kNames[id])); }
void expect(bool ok, int id) {
  if (!ok) bad_arguments(id);
}

Object registered(Object v, std::vector<Object>& made) {
  made.push_back(v);
  return v;
}

Dims sizes_of(const Object& v, int id) {
  expect(v.kind() == Kind::Tuple || v.kind() == Kind::Size || v.kind() == Kind::List, id);
  expect(v.node()->items.size() <= 64, id);
  Dims out;
  for (const Object& s : v.node()->items) {
    expect(s.kind() == Kind::Int && s.raw_int() >= 0, id);
    out.push_back(s.raw_int());
  }
  return out;
}
bool flag_of(const Object& v, int id) {
  expect(v.kind() == Kind::Bool || v.kind() == Kind::Int, id);
  return v.raw_int() != 0;
}

/// (storage, offset, size, stride[, requires_grad, hooks[, metadata]])
Object rebuild_tensor(int id, const Args& args) {
  expect(args.size() == 4 || (id == kRebuildTensor2 && (args.size() == 6 || args.size() == 7)), id);
  expect(args[0].kind() == Kind::Storage && args[1].kind() == Kind::Int && args[1].raw_int() >= 0, id);
  const gradus::Tensor& flat = args[0].node()->tensor;
  const Dims sizes = sizes_of(args[2], id), strides = sizes_of(args[3], id);
  expect(sizes.size() == strides.size(), id);
  int64_t numel = 1;
  for (int64_t s : sizes)
    if (__builtin_mul_overflow(numel, s ? s : 1, &numel)) refuse_pickle("a tensor's sizes overflow");
  View& whole = *flat.impl()->view;
  int64_t needed = 0;
  try {
    needed = storage_bytes(sizes, strides, args[1].raw_int(), item_size(whole.dtype));
  } catch (const Error&) { refuse_pickle("a tensor's sizes overflow"); }
  if (args[1].raw_int() > whole.numel) refuse_pickle("a tensor begins behind its storage");
  const int64_t offset = whole.offset + args[1].raw_int(), bytes = whole.numel * item_size(whole.dtype);
  if (needed > bytes)
    refuse_pickle(str("a tensor of sizes ", IntList(sizes), " and strides ", IntList(strides), " needs ", needed,
                      " bytes, but its storage has ", bytes));
  const bool grad = args.size() > 4 && flag_of(args[4], id);
  if (grad && !is_floating(whole.dtype)) refuse_pickle("only Tensors of floating point dtype can require gradients");
  if (args.size() == 7 && args[6].is_dict() && !args[6].node()->items.empty())
    refuse_pickle("a tensor's metadata (conjugate or negative bit) is not supported");
  ref_inc(whole.storage->refs);
  gradus::Tensor t(new_tensor(new_view(whole.storage, whole.dtype, sizes, strides, offset)));
  if (grad) t.impl()->flags |= TensorImpl::kRequiresGrad;
  return Object(static_cast<gradus::Tensor&&>(t));
}

Object as_parameter(const Object& data, bool requires_grad, int id) {
  expect(data.kind() == Kind::Tensor, id);
  const gradus::Tensor& t = data.node()->tensor;
  if (requires_grad && !t.is_floating_point())
    refuse_pickle("only Tensors of floating point dtype can require gradients");
  return Object(nn::parameter(t, requires_grad));
}

/// (data, requires_grad, hooks[, state])
Object rebuild_parameter(int id, const Args& args, std::vector<Object>& made) {
  expect(args.size() == (id == kRebuildParameter ? 3u : 4u), id);
  Object v = as_parameter(args[0], flag_of(args[1], id), id);
  if (id == kRebuildParameterWithState) v.node()->attributes = args[3];
  return registered(v, made);
}

/// (function, class, arguments, state)
Object rebuild_from_type(int id, const Args& args, std::vector<Object>& made) {
  expect(args.size() == 4 && args[0].kind() == Kind::Global && args[1].kind() == Kind::Global &&
             args[2].kind() == Kind::Tuple,
         id);
  const int function = args[0].node()->id, type = args[1].node()->id;
  expect(function >= kRebuildTensor && function <= kRebuildParameterWithState && (type < 0 || type == kTensorClass),
         id);
  Object v = call_known(function, args[2].node()->items, made);
  if (type < 0) v.node()->type = args[1];
  if (!args[3].is_dict() || !args[3].node()->items.empty()) v.node()->attributes = args[3];
  return registered(v, made);
}

Object make_device(int id, const Args& args) {
  expect((args.size() == 1 || args.size() == 2) && args[0].kind() == Kind::String, id);
  expect(args.size() == 1 || args[1].kind() == Kind::Int, id);
  Object v = make_object(Kind::Device, args[0].node()->text);
  if (args.size() == 2) v.node()->items.push_back(args[1]);
  return v;
}

// Text whose code points are the bytes.
std::string latin1(const std::string& utf8, int id) {
  std::string out;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto b = static_cast<unsigned char>(utf8[i]);
    if (b < 0x80) {
      out += utf8[i];
      continue;
    }
    expect((b == 0xC2 || b == 0xC3) && i + 1 < utf8.size() && (utf8[i + 1] & 0xC0) == 0x80, id);
    out += static_cast<char>(b << 6 | (utf8[++i] & 0x3F));
  }
  return out;
}
Object encode(int id, const Args& args) {
  expect(args.size() == 2 && args[0].kind() == Kind::String && args[1].kind() == Kind::String, id);
  const std::string& encoding = args[1].node()->text;
  if (encoding == "utf-8" || encoding == "utf8") return make_object(Kind::Bytes, args[0].node()->text);
  expect(encoding == "latin1" || encoding == "latin-1", id);
  return make_object(Kind::Bytes, latin1(args[0].node()->text, id));
}

Object container(int id, Kind kind, const Args& args, std::vector<Object>& made) {
  expect(args.size() <= 1, id);
  Object v = registered(make_object(kind), made);
  if (args.empty()) return v;
  const Kind given = args[0].kind();
  const bool pairs = given == Kind::List && v.is_dict();  // OrderedDict([(key, value), …])
  expect(args[0].is_sequence() || args[0].is_dict(), id);
  expect(v.is_dict() == (args[0].is_dict() || pairs), id);
  for (const Object& item : args[0].node()->items) {
    if (!pairs) {
      v.node()->items.push_back(item);
      continue;
    }
    expect(item.is_sequence() && item.node()->items.size() == 2, id);
    for (const Object& part : item.node()->items) v.node()->items.push_back(part);
  }
  return v;
}

Object byte_array(int id, const Args& args) {
  if (args.empty()) return make_object(Kind::ByteArray);
  expect(args.size() == 1 || args.size() == 2, id);
  if (args.size() == 2) return make_object(Kind::ByteArray, encode(id, args).node()->text);
  expect(args[0].kind() == Kind::Bytes, id);
  return make_object(Kind::ByteArray, args[0].node()->text);
}

Object complex_number(int id, const Args& args) {
  expect(args.size() <= 2, id);
  Object v = make_object(Kind::Complex);
  double* parts[] = {&v.node()->real, &v.node()->imag};
  for (size_t i = 0; i < args.size(); ++i) {
    expect(args[i].kind() == Kind::Float || args[i].kind() == Kind::Int, id);
    *parts[i] = args[i].to_double();
  }
  return v;
}

}  // namespace

int known_global(std::string_view name) {
  for (int i = 0; i < kNumKnown; ++i)
    if (kNames[i] == name && i != kBytes) return i;
  for (std::string_view absent : kAbsent)
    check_as(ErrorKind::NotImplemented, absent != name, "the file uses ", name, ", which Gradus does not have yet");
  if (!name.starts_with("torch.")) return -1;
  if (name == "torch.storage.UntypedStorage" || name == "torch.UntypedStorage") return kUntypedStorage;
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto t = static_cast<DType>(i);
    if (name.substr(6) == str(scalar_type_name(t), "Storage")) return kFirstStorage + i;
  }
  return -1;
}

std::optional<DType> known_dtype(std::string_view name) {
  for (int i = 0; i < kNumDTypes && name.starts_with("torch."); ++i)
    if (name.substr(6) == gradus::name(static_cast<DType>(i))) return static_cast<DType>(i);
  return {};
}

DType storage_dtype(const Object& storage_class) {
  const int id = storage_class.kind() == Kind::Global ? storage_class.node()->id : -1;
  if (id == kUntypedStorage) return DType::UInt8;
  if (id < kFirstStorage || id >= kFirstStorage + kNumDTypes)
    refuse_pickle("a reference to a storage of no known type");
  return static_cast<DType>(id - kFirstStorage);
}

Object call_known(int id, const std::vector<Object>& args, std::vector<Object>& made) {
  switch (id) {
    case kOrderedDict: return container(id, Kind::OrderedDict, args, made);
    case kCounter: return container(id, Kind::Counter, args, made);
    case kSet: return container(id, Kind::Set, args, made);
    case kFrozenSet: return container(id, Kind::FrozenSet, args, made);
    case kSize: return container(id, Kind::Size, args, made);
    case kByteArray: return byte_array(id, args);
    case kComplex: return complex_number(id, args);
    case kEncode: return encode(id, args);
    case kDevice: return make_device(id, args);
    case kLayout:
      expect(args.size() == 1 && args[0].kind() == Kind::String, id);
      check_as(ErrorKind::NotImplemented, args[0].node()->text == "torch.strided", "the file uses the layout ",
               args[0].node()->text, ", which Gradus does not have yet");
      return make_object(Kind::Layout);
    case kParameterClass:
      expect(args.size() == 1 || args.size() == 2, id);
      return registered(as_parameter(args[0], args.size() == 1 || flag_of(args[1], id), id), made);
    case kRebuildTensor:
    case kRebuildTensor2: return registered(rebuild_tensor(id, args), made);
    case kRebuildParameter:
    case kRebuildParameterWithState: return rebuild_parameter(id, args, made);
    case kRebuildFromType: return rebuild_from_type(id, args, made);
    default: break;
  }
  refuse_pickle(str("Trying to call reduce for unrecognized function ",
                    id < kNumKnown ? kNames[id] : std::string_view("of a storage")));
}

}  // namespace gradus::io

// The opcodes of protocol 2, chosen as Python's pickler chooses them.
#include "gradus/io/pickle.h"

#include <bit>

#include "gradus/core/format.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/object_node.h"

namespace gradus::io {

using Kind = Object::Kind;

namespace {
constexpr int kMaxDepth = 2000;
constexpr size_t kBatch = 1000;

void append_double(std::string& out, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
}

// Bytes as the text that has the same code points.
std::string latin1_as_utf8(const std::string& bytes) {
  std::string out;
  for (char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    if (b < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | b >> 6);
      out += static_cast<char>(0x80 | (b & 0x3F));
    }
  }
  return out;
}
}  // namespace

void Pickler::dump(const Object& value) {
  out_ += "\x80\x02";
  write(value);
  out_ += '.';
}

void Pickler::remember() {
  const uint32_t n = remembered_++;
  out_ += n < 256 ? 'q' : 'r';
  if (n < 256) out_ += static_cast<char>(n);
  else append_le(out_, n);
}
void Pickler::recall(uint32_t n) {
  out_ += n < 256 ? 'h' : 'j';
  if (n < 256) out_ += static_cast<char>(n);
  else append_le(out_, n);
}
void Pickler::call() {
  out_ += 'R';
  remember();
}
void Pickler::close_tuple(size_t n) {
  if (n == 0) {
    out_ += ')';
    return;
  }
  out_ += n == 1 ? '\x85' : n == 2 ? '\x86' : n == 3 ? '\x87' : 't';
  remember();
}

void Pickler::write(const Object& v) {
  switch (v.kind()) {
    case Kind::None: out_ += 'N'; return;
    case Kind::Bool: out_ += v.raw_int() ? '\x88' : '\x89'; return;
    case Kind::Int: return write_int(v.raw_int());
    case Kind::Float: out_ += 'G'; return append_double(out_, v.raw_float());
    case Kind::BigInt: return write_big(v.node()->text);
    case Kind::Global: return write_global(v.node()->text);
    case Kind::DType: return write_global(str("torch\n", name(static_cast<DType>(v.node()->id))));
    default: break;
  }
  if (auto found = memo_.find(v.node()); found != memo_.end()) return recall(found->second);
  check_as(ErrorKind::Value, ++depth_ < kMaxDepth, "the value is nested too deeply to be saved");
  write_new(v);
  --depth_;
}

void Pickler::write_new(const Object& v) {
  const detail::ObjectNode& n = *v.node();
  switch (v.kind()) {
    case Kind::String: write_text(n.text); break;
    case Kind::Bytes: write_bytes(n.text); break;
    case Kind::Tuple: return write_tuple(v);
    case Kind::List:
      out_ += ']';
      memo_[&n] = remembered_;
      remember();
      return write_items(n.items);
    case Kind::Dict:
    case Kind::OrderedDict:
    case Kind::Counter: return write_dict(v);
    case Kind::Tensor: write_tensor(v); break;
    case Kind::Storage: return write_storage(n.tensor, n.id);
    case Kind::Instance: return write_object(v);
    case Kind::ByteArray:
    case Kind::Complex:
    case Kind::Set:
    case Kind::FrozenSet:
    case Kind::Size:
    case Kind::Device:
    case Kind::Layout: write_call(v); break;
    default: raise(ErrorKind::Type, str("cannot save a ", name(v.kind())));
  }
  memo_[&n] = remembered_ - 1;
}

// What is made by calling its class.
void Pickler::write_call(const Object& v) {
  const detail::ObjectNode& n = *v.node();
  size_t arguments = 1;
  if (v.kind() == Kind::ByteArray) {
    write_global("__builtin__\nbytearray");
    arguments = !n.text.empty();
    if (arguments) write_bytes(n.text);
  } else if (v.kind() == Kind::Complex) {
    write_global("__builtin__\ncomplex");
    arguments = 2;
    for (double part : {n.real, n.imag}) append_double(out_ += 'G', part);
  } else if (v.kind() == Kind::Size) {
    write_global("torch\nSize");
    if (n.items.size() > 3) out_ += '(';
    for (const Object& item : n.items) write(item);
    close_tuple(n.items.size());
  } else if (v.kind() == Kind::Device) {
    write_global("torch\ndevice");
    write_text(n.text);
    for (const Object& index : n.items) write(index);
    arguments += n.items.size();
  } else if (v.kind() == Kind::Layout) {
    write_global("torch.serialization\n_get_layout");
    write_text("torch.strided");
  } else {
    write_global(v.kind() == Kind::Set ? "__builtin__\nset" : "__builtin__\nfrozenset");
    out_ += ']';
    remember();
    write_items(n.items);
  }
  close_tuple(arguments);
  call();
}

void Pickler::write_int(int64_t value) {
  if (value >= 0 && value < 256) {
    out_ += 'K';
    out_ += static_cast<char>(value);
  } else if (value >= 0 && value < 65536) {
    out_ += 'M';
    append_le(out_, static_cast<uint16_t>(value));
  } else if (value == static_cast<int32_t>(value)) {
    out_ += 'J';
    append_le(out_, static_cast<int32_t>(value));
  } else {
    std::string digits;
    append_le(digits, value);
    // The shortest two's complement that keeps the sign.
    while (digits.size() > 1 && (digits.back() == 0 || digits.back() == '\xff') &&
           (digits.back() < 0) == (digits[digits.size() - 2] < 0))
      digits.pop_back();
    write_big(digits);
  }
}
void Pickler::write_big(const std::string& digits) {
  if (digits.size() < 256) {
    out_ += '\x8a';
    out_ += static_cast<char>(digits.size());
  } else {
    out_ += '\x8b';
    append_le(out_, static_cast<uint32_t>(digits.size()));
  }
  out_ += digits;
}

void Pickler::write_text(const std::string& text) {
  check_as(ErrorKind::Value, text.size() < 0xFFFFFFFFu, "a string of ", text.size(), " bytes is too long to be saved");
  out_ += 'X';
  append_le(out_, static_cast<uint32_t>(text.size()));
  out_ += text;
  remember();
}
void Pickler::write_name(const std::string& text) {
  if (auto found = names_.find(text); found != names_.end()) return recall(found->second);
  names_[text] = remembered_;
  write_text(text);
}
void Pickler::write_global(const std::string& text) {
  const std::string key = "\n" + text;  // no string is named like that
  if (auto found = names_.find(key); found != names_.end()) return recall(found->second);
  names_[key] = remembered_;
  out_ += 'c' + text + '\n';
  remember();
}
void Pickler::write_bytes(const std::string& bytes) {
  write_global("_codecs\nencode");
  write_text(latin1_as_utf8(bytes));
  write_name("latin1");
  close_tuple(2);
  call();
}

void Pickler::write_items(const std::vector<Object>& items) {
  if (items.size() == 1) {
    write(items[0]);
    out_ += 'a';
    return;
  }
  for (size_t i = 0; i < items.size(); i += kBatch) {
    out_ += '(';
    for (size_t k = i; k < items.size() && k < i + kBatch; ++k) write(items[k]);
    out_ += 'e';
  }
}
void Pickler::write_pairs(const std::vector<Object>& items) {
  if (items.size() == 2) {
    write(items[0]);
    write(items[1]);
    out_ += 's';
    return;
  }
  for (size_t i = 0; i < items.size(); i += 2 * kBatch) {
    out_ += '(';
    for (size_t k = i; k < items.size() && k < i + 2 * kBatch; ++k) write(items[k]);
    out_ += 'u';
  }
}

// A tuple can hold a list that holds the tuple: then it was written, and remembered, on the way.
void Pickler::write_tuple(const Object& v) {
  const std::vector<Object>& items = v.node()->items;
  if (items.empty()) {
    out_ += ')';
    return;
  }
  if (items.size() > 3) out_ += '(';
  for (const Object& item : items) write(item);
  if (auto found = memo_.find(v.node()); found != memo_.end()) {
    if (items.size() > 3) out_ += '1';
    else out_.append(items.size(), '0');
    return recall(found->second);
  }
  memo_[v.node()] = remembered_;
  close_tuple(items.size());
}

void Pickler::write_dict(const Object& v) {
  const detail::ObjectNode& n = *v.node();
  if (v.kind() == Kind::Dict) {
    out_ += '}';
    memo_[&n] = remembered_;
    remember();
    return write_pairs(n.items);
  }
  write_global(v.kind() == Kind::Counter ? "collections\nCounter" : "collections\nOrderedDict");
  if (v.kind() == Kind::Counter) {  // counts are an argument, as Python has it
    out_ += '}';
    remember();
    write_pairs(n.items);
    close_tuple(1);
    memo_[&n] = remembered_;
    return call();
  }
  out_ += ')';
  memo_[&n] = remembered_;
  call();
  write_pairs(n.items);
  if (n.attributes.is_none()) return;
  write(n.attributes);
  out_ += 'b';
}

void Pickler::write_object(const Object& v) {
  using Node = detail::ObjectNode;
  const Node& n = *v.node();
  write(n.items[Node::kCallee]);
  write(n.items[Node::kArgs]);
  memo_[&n] = remembered_;
  out_ += n.new_object ? '\x81' : 'R';
  remember();
  if (const Object& items = n.items[Node::kListItems]; !items.is_none()) write_items(items.node()->items);
  if (const Object& pairs = n.items[Node::kDictItems]; !pairs.is_none()) write_pairs(pairs.node()->items);
  for (size_t i = Node::kStates; i < n.items.size(); ++i) {
    write(n.items[i]);
    out_ += 'b';
  }
}

// ---- tensors

void Pickler::write_hooks() {
  write_global("collections\nOrderedDict");
  out_ += ')';
  call();
}

void Pickler::write_sizes(const IntList& sizes) {
  if (sizes.size() > 3) out_ += '(';
  for (int64_t s : sizes) write_int(s);
  close_tuple(static_cast<size_t>(sizes.size()));
}

void Pickler::write_storage(const gradus::Tensor& t, bool untyped) {
  Storage* s = t.impl()->view->storage;
  const auto [at, fresh] = keys_.try_emplace(s, storages_.size());
  if (fresh) {
    storages_.push_back(s);
    dtypes_.push_back(t.dtype());
  }
  check(s->bytes == 0 || dtypes_[at->second] == t.dtype(),
        "Cannot save multiple tensors or storages that view the same data as different types");
  out_ += '(';
  write_name("storage");
  write_global(untyped ? "torch.storage\nUntypedStorage" : str("torch\n", scalar_type_name(t.dtype()), "Storage"));
  write_name(std::to_string(at->second));
  write_name("cpu");
  write_int(s->bytes / t.element_size());
  if (legacy_) out_ += 'N';
  out_ += 't';
  remember();
  out_ += 'Q';
}

void Pickler::write_arguments(const gradus::Tensor& t, bool requires_grad) {
  out_ += '(';
  write_storage(t);
  write_int(t.storage_offset());
  write_sizes(t.sizes());
  write_sizes(t.strides());
  out_ += requires_grad ? '\x88' : '\x89';
  write_hooks();
  out_ += 't';
  remember();
}

void Pickler::write_tensor(const Object& v) {
  const detail::ObjectNode& n = *v.node();
  const bool bare = n.attributes.is_none() && n.type.is_none();
  const bool requires_grad = n.tensor.requires_grad();
  if (n.id && n.type.is_none()) {
    write_global(bare ? "torch._utils\n_rebuild_parameter" : "torch._utils\n_rebuild_parameter_with_state");
    if (!bare) out_ += '(';
    write_global("torch._utils\n_rebuild_tensor_v2");
    write_arguments(n.tensor, false);
    call();
    out_ += requires_grad ? '\x88' : '\x89';
    write_hooks();
    if (!bare) write(n.attributes);
    close_tuple(bare ? 3 : 4);
    return call();
  }
  if (!bare) {
    write_global("torch._tensor\n_rebuild_from_type_v2");
    out_ += '(';
  }
  write_global("torch._utils\n_rebuild_tensor_v2");
  if (!bare) write_global(n.type.is_none() ? "torch\nTensor" : n.type.node()->text);
  write_arguments(n.tensor, requires_grad);
  if (!bare) {
    if (n.attributes.is_none()) out_ += '}', remember();
    else write(n.attributes);
    close_tuple(4);
  }
  call();
}

}  // namespace gradus::io

// The machine: one step for each opcode of protocols 2 to 5.
#include "gradus/io/unpickle.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/io/file.h"
#include "gradus/io/little_endian.h"
#include "gradus/io/object_node.h"

namespace gradus::io {

using Kind = Object::Kind;

using detail::make_object;
using Node = detail::ObjectNode;

void refuse_pickle(std::string message) {
  throw FileError(FileError::Fault::Unpickling, static_cast<std::string&&>(message));
}

Object Surroundings::storage(const Object&) { refuse_pickle("unsupported persistent id encountered"); }

namespace {

// Modules that are refused even if the user allows something in them.
bool is_blocked(std::string_view module) {
  return module == "sys" || module == "os" || module == "posix" || module == "nt";
}

// Protocol 2 has Python 2's names.
void rename(std::string& module, std::string& name) {
  constexpr std::string_view kNames[][2] = {
      {"xrange", "range"}, {"unicode", "str"}, {"basestring", "str"}, {"long", "int"}, {"unichr", "chr"}};
  if (module == "copy_reg") module = "copyreg";
  if (module == "torch.tensor") module = "torch._tensor";
  if (module != "__builtin__") return;
  module = name == "reduce" ? "functools" : name == "intern" ? "sys" : "builtins";
  for (const auto& [from, to] : kNames)
    if (name == from) name = to;
}

// A type as Python shows it.
std::string shown(const Object& v) {
  if (v.kind() == Kind::Instance && v.node()->items[Node::kCallee].kind() == Kind::Global)
    return str("<class '", v.node()->items[Node::kCallee].node()->text, "'>");
  const bool collection = v.kind() == Kind::OrderedDict || v.kind() == Kind::Counter;
  const bool torch = v.kind() == Kind::Tensor || v.kind() == Kind::Size || v.kind() == Kind::DType;
  return str("<class '", collection ? "collections." : torch ? "torch." : "", name(v.kind()), "'>");
}

}  // namespace

Unpickler::~Unpickler() {
  stack_.clear();
  memo_.clear();
  for (Object& v : made_) {
    v.node()->items.clear();
    v.node()->attributes = {};
  }
}

Object Unpickler::made(Object v) {
  made_.push_back(v);
  return v;
}

std::string_view Unpickler::take(uint64_t n) {
  if (n > bytes_.size() - position_) throw FileError(FileError::Fault::EndOfFile, "Ran out of input");
  const std::string_view out = bytes_.substr(position_, n);
  position_ += n;
  return out;
}
template <class T>
T Unpickler::number() {
  return load_le<T>(take(sizeof(T)).data());
}

Object Unpickler::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse_pickle("a broken pickle: its stack is empty");
  Object v = static_cast<Object&&>(stack_.back());
  stack_.pop_back();
  return v;
}
Object& Unpickler::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse_pickle("a broken pickle: its stack is empty");
  return stack_.back();
}
std::vector<Object> Unpickler::pop_to_mark() {
  if (marks_.empty()) refuse_pickle("a broken pickle: there is no mark on its stack");
  const auto at = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
  std::vector<Object> items(std::make_move_iterator(at), std::make_move_iterator(stack_.end()));
  stack_.erase(at, stack_.end());
  marks_.pop_back();
  return items;
}

Object Unpickler::load() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  for (;;) {
    const auto op = static_cast<unsigned char>(take(1)[0]);
    if (op == '.') return pop();
    step(op);
  }
}

void Unpickler::step(unsigned char op) {
  switch (op) {
    case 0x80: number<uint8_t>(); return;   // protocol
    case 0x95: number<uint64_t>(); return;  // frame
    case 'c': return read_global();
    case 0x93: {  // names from the stack
      const Object name = pop(), module = pop();
      if (module.kind() != Kind::String || name.kind() != Kind::String)
        refuse_pickle("a broken pickle: a name is no text");
      return global(module.text(), name.text());
    }
    case 'R': return reduce();
    case 0x81: return new_object();
    case 'b': return build();
    case 'Q': {
      const Object reference = pop();
      if (reference.kind() != Kind::Tuple)
        refuse_pickle(str("persistent_load id must be tuple or int, but got ", shown(reference)));
      return push(surroundings_.storage(reference));
    }
    default: break;
  }
  if (!step_scalar(op) && !step_text(op) && !step_container(op) && !step_stack(op))
    refuse_pickle(str("Unsupported operand ", static_cast<int>(op)));
}

bool Unpickler::step_scalar(unsigned char op) {
  const auto big = [&](std::string_view digits) {
    if (digits.size() > 8) return push(make_object(Kind::BigInt, std::string(digits)));
    int64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i)
      value |= static_cast<int64_t>(uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i));
    if (!digits.empty() && digits.size() < 8 && digits.back() < 0)
      value -= static_cast<int64_t>(uint64_t{1} << (8 * digits.size()));
    push(static_cast<long>(value));
  };
  switch (op) {
    case 'N': push({}); return true;
    case 0x88: push(true); return true;
    case 0x89: push(false); return true;
    case 'J': push(static_cast<long>(number<int32_t>())); return true;
    case 'K': push(static_cast<long>(number<uint8_t>())); return true;
    case 'M': push(static_cast<long>(number<uint16_t>())); return true;
    case 0x8a: big(take(number<uint8_t>())); return true;
    case 0x8b: big(take(number<uint32_t>())); return true;
    case 'G': {
      uint64_t bits = 0;
      for (char c : take(8)) bits = bits << 8 | static_cast<unsigned char>(c);
      push(std::bit_cast<double>(bits));
      return true;
    }
    default: return false;
  }
}

void Unpickler::push_string(std::string_view text) { push(text); }
// Python 2 wrote bytes and texts alike.
void Unpickler::push_python2_string(std::string_view text) {
  push(make_object(text_as_bytes_ ? Kind::Bytes : Kind::String, std::string(text)));
}

bool Unpickler::step_text(unsigned char op) {
  const auto bytes = [&](std::string_view b, Kind kind) {
    push(make_object(kind, std::string(b)));
    return true;
  };
  switch (op) {
    case 'X': push_string(take(number<uint32_t>())); return true;
    case 0x8c: push_string(take(number<uint8_t>())); return true;
    case 0x8d: push_string(take(number<uint64_t>())); return true;
    case 'U': push_python2_string(take(number<uint8_t>())); return true;
    case 'T': push_python2_string(take(number<uint32_t>())); return true;
    case 'B': return bytes(take(number<uint32_t>()), Kind::Bytes);
    case 'C': return bytes(take(number<uint8_t>()), Kind::Bytes);
    case 0x8e: return bytes(take(number<uint64_t>()), Kind::Bytes);
    case 0x96: return bytes(take(number<uint64_t>()), Kind::ByteArray);
    default: return false;
  }
}

void Unpickler::push_tuple(size_t n) {
  std::vector<Object> items(n);
  while (n--) items[n] = pop();
  push(made(make_object(Kind::Tuple, static_cast<std::vector<Object>&&>(items))));
}

bool Unpickler::step_container(unsigned char op) {
  const auto fresh = [&](Kind kind, std::vector<Object> items) {
    push(made(make_object(kind, static_cast<std::vector<Object>&&>(items))));
    return true;
  };
  const auto one = [&](Object v) { return std::vector<Object>{static_cast<Object&&>(v)}; };
  switch (op) {
    case ']': return fresh(Kind::List, {});
    case ')': return fresh(Kind::Tuple, {});
    case '}': return fresh(Kind::Dict, {});
    case 0x8f: return fresh(Kind::Set, {});
    case 'l': return fresh(Kind::List, pop_to_mark());
    case 't': return fresh(Kind::Tuple, pop_to_mark());
    case 0x91: return fresh(Kind::FrozenSet, pop_to_mark());
    case 'd': {
      std::vector<Object> items = pop_to_mark();
      fresh(Kind::Dict, {});
      set_items(static_cast<std::vector<Object>&&>(items));
      return true;
    }
    case 0x85: push_tuple(1); return true;
    case 0x86: push_tuple(2); return true;
    case 0x87: push_tuple(3); return true;
    case 'a': append(one(pop())); return true;
    case 'e': append(pop_to_mark()); return true;
    case 's': {
      Object value = pop(), key = pop();
      set_items({static_cast<Object&&>(key), static_cast<Object&&>(value)}, "SETITEM");
      return true;
    }
    case 'u': set_items(pop_to_mark()); return true;
    case 0x90: add_items(pop_to_mark()); return true;
    default: return false;
  }
}

bool Unpickler::step_stack(unsigned char op) {
  switch (op) {
    case '(': marks_.push_back(stack_.size()); return true;
    case '0': pop(); return true;
    case '1': pop_to_mark(); return true;
    case '2': push(Object(top())); return true;
    case 'h': get(number<uint8_t>()); return true;
    case 'j': get(number<uint32_t>()); return true;
    case 'q': put(number<uint8_t>()); return true;
    case 'r': put(number<uint32_t>()); return true;
    case 0x94: put(static_cast<uint32_t>(memo_.size())); return true;
    default: return false;
  }
}

void Unpickler::put(uint32_t number) { memo_[number] = top(); }
void Unpickler::get(uint32_t number) {
  const auto found = memo_.find(number);
  if (found == memo_.end()) refuse_pickle(str("a broken pickle: nothing was remembered as number ", number));
  push(found->second);
}

void Unpickler::append(std::vector<Object> items) {
  Object& list = top();
  if (list.kind() != Kind::List) refuse_pickle(str("Can only append to lists, but got ", shown(list)));
  for (Object& v : items) list.node()->items.push_back(static_cast<Object&&>(v));
}
void Unpickler::add_items(std::vector<Object> items) {
  Object& set = top();
  if (set.kind() != Kind::Set) refuse_pickle(str("Can only add to sets, but got ", shown(set)));
  for (Object& v : items) set.node()->items.push_back(static_cast<Object&&>(v));
}
void Unpickler::set_items(std::vector<Object> items, std::string_view opcode) {
  Object& target = top();
  if (!target.is_dict())
    refuse_pickle(
        str("Can only ", opcode, " for dict, collections.OrderedDict, collections.Counter, but got ", shown(target)));
  if (items.size() % 2) refuse_pickle("a broken pickle: a key without a value");
  for (Object& v : items) target.node()->items.push_back(static_cast<Object&&>(v));
}

// ---- names

void Unpickler::read_global() {
  const size_t first = bytes_.find('\n', position_);
  const size_t second = first == bytes_.npos ? first : bytes_.find('\n', first + 1);
  if (second == bytes_.npos) throw FileError(FileError::Fault::EndOfFile, "Ran out of input");
  std::string module(bytes_.substr(position_, first - position_)), name(bytes_.substr(first + 1, second - first - 1));
  position_ = second + 1;
  global(static_cast<std::string&&>(module), static_cast<std::string&&>(name));
}

void Unpickler::global(std::string module, std::string name) {
  rename(module, name);
  std::string full = str(module, ".", name);
  if (is_blocked(module))
    refuse_pickle(str("Trying to load unsupported GLOBAL ", full, " whose module ", module, " is blocked."));
  if (const auto dtype = known_dtype(full)) return push(*dtype);
  const int id = known_global(full);
  if (id < 0 && !surroundings_.allows(full)) {
    const std::string shown = full.starts_with("builtins.") ? full.substr(9) : full;
    refuse_pickle(str("Unsupported global: GLOBAL ", shown,
                      " was not an allowed global by default. Please use `torch.serialization.add_safe_globals([",
                      shown, "])` or the `torch.serialization.safe_globals([", shown,
                      "])` context manager to allowlist this global if you trust this class/function."));
  }
  Object v = make_object(Kind::Global, static_cast<std::string&&>(full));
  v.node()->id = id;
  push(static_cast<Object&&>(v));
}

namespace {
Object object(Object callee, Object args, bool new_object) {
  Object v = make_object(Kind::Instance,
                         std::vector<Object>{static_cast<Object&&>(callee), static_cast<Object&&>(args), {}, {}});
  v.node()->new_object = new_object;
  return v;
}
void expect_tuple(const Object& args) {
  if (args.kind() != Kind::Tuple) refuse_pickle(str("a broken pickle: a call's arguments are a ", shown(args)));
}
}  // namespace

void Unpickler::reduce() {
  Object args = pop(), callee = pop();
  expect_tuple(args);
  if (callee.kind() != Kind::Global)
    refuse_pickle(str("Trying to call reduce for unrecognized function ", shown(callee)));
  if (callee.node()->id < 0) push(made(object(static_cast<Object&&>(callee), static_cast<Object&&>(args), false)));
  else push(call_known(callee.node()->id, args.node()->items, made_));
}

void Unpickler::new_object() {
  Object args = pop(), callee = pop();
  expect_tuple(args);
  if (callee.kind() != Kind::Global)
    refuse_pickle(
        str("Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but "
            "got ",
            shown(callee)));
  if (callee.node()->id < 0) push(made(object(static_cast<Object&&>(callee), static_cast<Object&&>(args), true)));
  else push(call_known(callee.node()->id, args.node()->items, made_));
}

void Unpickler::build() {
  Object state = pop();
  Object& target = top();
  if (target.kind() == Kind::Instance) {
    target.node()->items.push_back(static_cast<Object&&>(state));
  } else if (target.kind() == Kind::OrderedDict && state.is_dict()) {
    target.node()->attributes = static_cast<Object&&>(state);
  } else {
    refuse_pickle(
        str("Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but "
            "got ",
            shown(target)));
  }
}

// ---- circles

namespace {
constexpr size_t kMaxDepth = 1000;

struct Place {
  const Node* node;
  size_t next;  // child to look at: items, then attributes, then type
};
const Node* child(const Node& n, size_t i) {
  const size_t count = n.items.size();
  const Object& v = i < count ? n.items[i] : i == count ? n.attributes : n.type;
  return v.owns() ? v.node() : nullptr;
}
}  // namespace

void Unpickler::keep(const Object& value) {
  std::unordered_map<const Node*, size_t> height;  // of what was looked at; 0 while it is being looked at
  std::vector<Place> path;
  const auto enter = [&](const Node* n) {
    path.push_back({n, 0});
    height[n] = 0;
  };
  if (value.owns()) enter(value.node());
  while (!path.empty()) {
    Place& place = path.back();
    const size_t children = place.node->items.size() + 2;
    if (place.next < children) {
      const Node* next = child(*place.node, place.next++);
      const auto found = next ? height.find(next) : height.end();
      if (found != height.end() && found->second == 0) refuse_pickle("the file holds a container that contains itself");
      if (next && found == height.end()) enter(next);
      if (path.size() > kMaxDepth) refuse_pickle("the file's values are nested too deeply");
      continue;
    }
    size_t tallest = 0;
    for (size_t i = 0; i < children; ++i)
      if (const Node* c = child(*place.node, i)) tallest = std::max(tallest, height[c]);
    if (tallest >= kMaxDepth) refuse_pickle("the file's values are nested too deeply");
    height[place.node] = tallest + 1;
    path.pop_back();
  }
  std::erase_if(made_, [&](const Object& v) { return height.count(v.node()); });
}

}  // namespace gradus::io

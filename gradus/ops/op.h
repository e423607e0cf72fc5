// The vocabulary in which operators are declared: one literal in PyTorch's schema language, parsed at compile time.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace gradus {

/// What an operator is; from it follow dtype rule, kernels, autograd wiring and how it behaves under transforms.
enum class Kind : uint8_t {
  Promote,       // pointwise, in the promoted type of its operands
  PromoteFloat,  // pointwise, integers become the default float
  PromoteInt,    // pointwise, integers and bool only
  Compare,       // pointwise, computed in the promoted type, result bool
  Structured,    // infer + run
  ViewOp,        // geometry in, geometry out
  Compound,      // forward written with other operators, with a gradient rule and a node of its own
  Composite,     // an ordinary function; its parts make the graph
};
constexpr bool is_pointwise(Kind k) { return k <= Kind::Compare; }
constexpr bool floats_only(Kind k) { return k == Kind::PromoteFloat; }
constexpr bool integers_only(Kind k) { return k == Kind::PromoteInt; }

/// Types of the schema language.
enum class ArgKind : uint8_t {
  Tensor,
  OptTensor,
  TensorList,
  OptTensorList,  // Tensor?[]
  Scalar,
  OptScalar,
  Int,
  OptInt,
  IntList,
  OptIntList,
  ScalarList,    // Scalar[]
  OptFloatList,  // float[]?
  Bool,
  OptBool,
  Float,
  OptFloat,
  Str,
  OptStr,
  DType,
  OptDType,
  Device,
  Layout,
  MemoryFormat,
  Generator,
  Storage,
  Object  // anything that Python has; of functions that only Python has
};
constexpr bool is_tensor(ArgKind k) { return k <= ArgKind::OptTensorList; }

struct ArgSpec {
  ArgKind kind{};
  std::string_view type, name, fallback;  // fallback: default value as written; has_default tells if there is one
  bool keyword_only = false, has_default = false, written = false;  // written: alias mark with '!'
  int length = 0;                                                   // int[2]: an int stands for that many
};

struct Schema {
  static constexpr int kMax = 16;
  std::string_view text, name, overload, returns;
  std::array<ArgSpec, kMax> args{};
  int n_args = 0, n_returns = 0;
};

namespace detail {

void unknown_type_in_schema();

consteval bool starts(std::string_view s, std::string_view prefix) { return s.substr(0, prefix.size()) == prefix; }

consteval ArgKind arg_kind(std::string_view t) {
  if (starts(t, "Tensor")) {  // drop an alias mark: Tensor(a!)
    const bool list = t.find("[]") != t.npos;
    const bool optional = t.find('?') != t.npos;
    return list ? (optional ? ArgKind::OptTensorList : ArgKind::TensorList)
                : (optional ? ArgKind::OptTensor : ArgKind::Tensor);
  }
  const bool optional = t.back() == '?';
  if (optional) t.remove_suffix(1);
  if (t == "Scalar") return optional ? ArgKind::OptScalar : ArgKind::Scalar;
  if (starts(t, "int[") || starts(t, "SymInt[")) return optional ? ArgKind::OptIntList : ArgKind::IntList;
  if (t == "Scalar[]" && !optional) return ArgKind::ScalarList;
  if (t == "float[]" && optional) return ArgKind::OptFloatList;
  if (t == "int" || t == "SymInt") return optional ? ArgKind::OptInt : ArgKind::Int;
  if (t == "bool") return optional ? ArgKind::OptBool : ArgKind::Bool;
  if (t == "float") return optional ? ArgKind::OptFloat : ArgKind::Float;
  if (t == "str") return optional ? ArgKind::OptStr : ArgKind::Str;
  if (t == "ScalarType") return optional ? ArgKind::OptDType : ArgKind::DType;
  if (t == "Device") return ArgKind::Device;
  if (t == "Layout") return ArgKind::Layout;
  if (t == "MemoryFormat") return ArgKind::MemoryFormat;
  if (t == "Generator") return ArgKind::Generator;
  if (t == "Storage") return ArgKind::Storage;
  if (t == "Object") return ArgKind::Object;
  unknown_type_in_schema();  // not a constant: the compiler names the literal
  return ArgKind::Tensor;
}

consteval ArgSpec parse_arg(std::string_view text, bool keyword_only) {
  ArgSpec a;
  a.keyword_only = keyword_only;
  auto space = text.find(' ');
  if (text.find("(a -> *)") < text.npos) space = text.find(' ', text.find(')'));  // a list of views
  a.type = text.substr(0, space);
  a.kind = arg_kind(a.type);
  a.written = a.type.find('!') != a.type.npos;
  const auto bracket = a.type.find('[');
  if (bracket != a.type.npos && a.type[bracket + 1] >= '0' && a.type[bracket + 1] <= '9')
    a.length = a.type[bracket + 1] - '0';
  const auto rest = text.substr(space + 1);
  const auto equal = rest.find('=');
  a.name = rest.substr(0, equal);
  a.has_default = equal != rest.npos;
  if (a.has_default) a.fallback = rest.substr(equal + 1);
  return a;
}

// Position of the comma that ends the first argument; commas inside brackets belong to a default.
consteval size_t first_comma(std::string_view s) {
  int depth = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '[' || s[i] == '(') ++depth;
    if (s[i] == ']' || s[i] == ')') --depth;
    if (s[i] == ',' && depth == 0) return i;
  }
  return s.npos;
}

}  // namespace detail

consteval Schema parse_schema(std::string_view text) {
  Schema s;
  s.text = text;
  const auto open = text.find('('), close = text.rfind(") ->");
  const auto full = text.substr(0, open);
  const auto dot = full.find('.');
  s.name = full.substr(0, dot);
  if (dot != full.npos) s.overload = full.substr(dot + 1);
  auto body = text.substr(open + 1, close - open - 1);
  bool keyword_only = false;
  while (!body.empty()) {
    const auto comma = detail::first_comma(body);
    auto arg = body.substr(0, comma);
    body = comma == body.npos ? std::string_view{} : body.substr(comma + 1);
    while (arg.front() == ' ') arg.remove_prefix(1);
    if (arg == "*") keyword_only = true;
    else s.args[static_cast<size_t>(s.n_args++)] = detail::parse_arg(arg, keyword_only);
  }
  s.returns = text.substr(close + 5);
  if (s.returns != "()") {
    s.n_returns = 1;
    for (char c : s.returns) s.n_returns += c == ',';
  }
  return s;
}

/// A declaration: `static constexpr Op op{"add.Tensor(…) -> Tensor", "Sum, element by element.", Kind::Promote,
/// "fmio"}`. Forms: f function, m method, i in-place method, o out=, n a function of nn.functional (not of the main
/// namespace), p named name_overload in C++ (name_all if there is none) and no method, where its defaults would make
/// calls ambiguous.
struct Op {
  Schema schema;
  std::string_view doc;
  Kind kind;
  std::string_view forms;
  std::string_view node;  // name of the graph node where PyTorch's differs from the rule "NameBackward0"

  consteval Op(std::string_view literal, std::string_view doc, Kind kind, std::string_view forms,
               std::string_view node = {})
      : schema(parse_schema(literal)), doc(doc), kind(kind), forms(forms), node(node) {}
};

/// Operands of a pointwise operator (its positional tensors and numbers); what follows are its parameters: keyword-only
/// numbers, and `alpha`.
consteval size_t pointwise_operands(const Op& op) {
  size_t n = 0;
  for (int i = 0; i < op.schema.n_args; ++i) {
    const ArgSpec& a = op.schema.args[static_cast<size_t>(i)];
    n += !a.keyword_only && a.name != "alpha";
  }
  return n;
}
consteval size_t pointwise_params(const Op& op) {
  return static_cast<size_t>(op.schema.n_args) - pointwise_operands(op);
}

/// A bit for every operand that is one number, which the loop over a tile reads once. An operator with a loop of its
/// own wants tiles full of it, unless it says `numbers_once`.
template <class O>
consteval uint32_t number_operands() {
  uint32_t mask = 0;
  for (size_t i = 0; i < pointwise_operands(O::op); ++i)
    if (O::op.schema.args[i].type == "Scalar") mask |= 1u << i;
  if constexpr (
      requires { &O::template tile<float>; } && !requires { O::numbers_once; })
    return 0;
  return mask;
}

}  // namespace gradus

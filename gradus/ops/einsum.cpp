// einsum: every operand gets one dim per index, then pairs are contracted from left to right by batched products.
#include <array>
#include <deque>

#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/products.h"

namespace gradus {
namespace {

constexpr int kLetters = 52;
constexpr int kEllipsis = kLetters;

int letter_index(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' : c - 'a' + 26; }
char letter_of(int index) { return static_cast<char>(index < 26 ? 'A' + index : 'a' + index - 26); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Equation {
  std::vector<std::vector<int>> inputs;
  std::vector<int> output;
  bool explicit_output = false;
};

[[noreturn]] void refuse_subscript(size_t at) {
  raise(ErrorKind::Runtime, str("einsum(): invalid subscript given at index ", at,
                                " in the equation string, subscripts must be in [a-zA-Z]"));
}

void parse_inputs(std::string_view text, size_t n_operands, Equation& e) {
  e.inputs.emplace_back();
  bool ellipsis = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      check(!ellipsis, "einsum(): found '.' for operand ", e.inputs.size() - 1,
            " for which an ellipsis was already found");
      check(text.substr(i, 3) == "...", "einsum(): found '.' for operand ", e.inputs.size() - 1,
            " that is not part of any ellipsis");
      i += 2;
      ellipsis = true;
      e.inputs.back().push_back(kEllipsis);
    } else if (c == ',') {
      e.inputs.emplace_back();
      check(e.inputs.size() <= n_operands, "einsum(): fewer operands were provided than specified in the equation");
      ellipsis = false;
    } else if (is_letter(c)) {
      e.inputs.back().push_back(letter_index(c));
    } else {
      refuse_subscript(i);
    }
  }
  check(e.inputs.size() == n_operands, "einsum(): more operands were provided than specified in the equation");
}

Equation parse(std::string_view text, size_t n_operands) {
  Equation e;
  const size_t arrow = text.find("->");
  parse_inputs(text.substr(0, arrow), n_operands, e);
  e.explicit_output = arrow != text.npos;
  return e;
}

// How the indices of an equation are spread over dims: first those of the result, then those summed over.
struct IndexDims {
  int64_t ellipsis_dims = 0, ellipsis_at = 0;
  std::array<int, kLetters> count{};
  std::array<int64_t, kLetters> dim;
  int64_t n_out = 0, n = 0;
};

void count_letters(const Equation& e, TensorList operands, IndexDims& l) {
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    const auto& labels = e.inputs[i];
    const auto n_labels = static_cast<int64_t>(labels.size());
    const int64_t ndim = operands[static_cast<int64_t>(i)].dim();
    bool ellipsis = false;
    for (const int label : labels) {
      if (label == kEllipsis) ellipsis = true;
      else ++l.count[static_cast<size_t>(label)];
    }
    if (ellipsis) {
      check(n_labels - 1 <= ndim, "einsum(): the number of subscripts in the equation (", n_labels - 1,
            ") is more than the number of dimensions (", ndim, ") for operand ", i);
      l.ellipsis_dims = std::max(l.ellipsis_dims, ndim - (n_labels - 1));
    } else {
      check(n_labels == ndim, "einsum(): the number of subscripts in the equation (", n_labels,
            ") does not match the number of dimensions (", ndim, ") for operand ", i, " and no ellipsis was given");
    }
  }
}

// The part behind "->"; returns whether it has an ellipsis.
bool place_output(std::string_view text, size_t start, IndexDims& l) {
  bool ellipsis = false;
  for (size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      check(!ellipsis, "einsum(): found '.' for output but an ellipsis (...) was already found");
      check(text.substr(i, 3) == "...", "einsum(): found '.' for output that is not part of any ellipsis (...)");
      i += 2;
      l.ellipsis_at = l.n;
      l.n += l.ellipsis_dims;
      ellipsis = true;
    } else if (is_letter(c)) {
      const auto k = static_cast<size_t>(letter_index(c));
      check(l.dim[k] < 0, "einsum(): output subscript ", c, " appears more than once in the output");
      check(l.count[k] > 0, "einsum(): output subscript ", c, " does not appear in the equation for any input operand");
      l.dim[k] = l.n++;
    } else {
      refuse_subscript(i);
    }
  }
  return ellipsis;
}

IndexDims make_index_dims(const Equation& e, std::string_view text, TensorList operands) {
  IndexDims l;
  l.dim.fill(-1);
  count_letters(e, operands, l);
  bool ellipsis = true;
  if (e.explicit_output) {
    ellipsis = place_output(text, text.find("->") + 2, l);
  } else {
    l.n = l.ellipsis_dims;
    for (size_t k = 0; k < kLetters; ++k)
      if (l.count[k] == 1) l.dim[k] = l.n++;
  }
  l.n_out = l.n;
  if (!ellipsis) {
    l.ellipsis_at = l.n;
    l.n += l.ellipsis_dims;
  }
  for (size_t k = 0; k < kLetters; ++k)
    if (l.count[k] > 0 && l.dim[k] < 0) l.dim[k] = l.n++;
  return l;
}

// An operand with one dim per index, of size one where it lacks the index.
Tensor spread(Tensor x, const std::vector<int>& labels, size_t operand, const IndexDims& l) {
  Dims order(l.n, -1);
  std::array<int64_t, kLetters> seen;
  seen.fill(-1);
  int64_t at = 0;
  for (const int label : labels) {
    if (label == kEllipsis) {
      const int64_t covered = x.dim() - at - [&] {
        int64_t behind = 0;
        for (const int* p = labels.data() + labels.size() - 1; *p != kEllipsis; --p) ++behind;
        return behind;
      }();
      for (int64_t k = covered; k < l.ellipsis_dims; ++k) x = x.unsqueeze(at);
      for (int64_t k = 0; k < l.ellipsis_dims; ++k) order[l.ellipsis_at + k] = at++;
      continue;
    }
    const auto k = static_cast<size_t>(label);
    if (seen[k] < 0) {
      seen[k] = at;
      order[l.dim[k]] = at++;
      continue;
    }
    const int64_t first = seen[k];
    check(x.size(first) == x.size(at), "einsum(): subscript ", letter_of(label), " is repeated for operand ", operand,
          " but the sizes don't match, ", x.size(at), " != ", x.size(first));
    x = x.diagonal(0, first, at).movedim(-1, first);
  }
  for (int64_t& d : order) {
    if (d >= 0) continue;
    x = x.unsqueeze(-1);
    d = at++;
  }
  return x.permute(order);
}

// Indices that both have and that remain, that one of them has, and that are summed over.
struct Split {
  Dims batch, left, sum, right;
  int64_t n_batch = 1, n_left = 1, n_sum = 1, n_right = 1;
};

Dims join(const Dims& a, const Dims& b, const Dims& c, const Dims& d = {}) {
  Dims out(a);
  for (const Dims* part : {&b, &c, &d})
    for (const int64_t v : *part) out.push_back(v);
  return out;
}

// The sum over `summed` dims of the product of two operands of equal rank; those dims remain with size one.
Tensor contract(Tensor a, Tensor b, const Dims& summed) {
  if (summed.empty()) return a.mul(b);
  uint64_t mask = 0;
  for (const int64_t d : summed) mask |= uint64_t{1} << d;
  Split s;
  for (int64_t d = 0; d < a.dim(); ++d) {
    const bool in_a = a.size(d) != 1, in_b = b.size(d) != 1;
    if (mask >> d & 1u) {
      s.sum.push_back(d);
      if (in_a && in_b) s.n_sum *= a.size(d);
      else if (in_a) a = a.sum(OptIntList(d), true);
      else if (in_b) b = b.sum(OptIntList(d), true);
    } else if (in_a && in_b) {
      s.batch.push_back(d);
      s.n_batch *= a.size(d);
    } else if (in_a) {
      s.left.push_back(d);
      s.n_left *= a.size(d);
    } else {
      s.right.push_back(d);
      s.n_right *= b.size(d);
    }
  }
  Dims sizes, back(a.dim(), 0);
  int64_t at = 0;
  for (const Dims* part : {&s.batch, &s.left, &s.sum, &s.right})
    for (const int64_t d : *part) {
      sizes.push_back(part == &s.sum ? 1 : part == &s.right ? b.size(d) : a.size(d));
      back[d] = at++;
    }
  const Tensor x = a.permute(join(s.batch, s.left, s.sum, s.right)).reshape({s.n_batch, s.n_left, s.n_sum});
  const Tensor y = b.permute(join(s.batch, s.sum, s.right, s.left)).reshape({s.n_batch, s.n_sum, s.n_right});
  return x.bmm(y).view(sizes).permute(back);
}

void check_broadcast(const Equation& e, TensorList operands, const IndexDims& l) {
  std::array<int64_t, kLetters> size;
  size.fill(1);
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    const Tensor& x = operands[static_cast<int64_t>(i)];
    int64_t at = 0;
    for (const int label : e.inputs[i]) {
      if (label == kEllipsis) {
        at += x.dim() - static_cast<int64_t>(e.inputs[i].size()) + 1;
        continue;
      }
      int64_t& known = size[static_cast<size_t>(label)];
      const int64_t n = x.size(at++);
      check(known == 1 || n == 1 || known == n, "einsum(): subscript ", letter_of(label), " has size ", n,
            " for operand ", i, " which does not broadcast with previously seen size ", known);
      if (known == 1) known = n;
    }
  }
}

}  // namespace

Tensor einsum(std::string_view equation, TensorList tensors, OptIntList path) {
  check(!tensors.empty(), "einsum(): must provide at least one operand");
  check(!path || path->size() == 2 * (tensors.size() - 1), "einsum(): expected contraction path given in path ",
        "parameter to have size 2 * (number of operands - 1)");
  const Equation e = parse(equation, static_cast<size_t>(tensors.size()));
  const IndexDims l = make_index_dims(e, equation, tensors);
  std::deque<Tensor> operands;
  for (int64_t i = 0; i < tensors.size(); ++i)
    operands.push_back(spread(tensors[i], e.inputs[static_cast<size_t>(i)], static_cast<size_t>(i), l));
  check_broadcast(e, tensors, l);
  Dims holders(l.n, 0);  // operands that have more than one entry along a dim
  for (const Tensor& x : operands)
    for (int64_t d = 0; d < l.n; ++d) holders[d] += x.size(d) != 1;
  while (operands.size() > 1) {
    Tensor a = operands[0], b = operands[1];
    operands.erase(operands.begin(), operands.begin() + 2);
    Dims only_a, only_b, both;
    for (int64_t d = l.n_out; d < l.n; ++d) {
      const bool in_a = a.size(d) != 1, in_b = b.size(d) != 1;
      if (in_a && in_b) {
        if (--holders[d] == 1) {
          both.push_back(d);
          holders[d] = 0;
        }
      } else if (holders[d] == 1 && (in_a || in_b)) {
        (in_a ? only_a : only_b).push_back(d);
        holders[d] = 0;
      }
    }
    if (!only_a.empty()) a = a.sum(OptIntList(only_a), true);
    if (!only_b.empty()) b = b.sum(OptIntList(only_b), true);
    operands.push_front(contract(a, b, both));
  }
  const Tensor& result = operands.front();
  if (l.n == l.n_out) return result;
  Dims kept;
  for (int64_t d = 0; d < l.n_out; ++d) kept.push_back(result.size(d));
  if (tensors.size() > 1) return result.view(kept);
  Dims summed;
  for (int64_t d = l.n_out; d < l.n; ++d) summed.push_back(d);
  return result.sum(OptIntList(summed));
}

}  // namespace gradus

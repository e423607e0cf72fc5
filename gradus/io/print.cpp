// Tensors as text.
#include "gradus/io/print.h"

#include <charconv>
#include <cmath>

#include "gradus/core/error.h"
#include "gradus/core/format.h"
#include "gradus/core/node.h"
#include "gradus/core/read.h"

namespace gradus {

PrintOptions& print_options() {
  static PrintOptions options;
  return options;
}

namespace {

constexpr std::string_view kPrefix = "tensor(";

/// The values to print: all of them, or the edges of every dim.
struct Values {
  std::vector<double> reals;
  std::vector<int64_t> integers;
};

class Fetcher {
 public:
  Fetcher(const Tensor& t, int64_t keep) : t_(t), keep_(keep), data_(static_cast<const char*>(read_data(t))) {}
  Values all() {
    dispatch(t_.dtype(), [&]<class T>() { visit<T>(0, reinterpret_cast<const T*>(data_)); });
    return static_cast<Values&&>(values_);
  }

 private:
  template <class T>
  void visit(int64_t dim, const T* p) {
    if (dim == t_.dim()) {
      if constexpr (DTypeOf<T>::value >= DType::Float16) values_.reals.push_back(static_cast<double>(*p));
      else values_.integers.push_back(static_cast<int64_t>(*p));
      return;
    }
    const int64_t n = t_.size(dim), stride = t_.stride(dim);
    const bool edges = keep_ > 0 && n > 2 * keep_;
    for (int64_t i = 0; i < n; ++i) {
      if (edges && i == keep_) i = n - keep_;
      visit(dim + 1, p + i * stride);
    }
  }

  const Tensor& t_;
  int64_t keep_;
  const char* data_;
  Values values_;
};

std::string number(double value, std::chars_format format, int precision) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[400];  // the longest double has 309 digits before the point
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format, precision);
  return {buffer, end.ptr};
}

/// How every value is written follows from all of them: as integers, with decimals or with exponents, how wide.
struct Style {
  std::chars_format format = std::chars_format::fixed;
  int precision = 0;
  bool point = true;  // integers among floats end in one
  size_t width = 1;
};

Style style_of(const std::vector<double>& values) {
  const PrintOptions& options = print_options();
  const auto counts = [](double v) { return v != 0 && std::isfinite(v); };
  double largest = 0, smallest = HUGE_VAL;
  bool integral = true;
  for (double v : values) {
    if (!counts(v)) continue;
    largest = std::max(largest, std::abs(v));
    smallest = std::min(smallest, std::abs(v));
    integral = integral && v == std::ceil(v);
  }
  Style style;
  if (largest == 0) return style;
  const bool scientific =
      options.sci_mode.value_or(largest / smallest > 1000.0 || largest > 1.0e8 || smallest < 1.0e-4);
  style.format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  style.point = integral && !scientific;
  style.precision = style.point ? 0 : options.precision;
  style.width = 0;
  for (double v : values)
    if (counts(v)) style.width = std::max(style.width, number(v, style.format, style.precision).size() + style.point);
  return style;
}

/// The written values, padded to one width.
struct Written {
  std::vector<std::string> items;
  size_t width = 1;
};

Written write(const Tensor& t, const Values& values) {
  Written out;
  if (is_floating(t.dtype())) {
    const Style style = style_of(values.reals);
    for (double v : values.reals) {
      out.items.push_back(number(v, style.format, style.precision));
      if (style.point && std::isfinite(v)) out.items.back() += '.';
    }
    out.width = style.width;
  } else {
    for (int64_t v : values.integers) {
      out.items.push_back(t.dtype() != kBool ? std::to_string(v) : v ? "True" : "False");
      out.width = std::max(out.width, out.items.back().size());
    }
  }
  for (std::string& item : out.items)
    if (item.size() < out.width) item.insert(0, out.width - item.size(), ' ');
  return out;
}

/// Brackets, commas and line breaks around the values.
class Nest {
 public:
  Nest(const Tensor& t, Written written, bool summarize)
      : t_(t), written_(static_cast<Written&&>(written)), summarize_(summarize) {}
  std::string text(int64_t dim, int64_t indent) {
    const int64_t keep = print_options().edgeitems, n = t_.size(dim);
    const bool dots = summarize_ && n > 2 * keep;
    const int64_t shown = dots ? 2 * keep : n;
    if (dim == t_.dim() - 1) return row(shown, dots, indent);
    const std::string breaks(static_cast<size_t>(t_.dim() - dim - 1), '\n');
    const std::string separator = "," + breaks + std::string(static_cast<size_t>(indent + 1), ' ');
    std::string out = "[";
    for (int64_t i = 0; i < shown; ++i) {
      if (i) out += separator;
      if (dots && i == keep) out += "..." + separator;
      out += text(dim + 1, indent + 1);
    }
    return out + "]";
  }

 private:
  /// The innermost dim, in lines of as many elements as fit.
  std::string row(int64_t shown, bool dots, int64_t indent) {
    const PrintOptions& options = print_options();
    const int64_t room = options.linewidth - indent, width = static_cast<int64_t>(written_.width) + 2;
    const int64_t per_line = std::max<int64_t>(1, room / width);
    std::string out = "[";
    for (int64_t i = 0, place = 0; i < shown; ++place) {
      if (place) out += place % per_line ? ", " : ",\n" + std::string(static_cast<size_t>(indent + 1), ' ');
      if (dots && place == options.edgeitems) out += " ...";
      else out += written_.items[next_++], ++i;
    }
    return out + "]";
  }

  const Tensor& t_;
  Written written_;
  bool summarize_;
  size_t next_ = 0;
};

std::string contents(const Tensor& t) {
  if (t.numel() == 0) return "[]";
  const PrintOptions& options = print_options();
  const bool summarize = t.numel() > options.threshold;
  if (summarize && options.edgeitems == 0) return "[...]";
  Written written = write(t, Fetcher(t, summarize ? options.edgeitems : 0).all());
  if (t.dim() == 0) return written.items[0];
  return Nest(t, static_cast<Written&&>(written), summarize).text(0, static_cast<int64_t>(kPrefix.size()));
}

std::string size_suffix(const Tensor& t) {
  std::string text = "size=(";
  for (int64_t d = 0; d < t.dim(); ++d) text += str(d ? ", " : "", t.size(d));
  return text + (t.dim() == 1 ? ",)" : ")");
}

std::string gradient_suffix(const Tensor& t) {
  try {
    if (const Node* node = t.grad_fn()) return str("grad_fn=<", node->name(), ">");
  } catch (const Error&) {  // a view whose history can no longer be rebuilt
    return "grad_fn=<Invalid>";
  }
  return t.requires_grad() ? "requires_grad=True" : "";
}

/// What follows the values: size of empty tensors, dtype, gradient.
std::vector<std::string> suffixes(const Tensor& t) {
  std::vector<std::string> out;
  const bool empty = t.numel() == 0, sizes_hidden = print_options().edgeitems == 0;
  if (empty ? t.dim() != 1 : sizes_hidden) out.push_back(size_suffix(t));
  const DType dtype = t.dtype();
  const bool obvious = dtype == default_dtype() || (!empty && (dtype == kInt64 || dtype == kBool));
  if (!obvious) out.push_back(str("dtype=torch.", name(dtype)));
  if (std::string gradient = gradient_suffix(t); !gradient.empty()) out.push_back(gradient);
  return out;
}

}  // namespace

std::string Tensor::str() const {
  if (!defined()) return "Tensor()";
  std::string text = std::string(kPrefix) + contents(*this);
  const size_t linewidth = static_cast<size_t>(print_options().linewidth);
  size_t length = text.size() - (text.rfind('\n') + 1) + 2;  // without a line break rfind + 1 is zero
  for (const std::string& suffix : suffixes(*this)) {
    // A suffix starts a new line where the last one would grow too long.
    if (length + suffix.size() + 2 > linewidth) {
      text += ",\n" + std::string(kPrefix.size(), ' ') + suffix;
      length = kPrefix.size() + suffix.size();
    } else {
      text += ", " + suffix;
      length += suffix.size() + 2;
    }
  }
  return text + ")";
}

}  // namespace gradus

// Notes on where nodes are made and memory is written; the report of a failure.
#include "gradus/autograd/anomaly.h"

#include <mutex>
#include <unordered_map>

#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/rule.h"

namespace gradus {
namespace {

bool looks_for_nan = true;
constinit thread_local const char* place = nullptr;
constinit thread_local Node* executing = nullptr;

std::string place_of_scope(bool) { return place ? std::string(place) : std::string(); }
PlaceFinder finder = &place_of_scope;

// Where counters were last bumped.
struct Writes {
  std::mutex mutex;
  std::unordered_map<const Version*, std::string> at;
};
Writes& writes() {
  static auto* w = new Writes;
  return *w;
}

std::string last_line(const std::string& stack) {
  size_t from = stack.rfind("  File \"");
  if (from == stack.npos) return stack;
  const size_t end = stack.find('\n', from);
  return stack.substr(from + 2, end - from - 2);
}

}  // namespace

void set_detect_anomaly(bool enabled, bool check_nan) {
  detail::anomaly = enabled;
  looks_for_nan = check_nan;
}
bool is_anomaly_enabled() { return detail::anomaly; }
bool is_anomaly_check_nan_enabled() { return looks_for_nan; }

DetectAnomaly::DetectAnomaly(bool check_nan) : before_(detail::anomaly), check_nan_before_(looks_for_nan) {
  set_detect_anomaly(true, check_nan);
}
DetectAnomaly::~DetectAnomaly() { set_detect_anomaly(before_, check_nan_before_); }

Place::Place(const char* text) : before_(place) { place = text; }
Place::~Place() { place = before_; }

void set_place_finder(PlaceFinder f) { finder = f ? f : &place_of_scope; }

Node* executing_node() { return executing; }
void set_executing_node(Node* node) { executing = node; }

void note_node(Node& n) {
  NodeHooks& hooks = hooks_of(n);
  hooks.place = finder(false);
  if (!executing) return;
  ref_inc(executing->refs);
  hooks.parent = executing;
}

void note_write(Version& v) {
  std::string text = finder(true);
  Writes& w = writes();
  const std::lock_guard lock(w.mutex);
  w.at[&v] = std::move(text);
  v.placed = true;
}
void forget_write(Version& v) noexcept {
  Writes& w = writes();
  const std::lock_guard lock(w.mutex);
  w.at.erase(&v);
}

std::string place_of_node(const Node& n) {
  const auto* hooks = static_cast<const NodeHooks*>(n.hooks);
  return hooks && !hooks->place.empty() ? str(" (", last_line(hooks->place), ")") : "";
}
std::string place_of_write(const Version& v) {
  if (!v.placed) return "";
  Writes& w = writes();
  const std::lock_guard lock(w.mutex);
  const std::string& text = w.at[&v];
  return text.empty() ? "" : str(" (", text, ")");
}

void report_anomaly(const Node& node) {
  const auto* hooks = static_cast<const NodeHooks*>(node.hooks);
  const std::string head = str("Error detected in ", full_name(*node.type), ". ");
  if (!hooks || hooks->place.empty()) {
    warn(head +
         "No forward pass information available. Enable detect anomaly during forward pass for more "
         "information.");
    return;
  }
  warn(str(head, "Traceback of forward call that caused the error:\n", hooks->place));
  for (const Node* parent = hooks->parent; parent; parent = hooks ? hooks->parent : nullptr) {
    hooks = static_cast<const NodeHooks*>(parent->hooks);
    const std::string name = full_name(*parent->type);
    if (!hooks || hooks->place.empty()) {
      warn(str("Error detected in ", name,
               ". No forward pass information available. Enable detect anomaly during forward pass for more "
               "information."));
      return;
    }
    warn(str("\n\nPrevious calculation was induced by ", name,
             ". Traceback of forward call that induced the previous calculation:\n", hooks->place));
  }
}

void check_nan(const Node& node, const Tensor* made) {
  if (!looks_for_nan) return;
  const GradMode guard(false);
  for (int i = 0; i < node.n_next; ++i) {
    if (!made[i].defined() || !is_floating(made[i].dtype())) continue;
    const Tensor dense = made[i].to(DType::Float64).contiguous();
    const auto* p = dense.data<double>();
    for (int64_t k = 0; k < dense.numel(); ++k)
      check(p[k] == p[k], "Function '", full_name(*node.type), "' returned nan values in its ", i, "th output.");
  }
}

}  // namespace gradus

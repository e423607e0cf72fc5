// Segments as people read them: what was recorded, and the groups that ran.
#include <charconv>
#include <deque>
#include <mutex>

#include "gradus/core/format.h"
#include "gradus/stream/segment.h"

namespace gradus {
namespace {

std::atomic<int> keep{0};
std::mutex mutex;
std::deque<std::string>& kept() {
  static auto* k = new std::deque<std::string>;
  return *k;
}

std::string quoted(std::string_view s) { return str('"', s, '"'); }

// The operator's name without its overload.
std::string name_of(const FuseInfo& f) {
  const std::string_view whole(f.name);
  return std::string(whole.substr(0, whole.find_first_of(".(")));
}

std::string tensor_of(const Segment& s, uint16_t v) {
  const View& view = s.view(v);
  const uint16_t slot = s.views[v].slot;
  return str("{\"slot\": ", slot, ", \"dtype\": ", quoted(name(view.dtype)), ", \"shape\": ", quoted(str(view.sizes())),
             ", \"live\": ", s.live[slot] ? "true" : "false", "}");
}

// The shortest text that reads back as the number.
std::string number_of(const Entry& e, int k) {
  return dispatch(e.splat_dtype, [&]<class T>() {
    T value;
    __builtin_memcpy(&value, e.splats[k].bytes, sizeof value);
    char text[32];
    const auto end = [&] {
      if constexpr (std::is_same_v<T, double>) return std::to_chars(text, text + sizeof text, value).ptr;
      else if constexpr (std::is_integral_v<T>) return std::to_chars(text, text + sizeof text, int64_t{value}).ptr;
      else return std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr;
    }();
    return std::string(text, end);
  });
}

std::string record_of(const Segment& s, const Entry& e) {
  std::string text = str("{\"op\": ", quoted(name_of(*e.fuse)), ", \"out\": ", tensor_of(s, e.out), ", \"in\": [");
  for (int k = 0; k < e.n_in; ++k) {
    if (k) text += ", ";
    text += e.in[k] == Entry::kNumber ? quoted(number_of(e, k)) : tensor_of(s, e.in[k]);
  }
  return text + "]}";
}

template <class T, class F>
std::string list_of(const std::vector<T>& items, F&& f) {
  std::string text = "[";
  for (const T& item : items) {
    if (text.size() > 1) text += ", ";
    text += f(item);
  }
  return text + "]";
}

std::string group_of(const Segment& s, const Program& p, const std::vector<int>& members) {
  const char* kind = p.entry >= 0 ? "single" : p.split >= 0 ? "rows" : p.accumulators.empty() ? "pointwise" : "fold";
  const auto tensor = [&](uint16_t v) { return tensor_of(s, v); };
  const auto view = [&](const auto& x) { return tensor_of(s, x.view); };
  std::string reads = list_of(p.loads, view), writes = list_of(p.stores, view);
  if (p.entry >= 0) {
    const Entry& e = s.entries[static_cast<size_t>(p.entry)];
    std::vector<uint16_t> in;
    for (int k = 0; k < e.n_in; ++k)
      if (e.in[k] != Entry::kNumber) in.push_back(e.in[k]);
    reads = list_of(in, tensor);
    writes = list_of(std::vector{e.out}, tensor);
  }
  return str("{\"kind\": ", quoted(kind), ", \"shape\": ", quoted(str(s.view(p.shape).sizes())),
             ", \"records\": ", list_of(members, [](int i) { return std::to_string(i); }),
             ", \"steps\": ", p.entry >= 0 ? 1 : static_cast<int>(p.steps.size()), ", \"registers\": ", p.n_registers,
             ", \"reads\": ", reads, ", \"writes\": ", writes, ", \"folds\": ", list_of(p.accumulators, view), "}");
}

}  // namespace

void keep_segments(int n) {
  std::lock_guard lock(mutex);
  keep = n;
  while (static_cast<int>(kept().size()) > n) kept().pop_front();
}

std::string kept_segments() {
  std::lock_guard lock(mutex);
  std::string text = "[";
  for (const std::string& s : kept()) text += (text.size() > 1 ? ",\n" : "") + s;
  return text + "]";
}

namespace {
void note(const Segment& s, const Plan& plan, Cut cut) {
  std::string text = str("{\"cut\": ", quoted(count_names[Counts::FirstCut + static_cast<int>(cut)]),
                         ", \"dead\": ", plan.dead, ", \"shared\": ", plan.shared, ", \"records\": [");
  for (size_t i = 0; i < s.entries.size(); ++i) text += (i ? ", " : "") + record_of(s, s.entries[i]);
  text += "], \"groups\": [";
  std::vector<std::vector<int>> members(plan.programs.size());
  for (size_t i = 0; i < plan.group_of.size(); ++i)
    if (plan.group_of[i] >= 0) members[static_cast<size_t>(plan.group_of[i])].push_back(static_cast<int>(i));
  for (size_t g = 0; g < plan.programs.size(); ++g) text += (g ? ", " : "") + group_of(s, plan.programs[g], members[g]);
  text += "]}";
  std::lock_guard lock(mutex);
  kept().push_back(text);
  while (static_cast<int>(kept().size()) > keep) kept().pop_front();
}
}  // namespace

void note_segment(const Segment& s, const Plan& plan, Cut cut) noexcept {
  if (keep.load(std::memory_order_relaxed) <= 0) return;
  try {
    note(s, plan, cut);
  } catch (const std::bad_alloc&) {  // the segment has run, and must not seem to have failed
  }
}

}  // namespace gradus

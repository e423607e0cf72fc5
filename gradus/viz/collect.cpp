// From the autograd graph to boxes.
#include "gradus/viz/collect.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "gradus/core/format.h"
#include "gradus/core/node.h"

namespace gradus::viz {

namespace {

std::string size_text(const IntList& sizes) {
  if (sizes.empty()) return "scalar";
  std::string text;
  for (int64_t size : sizes) text += str(text.empty() ? "" : " × ", size);
  return text;
}
std::string tensor_text(const IntList& sizes, DType dtype) { return str(size_text(sizes), ", ", name(dtype)); }

std::string byte_text(int64_t bytes) {
  if (bytes < 1024) return str(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof text, value < 9.95 ? "%.1f" : "%.0f", value);
  std::string number = text;
  if (number.size() > 2 && number.ends_with(".0")) number.resize(number.size() - 2);
  return str(number, " ", unit);
}

std::string counted(int64_t n, const char* noun) {
  std::string digits = std::to_string(n);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), 1, ',');
  return str(digits, " ", noun, n == 1 ? "" : "s");
}

/// "AddmmBackward0" shows as "Addmm".
std::string operation_name(std::string_view node) {
  const size_t end = node.rfind("Backward");
  return std::string(end == node.npos || end == 0 ? node : node.substr(0, end));
}

int64_t view_bytes(const View& view) { return view.numel * item_size(view.dtype); }

class Collector {
 public:
  Collector(const nn::NamedTensors& names, int64_t limit) : limit_(limit) {
    for (const auto& [name, t] : names)
      if (t.defined()) names_.emplace(t.impl(), name);
  }
  Graph graph(const Tensor& root);

 private:
  int add(Box box) {
    graph_.boxes.push_back(static_cast<Box&&>(box));
    return static_cast<int>(graph_.boxes.size()) - 1;
  }
  int add_leaf(TensorImpl* leaf);
  int add_operation(Node* node);
  int box_of(const Edge& edge);
  void describe(const Node* node, Box& box) const;
  void link(int box, int input) {
    std::vector<int>& inputs = graph_.boxes[static_cast<size_t>(box)].inputs;
    if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(input);
  }
  void visit(Node* node);
  int64_t count_rest();
  std::string caption(int64_t rest) const;

  Graph graph_;
  int64_t limit_;
  std::unordered_map<const TensorImpl*, std::string> names_;
  std::unordered_map<const Node*, int> boxes_;
  std::unordered_map<const Node*, std::set<uint32_t>> used_;  // numbers of the results that others use
  std::deque<Node*> pending_;
  std::vector<Node*> elided_;  // where the drawn part ends
  std::unordered_map<const Storage*, int64_t> saved_;
  std::unordered_set<const Storage*> leaf_storages_;
  int64_t operations_ = 0, parameters_ = 0, values_ = 0;
};

int Collector::add_leaf(TensorImpl* leaf) {
  if (!leaf) return add({BoxKind::Leaf, "leaf", "", "no longer alive", "a leaf that is no longer alive", {}});
  const auto found = names_.find(leaf);
  const View& view = *leaf->view;
  Box box;
  box.kind = found == names_.end() ? BoxKind::Leaf : BoxKind::Parameter;
  box.title = found == names_.end() ? "leaf" : found->second;
  box.detail = tensor_text(view.sizes(), view.dtype);
  box.tooltip = str(box.title, ": ", counted(view.numel, "value"), ", ", byte_text(view_bytes(view)));
  leaf_storages_.insert(view.storage);
  if (found != names_.end()) {
    ++parameters_;
    values_ += view.numel;
  }
  return add(static_cast<Box&&>(box));
}

int Collector::add_operation(Node* node) {
  Box box;
  box.title = operation_name(node->name());
  int64_t bytes = 0;
  for (int i = 0; i < node->n_saved; ++i) {
    const View* view = node->saved()[i].view;
    if (!view) continue;
    bytes += view_bytes(*view);
    int64_t& known = saved_[view->storage];
    known = std::max(known, view_bytes(*view));
  }
  if (bytes) box.note = "saves " + byte_text(bytes);
  else if (node->released) box.note = "saved values were freed";
  ++operations_;
  return add(static_cast<Box&&>(box));
}

/// Shape and dtype of the results that are used.
void Collector::describe(const Node* node, Box& box) const {
  size_t shown = 0;
  const auto& used = used_.at(node);
  for (uint32_t nr : used) {
    const OutMeta& out = const_cast<Node*>(node)->out()[nr];
    if (nr >= static_cast<uint32_t>(node->n_out) || !out.defined || ++shown > 2) continue;
    box.detail += str(box.detail.empty() ? "" : "; ", tensor_text(out.sizes, out.dtype));
  }
  if (shown > 2) box.detail += str("; ", shown - 2, " more");
  box.tooltip = str(node->name(), ": ", box.detail, box.note.empty() ? "" : ", ", box.note);
}

/// The box of a node, made if it is new and there is room; -1 beyond the limit.
int Collector::box_of(const Edge& edge) {
  Node* node = edge.node;
  used_[node].insert(edge.nr);
  if (const auto found = boxes_.find(node); found != boxes_.end()) return found->second;
  const bool leaf = is_accumulator(node);
  if (!leaf && operations_ >= limit_) return -1;
  const int box = leaf ? add_leaf(accumulator_leaf(node)) : add_operation(node);
  boxes_.emplace(node, box);
  if (!leaf) pending_.push_back(node);
  return box;
}

void Collector::visit(Node* node) {
  const int box = boxes_.at(node);
  int stub = -1;
  for (int i = 0; i < node->n_next; ++i) {
    const Edge& edge = node->next()[i];
    if (!edge.node) continue;
    int input = box_of(edge);
    if (input < 0) {
      elided_.push_back(edge.node);
      if (stub < 0) stub = add({BoxKind::Elided, "…", "", "", "left out", {}});
      input = stub;
    }
    link(box, input);
  }
}

/// Operations beyond the drawn part.
int64_t Collector::count_rest() {
  std::unordered_set<const Node*> seen;
  std::vector<Node*> stack = elided_;
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    if (boxes_.count(node) || is_accumulator(node) || !seen.insert(node).second) continue;
    for (int i = 0; i < node->n_next; ++i)
      if (Node* next = node->next()[i].node) stack.push_back(next);
  }
  return static_cast<int64_t>(seen.size());
}

std::string Collector::caption(int64_t rest) const {
  std::string text = counted(operations_, "operation");
  if (parameters_) text += str(", ", counted(parameters_, "parameter"), " with ", counted(values_, "value"));
  int64_t bytes = 0;
  for (const auto& [storage, size] : saved_)
    if (!leaf_storages_.count(storage)) bytes += size;
  if (bytes) text += str("; ", byte_text(bytes), " kept for the backward pass, leaves not counted");
  text += ".";
  if (rest)
    text += str(" ", counted(rest, "operation"), " further from the result ", rest == 1 ? "is" : "are", " left out.");
  return text;
}

Graph Collector::graph(const Tensor& root) {
  Node* start = root.grad_fn();
  if (!start) {
    add_leaf(root.impl());
  } else {
    const auto found = names_.find(root.impl());
    const std::string title = found == names_.end() ? "result" : found->second;
    const std::string detail = tensor_text(root.sizes(), root.dtype());
    add({BoxKind::Result, title, detail, "", str(title, ": ", detail), {}});
    link(0, box_of({start, root.impl()->out_nr}));
  }
  while (!pending_.empty()) {
    Node* node = pending_.front();
    pending_.pop_front();
    visit(node);
  }
  for (const auto& [node, box] : boxes_)
    if (!is_accumulator(node)) describe(node, graph_.boxes[static_cast<size_t>(box)]);
  graph_.caption = caption(count_rest());
  return static_cast<Graph&&>(graph_);
}

}  // namespace

Graph collect(const Tensor& root, const nn::NamedTensors& names, int64_t limit) {
  check_as(ErrorKind::Value, root.defined(), "viz expects a tensor, but got an undefined one");
  check_as(ErrorKind::Value, limit > 0, "viz expects a positive limit, but got ", limit);
  return Collector(names, limit).graph(root);
}

}  // namespace gradus::viz

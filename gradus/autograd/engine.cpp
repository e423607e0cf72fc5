// A priority queue of nodes, newest first, and the gradients waiting in front of them.
#include "gradus/autograd/engine.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

// What the walk knows of one node.
struct Visit {
  Node* node;
  int32_t pending = 0;  // edges into it that have not delivered yet
  bool needed = true;   // leads to an input that was asked for: its rule runs
  bool has_capture = false;
  bool queued = false;
  int32_t first_edge = 0;    // in `targets_`
  int32_t first_buffer = 0;  // of the gradients that arrive
  bool runs() const { return needed || has_capture; }
};

// Open addressing from node to the index of its visit; reused from walk to walk.
class NodeMap {
 public:
  int32_t* find_or_add(Node* n, int32_t fresh) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    for (size_t i = hash(n);; ++i) {
      Slot& s = slots_[i & mask_];
      if (s.node == n) return &s.index;
      if (!s.node) {
        s = {n, fresh};
        ++used_;
        return &s.index;
      }
    }
  }
  int32_t find(const Node* n) const {
    if (slots_.empty()) return -1;
    for (size_t i = hash(n);; ++i) {
      const Slot& s = slots_[i & mask_];
      if (s.node == n) return s.index;
      if (!s.node) return -1;
    }
  }
  void clear() {
    if (slots_.size() > 4096) {
      slots_.clear();
      mask_ = 0;
    } else {
      std::fill(slots_.begin(), slots_.end(), Slot{});
    }
    used_ = 0;
  }

 private:
  struct Slot {
    Node* node = nullptr;
    int32_t index = 0;
  };
  static size_t hash(const Node* n) {
    return static_cast<size_t>(reinterpret_cast<uintptr_t>(n) * 0x9E3779B97F4A7C15ull >> 20);
  }
  void grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(old.empty() ? 64 : old.size() * 2, Slot{});
    mask_ = slots_.size() - 1;
    used_ = 0;
    for (const Slot& s : old)
      if (s.node) *find_or_add(s.node, s.index) = s.index;
  }
  std::vector<Slot> slots_;
  size_t mask_ = 0, used_ = 0;
};

struct Capture {
  int32_t visit;
  uint32_t nr;
  size_t input;
};

bool is_dense(const Tensor& t) { return t.is_contiguous() || is_non_overlapping_and_dense(t.sizes(), t.strides()); }

// Whether the tensor alone holds its memory, if need be as a view of all of a tensor that nothing else holds.
bool sole_owner(const Tensor& t) {
  const TensorImpl* i = t.impl();
  const TensorImpl* base = i->meta ? i->meta->base : nullptr;
  if (ref_count(i->refs) != 1 || i->view->storage->release) return false;
  if (!base) return held_once(*i->view, 1);
  return ref_count(base->refs) == 1 && held_once(*base->view, 2) && base->view->numel == t.numel() && is_dense(t) &&
         held_once(*i->view, 2);
}

// The same memory as a tensor that is no view.
Tensor without_base(Tensor t) {
  if (!t.is_view()) return t;
  ref_inc(t.impl()->view->refs);
  return Tensor(new_tensor(t.impl()->view));
}

// Takes an accumulator for one thread: several may add to the same leaf.
class LeafLock {
 public:
  explicit LeafLock(Node& n) : node_(n) {
    while (__atomic_test_and_set(&node_.busy, __ATOMIC_ACQUIRE)) std::this_thread::yield();
  }
  ~LeafLock() { __atomic_clear(&node_.busy, __ATOMIC_RELEASE); }
  LeafLock(const LeafLock&) = delete;

 private:
  Node& node_;
};

bool earlier(const std::pair<uint64_t, int32_t>& a, const std::pair<uint64_t, int32_t>& b) { return a.first < b.first; }

class Walk {
 public:
  Tensors run(std::span<const Edge> roots, Tensors grads, bool keep_graph, bool create_graph,
              std::span<const Edge> inputs, bool accumulate, bool allow_unused);
  /// Whether the walk runs the node or wants its gradient.
  bool will_run(const Node* n) const {
    const int32_t at = map_.find(n);
    return at >= 0 && visits_[static_cast<size_t>(at)].runs();
  }
  uint64_t id = 0;
  bool all_leaves = true;
  void reset() {
    map_.clear();
    visits_.clear();
    targets_.clear();
    queue_.clear();
    buffers_.clear();
    n_buffers_ = 0;
    captures_.clear();
    captured_.clear();
    for (Node* n : held_) drop(n);
    held_.clear();
  }

 private:
  int32_t visit_of(Node* n) {
    const int32_t index = *map_.find_or_add(n, static_cast<int32_t>(visits_.size()));
    if (index == static_cast<int32_t>(visits_.size())) {
      visits_.push_back({.node = n, .first_buffer = n_buffers_});
      n_buffers_ += n->n_out;
    }
    return index;
  }
  Visit& at(int32_t visit) { return visits_[static_cast<size_t>(visit)]; }
  Tensor* gradients(const Visit& v) { return buffers_.data() + v.first_buffer; }
  const int32_t* targets(const Visit& v) const { return targets_.data() + v.first_edge; }
  void count_dependencies();
  std::vector<int32_t> topological_order() const;
  void mark_needed(std::span<const Edge> inputs, bool accumulate);
  void deliver(Tensor& slot, Tensor&& gradient);
  void enqueue(int32_t visit);
  int32_t next_in_queue();
  void step(int32_t visit, bool keep_graph);
  void capture(int32_t visit, const Tensor* grads);
  void apply_node(const Visit& v, Tensor* grads, bool keep_graph);
  void run_rule(Node& n, Tensor* grads, Tensor* out, bool keep_graph);
  void run_accumulator(Node& n, Tensor* grads);
  void conform(Tensor& gradient, const Edge& edge, const Node& from, int index);
  void accumulate_leaf(Node& n, Tensor&& gradient);

  NodeMap map_;
  std::vector<Visit> visits_;
  std::vector<int32_t> targets_;  // the visits behind the edges, node by node; -1: none
  std::vector<std::pair<uint64_t, int32_t>> queue_;
  Tensors buffers_;
  int32_t n_buffers_ = 0;
  std::vector<Capture> captures_;
  Tensors captured_;
  std::vector<Node*> held_;  // the roots: a hook may give their tensors another producer
  bool create_graph_ = false;
};

void Walk::count_dependencies() {
  for (size_t i = 0; i < visits_.size(); ++i) {  // grows while it runs
    const Node& n = *visits_[i].node;
    visits_[i].first_edge = static_cast<int32_t>(targets_.size());
    for (const Edge& edge : std::span(n.next(), static_cast<size_t>(n.n_next))) {
      const int32_t target = edge.node ? visit_of(edge.node) : -1;
      targets_.push_back(target);
      if (target >= 0) ++at(target).pending;
    }
  }
  buffers_.resize(static_cast<size_t>(n_buffers_));
}

// Successors behind predecessors. Sequence numbers would not do: every thread counts its own.
std::vector<int32_t> Walk::topological_order() const {
  std::vector<int32_t> pending(visits_.size()), order;
  for (size_t i = 0; i < visits_.size(); ++i)
    if (!(pending[i] = visits_[i].pending)) order.push_back(static_cast<int32_t>(i));
  for (size_t i = 0; i < order.size(); ++i) {  // grows while it runs
    const Visit& v = visits_[static_cast<size_t>(order[i])];
    for (int e = 0; e < v.node->n_next; ++e)
      if (const int32_t to = targets(v)[e]; to >= 0 && --pending[static_cast<size_t>(to)] == 0) order.push_back(to);
  }
  return order;
}

// What leads to the inputs runs; they themselves do if they are to accumulate, else their gradients are captured.
void Walk::mark_needed(std::span<const Edge> inputs, bool accumulate) {
  for (Visit& v : visits_) v.needed = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int32_t to = inputs[i].node ? map_.find(inputs[i].node) : -1;
    if (to < 0) continue;
    at(to).needed = accumulate;
    at(to).has_capture = !accumulate;
    if (!accumulate) captures_.push_back({to, inputs[i].nr, i});
  }
  const std::vector<int32_t> order = topological_order();
  for (size_t i = order.size(); i-- > 0;) {
    Visit& v = at(order[i]);
    for (int e = 0; e < v.node->n_next && !v.needed; ++e)
      if (const int32_t to = targets(v)[e]; to >= 0) v.needed = at(to).runs();
  }
}

void Walk::enqueue(int32_t visit) {
  Visit& v = at(visit);
  v.queued = true;
  queue_.emplace_back(v.node->seq, visit);
  if (queue_.size() > 1) std::push_heap(queue_.begin(), queue_.end(), earlier);
}

int32_t Walk::next_in_queue() {
  if (queue_.size() > 1) std::pop_heap(queue_.begin(), queue_.end(), earlier);
  const int32_t visit = queue_.back().second;
  queue_.pop_back();
  return visit;
}

void Walk::deliver(Tensor& slot, Tensor&& gradient) {
  if (!slot.defined()) slot = std::move(gradient);
  else if (!gradient.defined()) return;
  else if (!create_graph_ && sole_owner(slot) && slot.sizes() == gradient.sizes()) slot.add_(gradient);
  else slot = slot + gradient;
}

void Walk::conform(Tensor& gradient, const Edge& edge, const Node& from, int index) {
  const OutMeta& wanted = edge.node->out()[edge.nr];
  if (!gradient.defined() || !wanted.defined) return;
  if (!(gradient.sizes() == wanted.sizes)) {
    check(is_expandable_to(wanted.sizes, gradient.sizes()), "Function ", from.name(),
          " returned an invalid gradient at index ", index, " - got ", gradient.sizes(),
          " but expected shape compatible with ", wanted.sizes);
    gradient = sum_to(gradient, wanted.sizes);
  }
  if (gradient.dtype() != wanted.dtype) gradient = gradient.to(wanted.dtype);
}

// The first gradient becomes `.grad`: taken over if nobody else holds it and it is laid out like the leaf, else copied.
void Walk::accumulate_leaf(Node& n, Tensor&& gradient) {
  TensorImpl* impl = accumulator_leaf(&n);
  if (!impl || !gradient.defined() || !impl->requires_grad()) return;
  retain(impl);
  const Tensor leaf(impl);
  Tensor before;  // outlives the lock: freeing it may call Python
  const LeafLock lock(n);
  before = leaf.grad();
  if (before.defined()) {
    if (create_graph_) leaf.set_grad(before + gradient);
    else before.add_(gradient);
    return;
  }
  const bool dense = is_dense(leaf);
  if (!create_graph_ && !gradient.requires_grad() &&
      (dense ? gradient.strides() == leaf.strides() : gradient.is_contiguous()) && sole_owner(gradient)) {
    meta_of(impl).grad = without_base(std::move(gradient)).detach_impl();
    return;
  }
  // As in PyTorch: what is written into the layout of the leaf counts as a write, a clone does not.
  if (dense) leaf.set_grad(empty_strided(leaf.sizes(), leaf.strides(), leaf.dtype()).copy_(gradient));
  else leaf.set_grad(gradient.clone(MemoryFormat::Contiguous));
}

void Walk::run_rule(Node& n, Tensor* grads, Tensor* out, bool keep_graph) {
  bool any = n.type->always;
  for (int i = 0; i < n.n_out && !any; ++i) any = grads[i].defined();
  if (any) {  // else nothing arrived, and nothing leaves
    n.type->apply(n, grads, out);
    if (!keep_graph) release_saved(n);
  }
  if (n.hooks) apply_posthooks(n, out, Tensors(grads, grads + n.n_out));
  for (int i = 0; i < n.n_out; ++i) grads[i] = Tensor{};
  for (int e = 0; e < n.n_next; ++e)
    if (n.next()[e].node) conform(out[e], n.next()[e], n, e);
  if (detail::anomaly) [[unlikely]]
    check_nan(n, out);
}

void Walk::apply_node(const Visit& v, Tensor* grads, bool keep_graph) {
  Node& n = *v.node;
  Tensor inline_out[4];
  Tensors many;
  Tensor* out = inline_out;
  if (n.n_next > 4) {
    many.resize(static_cast<size_t>(n.n_next));
    out = many.data();
  }
  run_rule(n, grads, out, keep_graph);
  for (int e = 0; e < n.n_next; ++e) {
    const int32_t to = targets(v)[e];
    if (to < 0) continue;
    Visit& next = at(to);
    deliver(gradients(next)[n.next()[e].nr], std::move(out[e]));
    if (--next.pending == 0 && next.runs()) enqueue(to);
  }
}

void Walk::capture(int32_t visit, const Tensor* grads) {
  for (const Capture& c : captures_)
    if (c.visit == visit) captured_[c.input] = grads[c.nr];
}

void Walk::step(int32_t visit, bool keep_graph) {
  const Visit& v = at(visit);
  Node& n = *v.node;
  Tensor* grads = gradients(v);
  // As in PyTorch, hooks see a gradient before the caller gets it, unless the walk goes on from here.
  if (v.has_capture && v.needed) capture(visit, grads);
  if (n.hooks) apply_gradient_hooks(n, grads);
  if (v.has_capture && !v.needed) capture(visit, grads);
  if (!v.needed) return;
  if (n.hooks) apply_prehooks(n, grads);
  if (is_accumulator(&n)) run_accumulator(n, grads);
  else apply_node(v, grads, keep_graph);
}

void Walk::run_accumulator(Node& n, Tensor* grads) {
  if (!n.hooks) {
    accumulate_leaf(n, std::move(grads[0]));
    return;
  }
  const bool watched = !static_cast<NodeHooks*>(n.hooks)->after.empty();
  Tensors given;
  if (watched) given.push_back(grads[0]);
  if (grads[0].defined()) {
    accumulate_leaf(n, std::move(grads[0]));
    apply_leaf_hooks(n);
  }
  grads[0] = Tensor{};
  if (watched) apply_posthooks(n, nullptr, given);
}

Tensors Walk::run(std::span<const Edge> roots, Tensors grads, bool keep_graph, bool create_graph,
                  std::span<const Edge> inputs, bool accumulate, bool allow_unused) {
  create_graph_ = create_graph;
  captured_.resize(inputs.size());
  for (const Edge& e : roots) {
    ref_inc(e.node->refs);
    held_.push_back(e.node);
    visit_of(e.node);
  }
  count_dependencies();
  if (inputs.size()) mark_needed(inputs, accumulate);
  GradMode guard(create_graph);
  for (size_t i = 0; i < roots.size(); ++i)
    deliver(gradients(at(map_.find(roots[i].node)))[roots[i].nr], std::move(grads[i]));
  for (const Edge& e : roots) {
    const int32_t visit = map_.find(e.node);
    const Visit& v = at(visit);
    if (!v.queued && v.pending == 0 && v.runs()) enqueue(visit);
  }
  while (!queue_.empty()) {
    const int32_t visit = next_in_queue();
    Node* node = at(visit).node;
    try {
      set_executing_node(node);
      step(visit, keep_graph);
    } catch (...) {
      if (detail::anomaly) report_anomaly(*node);
      throw;
    }
  }
  if (!inputs.size()) return {};
  for (size_t i = 0; i < inputs.size(); ++i) {
    check(allow_unused || accumulate || captured_[i].defined(), "The differentiated Tensor at index ", i,
          " appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior.");
  }
  return accumulate ? Tensors{} : std::move(captured_);
}

constinit thread_local Walk* walking = nullptr;  // the innermost walk of the thread

// A hook may start a walk of its own: walks are taken from a stack.
class Lease {
 public:
  Lease() : before_(walking), executing_(executing_node()) {
    if (spare().empty()) {
      walk_ = std::make_unique<Walk>();
    } else {
      walk_ = std::move(spare().back());
      spare().pop_back();
    }
    static uint64_t last = 0;
    walk_->id = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    walk_->all_leaves = !before_ || before_->all_leaves;
    walking = walk_.get();
  }
  ~Lease() {
    walking = before_;
    set_executing_node(executing_);
    walk_->reset();
    spare().push_back(std::move(walk_));
  }
  Walk* operator->() { return walk_.get(); }

 private:
  static std::vector<std::unique_ptr<Walk>>& spare() {
    static thread_local std::vector<std::unique_ptr<Walk>> walks;
    return walks;
  }
  std::unique_ptr<Walk> walk_;
  Walk* before_;
  Node* executing_;
};

// The number 1 in the shape of one element.
Tensor one_like(const Tensor& t) {
  Tensor one(new_result(*t.impl()->view, t.dtype()));
  dispatch(t.dtype(), [p = one.impl()->view->raw()]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) *reinterpret_cast<T*>(p) = static_cast<T>(1.0f);
  });
  return one;
}

Tensors root_gradients(TensorList roots, TensorList grads, bool create_graph) {
  Tensors out;
  for (int64_t i = 0; i < roots.size(); ++i) {
    const Tensor& r = roots[i];
    check(r.requires_grad(), "element ", i, " of tensors does not require grad and does not have a grad_fn");
    Tensor g = i < grads.size() ? grads[i] : Tensor{};
    if (!g.defined()) {
      check(r.numel() == 1, "grad can be implicitly created only for scalar outputs");
      g = one_like(r);
    }
    check(g.sizes() == r.sizes(), "Mismatch in shape: grad_output[", i, "] has a shape of torch.Size(", g.sizes(),
          ") and output[", i, "] has a shape of torch.Size(", r.sizes(), ").");
    if (g.dtype() != r.dtype()) g = g.to(r.dtype());
    out.push_back(std::move(g));
  }
  return out;
}

}  // namespace

Tensors run_backward(TensorList roots, TensorList grads, bool keep_graph, bool create_graph, TensorList inputs,
                     bool accumulate, bool allow_unused) {
  Tensors gradients = root_gradients(roots, grads, create_graph);
  Edge one;  // as it mostly is
  std::vector<Edge> many(roots.size() == 1 ? 0 : static_cast<size_t>(roots.size())), to;
  const std::span<Edge> from = roots.size() == 1 ? std::span(&one, 1) : std::span(many);
  for (int64_t i = 0; i < roots.size(); ++i) {
    Edge& edge = from[static_cast<size_t>(i)] = current_edge(roots[i]);
    check(edge.node, "element ", i, " of tensors does not require grad and does not have a grad_fn");
  }
  for (const Tensor& t : inputs) check(t.requires_grad(), "One of the differentiated Tensors does not require grad");
  for (const Tensor& t : inputs) {
    if (accumulate) t.retain_grad();
    to.push_back(current_edge(t));
  }
  return run_backward(from, std::move(gradients), keep_graph, create_graph, to, accumulate, allow_unused);
}

Tensors run_backward(std::span<const Edge> roots, Tensors grads, bool keep_graph, bool create_graph,
                     std::span<const Edge> inputs, bool accumulate, bool allow_unused) {
  Lease walk;
  walk->all_leaves &= inputs.empty();
  return walk->run(roots, std::move(grads), keep_graph, create_graph, inputs, accumulate, allow_unused);
}

Edge current_edge(const Tensor& t) {
  if (t.is_view()) current_node(t.impl());
  return gradient_edge(t.impl());
}

int64_t current_walk() { return walking ? static_cast<int64_t>(walking->id) : -1; }
bool reaches_all_leaves() { return !walking || walking->all_leaves; }
bool will_run(const Node* node) {
  check(walking, "_get_should_execute_nodes should only be called during the backward pass");
  return walking->will_run(node);
}

Tensors grad(TensorList outputs, TensorList inputs, TensorList grad_outputs, std::optional<bool> retain_graph,
             bool create_graph, bool allow_unused) {
  check_as(ErrorKind::Value, inputs.size() > 0, "grad requires non-empty inputs.");
  return run_backward(outputs, grad_outputs, retain_graph.value_or(create_graph), create_graph, inputs, false,
                      allow_unused);
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph) const {
  run_backward({this, 1}, {&gradient, 1}, retain_graph.value_or(create_graph), create_graph, {}, true, true);
}

}  // namespace gradus

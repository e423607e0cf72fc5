// Saving and unpacking of values, and the tie between a node and its results.
#include "gradus/ops/rule.h"

#include "gradus/core/format.h"

namespace gradus {

namespace {
void pack_saved(Saved& s, const Tensor& value, SavedHooks* hooks) {
  const uint32_t version = value.version();
  GradMode guard(false);
  void* packed = hooks->pack(value);
  s.packed = new Packed{hooks, packed};
  s.is_packed = true;
  ref_inc(hooks->refs);
  if (value.version() == version) return;
  drop(s);
  raise(ErrorKind::Runtime,
        "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
        "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you "
        "need to perform in-place operations on the input to a pack hook.");
}
}  // namespace

void repack_saved(Node& node, int slot, const Tensor& value, SavedHooks* hooks) {
  Saved taken;
  pack_saved(taken, value, hooks);
  drop(node.saved()[slot]);
  node.saved()[slot] = taken;
}

void save_value(Node& node, int slot, const Tensor& value) {
  if (!value.defined()) return;
  detail::check_not_inference(value);
  Saved& s = node.saved()[slot];
  node.saves = true;
  if (detail::modes.special & detail::kSavedHooks) [[unlikely]] {
    pack_saved(s, value, current_saved_hooks());
    return;
  }
  TensorImpl* t = value.impl();
  ref_inc(t->view->refs);
  s.view = t->view;
  Version& v = version_of(t);
  ref_inc(v.refs);
  s.version = &v;
  s.number = v.n;
}

std::string message_name(const NodeType& type) {
  std::string name = full_name(type);
  const size_t end = name.starts_with("torch::") ? 0 : name.rfind("Backward");
  return end == 0 || end == name.npos ? name : name.substr(0, end);
}

std::string full_name(const NodeType& type) {
  const std::string name = type.name;
  const bool by_hand = name == "CopySlices" || name == "CopyBackwards" || name == "AccumulateGrad" || name == "Error";
  return by_hand ? "torch::autograd::" + name : name;
}

namespace {
// What produces the tensor now, as PyTorch says it: the last recorded write, if there was one since.
std::string origin_of(const Node& node, const Saved& s, const Edge& edge, int output) {
  const NodeType* type = output >= 0 ? node.type : edge.node ? edge.node->type : nullptr;
  uint32_t nr = edge.nr;
  if (output < 0 && edge.node && s.version->producer) {
    const bool was_view = type && type->op && type->op->kind == Kind::ViewOp;
    if (was_view) return ", which is output 0 of AsStrided,";
    type = s.version->producer;
    nr = 0;
  } else if (edge.node && is_accumulator(edge.node)) {
    type = nullptr;
  }
  return type ? str(", which is output ", nr, " of ", message_name(*type), ",") : "";
}
[[noreturn]] void raise_changed(const Node& node, const Saved& s, const Edge& edge, int output) {
  raise(ErrorKind::Runtime,
        str("one of the variables needed for gradient computation has been modified by an inplace operation: [torch.",
            scalar_type_name(s.view->dtype), "Tensor ", s.view->sizes(), "]", origin_of(node, s, edge, output),
            " is at version ", s.version->n, "; expected version ", s.number,
            " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
            "with torch.autograd.set_detect_anomaly(True, check_nan=False).",
            " The value was saved by ", node.name(), place_of_node(node), " and changed by ",
            s.version->writer ? str("the operator ", s.version->writer->schema.name) : "a later write",
            place_of_write(*s.version), "."));
}
}  // namespace

namespace {

// A tensor over the same memory that hangs on `edge`.
Tensor alias_on(View* view, Version* version, const Edge& edge) {
  ref_inc(view->refs);
  TensorImpl* t = new_tensor(view);
  ref_inc(version->refs);
  t->version = version;
  if (edge.node) {
    ref_inc(edge.node->refs);
    t->node = edge.node;
    t->out_nr = edge.nr;
    t->flags = TensorImpl::kRequiresGrad;
    if (is_accumulator(edge.node)) t->flags |= TensorImpl::kLeafNode;
  }
  return Tensor(t);
}

Tensor unpack_packed(Node& node, const Saved& s, Edge edge, int output) {
  const Tensor value = s.packed->hooks->unpack(s.packed->value);
  Tensor slice;
  if (output >= 0 && slice_pass && slice_pass->inner == &node) {
    slice = slice_pass->result(*slice_pass, s);
    edge = {slice.impl()->node, slice.impl()->out_nr};
  }
  if (!value.defined() || (!edge.node && !value.requires_grad())) return value;
  return alias_on(value.impl()->view, &version_of(value.impl()), edge);
}

}  // namespace

Tensor unpack_saved(Node& node, int slot, const Edge& edge, int output) {
  const Saved& s = node.saved()[slot];
  if (!s.view) {
    if (s.is_packed) return unpack_packed(node, s, edge, output);
    check(!node.released,
          "Trying to backward through the graph a second time (or directly access saved tensors after they have "
          "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
          "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
          "you need to access saved tensors after calling backward.");
    return {};
  }
  if (s.version->n != s.number) raise_changed(node, s, edge, output);
  if (output >= 0 && slice_pass && slice_pass->inner == &node) return slice_pass->result(*slice_pass, s);
  if (edge.node)
    if (TensorImpl* leaf = accumulator_leaf(edge.node)) {
      retain(leaf);
      return Tensor(leaf);
    }
  return alias_on(s.view, s.version, edge);
}

namespace detail {

void check_not_inference(const Tensor& t) {
  check(!t.defined() || !t.is_inference(),
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`.");
}

void set_edge(Node& n, int& at, const Tensor& t) {
  Edge e;
  if (wants_grad(t)) {
    if (t.impl()->meta && t.impl()->meta->base) current_node(t.impl());
    e = gradient_edge(t.impl());
    if (e.node) ref_inc(e.node->refs);
  }
  n.next()[at++] = e;
}

void adopt_results(Node* node, Tensor* outs, int n_out, bool in_place) {
  bool owned = false;  // our reference has gone to a result
  for (int i = 0; i < n_out; ++i) {
    if (!outs[i].defined() || !is_floating(outs[i].dtype())) continue;
    TensorImpl* t = outs[i].impl();
    node->out()[i].set(*t->view);
    if (in_place) continue;
    if (t->node) {
      if (t->flags & TensorImpl::kLeafNode) detach_accumulator(t->node, t);
      drop(t->node);
    }
    if (owned) ref_inc(node->refs);
    owned = true;
    t->node = node;
    t->out_nr = static_cast<uint32_t>(i);
    t->flags = (t->flags & ~TensorImpl::kLeafNode) | TensorImpl::kRequiresGrad;
  }
  if (in_place) rebase_history(outs[0].impl(), node);
  else if (!owned) drop(node);
}

}  // namespace detail
}  // namespace gradus

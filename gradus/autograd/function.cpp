// Functions written in C++: how their results join the graph, how backward is called.
#include "gradus/autograd/function.h"

#include <cxxabi.h>

#include <cstdlib>

#include "gradus/autograd/engine.h"
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/rule.h"

namespace gradus::autograd {

// ---- backward

struct FunctionWalk {
  static AutogradContext& context(const Node& n) { return *static_cast<AutogradContext*>(n.context); }

  static void apply(Node& n, const Tensor* grads, Tensor* out) {
    AutogradContext& ctx = context(n);
    const auto& kind =
        *reinterpret_cast<const FunctionKind*>(reinterpret_cast<const char*>(n.type) - offsetof(FunctionKind, type));
    Tensors in(grads, grads + n.n_out);
    for (int i = 0; i < n.n_out && ctx.materialize_; ++i)
      if (Tensor& g = in[static_cast<size_t>(i)]; !g.defined() && n.out()[i].defined)
        g = zeros(n.out()[i].sizes, n.out()[i].dtype);
    const Tensors made = kind.backward(&ctx, std::move(in));
    check(made.size() == ctx.is_tensor_.size(), "function ", kind.name,
          " returned an incorrect number of gradients (expected ", ctx.is_tensor_.size(), ", got ", made.size(), ")");
    for (size_t i = 0; i < made.size(); ++i) {
      check(ctx.is_tensor_[i] || !made[i].defined(), "function ", kind.name,
            " returned a gradient different than None at position ", i + 1,
            ", but the corresponding forward input was not a Variable");
      if (ctx.is_tensor_[i]) *out++ = made[i];
    }
  }
  static void destroy(Node& n) noexcept { delete static_cast<AutogradContext*>(n.context); }
};

namespace {
std::string class_name(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = text ? text : type.name();
  std::free(text);
  const size_t scope = name.rfind("::");
  return (scope == name.npos ? name : name.substr(scope + 2)) + "Backward";
}
}  // namespace

FunctionKind::FunctionKind(const std::type_info& class_type, Tensors (*function)(AutogradContext*, Tensors))
    : name(class_name(class_type)),
      type{name.c_str(), &FunctionWalk::apply, &FunctionWalk::destroy, nullptr, true},
      backward(function) {}

// ---- the context

AutogradContext::~AutogradContext() {
  for (const Edge& e : edges_)
    if (e.node && e.node != node_) drop(e.node);
}

void AutogradContext::save_for_backward(Tensors tensors) {
  check(!node_, "save_for_backward can only be called in forward");
  to_save_ = std::move(tensors);
}

Tensors AutogradContext::get_saved_variables() const {
  check(node_, "get_saved_variables can only be called in backward");
  Tensors out;
  for (int i = 0; i < node_->n_saved; ++i) {
    const Edge e = edges_[static_cast<size_t>(i)];
    out.push_back(unpack_saved(*node_, i, e, e.node == node_ ? static_cast<int>(e.nr) : -1));
  }
  return out;
}

bool AutogradContext::needs_input_grad(size_t i) const {
  check_as(ErrorKind::Index, i < wants_grad_.size(), "the function has ", wants_grad_.size(), " tensor arguments");
  return wants_grad_[i];
}

// ---- a call

FunctionCall::FunctionCall(const FunctionKind& kind) : kind_(kind), context_(new AutogradContext) {
  sequence_ = gradus::detail::modes.sequence++;
}
FunctionCall::~FunctionCall() {
  for (const Edge& e : edges_)
    if (e.node) drop(e.node);
  if (node_) drop(node_);
}

void FunctionCall::argument(const Tensor& t) {
  context_->is_tensor_.push_back(true);
  inputs_.push_back(t);
  edges_.emplace_back();
  const bool wants = t.defined() && t.requires_grad();
  context_->wants_grad_.push_back(wants);
  if (!wants || !is_grad_enabled()) return;
  recording_ = true;
  edges_.back() = current_edge(t);
  if (edges_.back().node) ref_inc(edges_.back().node->refs);
}

namespace {
bool contains(const Tensors& list, const Tensor& t) {
  for (const Tensor& x : list)
    if (x.is_same(t)) return true;
  return false;
}
}  // namespace

bool FunctionCall::is_argument(const Tensor& t) const { return contains(inputs_, t); }

void FunctionCall::make_node(int n_out) {
  node_ = new_node(kind_.type, static_cast<int>(edges_.size()), static_cast<int>(context_->to_save_.size()), n_out);
  node_->seq = sequence_;
  for (size_t i = 0; i < edges_.size(); ++i) node_->next()[i] = edges_[i];
  edges_.clear();
  context_->node_ = node_;
  node_->context = context_.release();
}

void FunctionCall::modify(const Tensor& t, int nr) {
  check(!t.is_leaf() || !t.requires_grad(),
        "a leaf Variable that requires grad has been used in an in-place operation.");
  check(!t.is_view() || n_results_ == 1,
        "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more "
        "than one Tensor. This is not supported by the current autograd engine. You should either make sure the input "
        "is not a view (using .clone() for example) or make your Function only return one Tensor (potentially "
        "splitting it into two Functions: one doing the inplace that returns a single Tensor and a second one that "
        "does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you need help to do this "
        "change.");
  check_inplace(t.impl(), true);
  ref_inc(node_->refs);
  rebase_history(t.impl(), node_, static_cast<uint32_t>(nr));
}

Tensor FunctionCall::wrap_result(const Tensor& t, int nr) {
  if (!t.defined()) return t;
  const AutogradContext& ctx = node_ ? FunctionWalk::context(*node_) : *context_;
  const bool input = is_argument(t), dirty = contains(ctx.dirty_, t);
  const bool differentiable = node_ && is_floating(t.dtype()) && !contains(ctx.non_differentiable_, t);
  if (node_) node_->out()[nr] = {t.dtype(), differentiable, Dims(t.sizes())};
  const NoGrad guard;
  Tensor out = t;
  if (differentiable && dirty) {
    ++n_differentiable_;
    modify(t, nr);
    return t;
  }
  if (differentiable) {
    ++n_differentiable_;
    if (input) out = make_view(t, geometry_of(t));
    ref_inc(node_->refs);
    set_history(out.impl(), node_, static_cast<uint32_t>(nr));
  } else if (input && !dirty) {
    out = t.requires_grad() ? t.detach() : make_view(t, geometry_of(t));
  }
  if (!(input && dirty) && out.is_view()) out.impl()->meta->kind = ViewKind::Custom;
  return out;
}

// Values hang on the edges of their tensors; results on the node itself, without owning it.
void FunctionCall::save() {
  AutogradContext& ctx = FunctionWalk::context(*node_);
  const Tensors list = std::move(ctx.to_save_);
  ctx.to_save_.clear();
  for (size_t i = 0; i < list.size(); ++i) {
    Edge e = list[i].defined() ? current_edge(list[i]) : Edge{};
    if (e.node && e.node != node_) ref_inc(e.node->refs);
    ctx.edges_.push_back(e);
    save_value(*node_, static_cast<int>(i), list[i]);
  }
}

Tensors FunctionCall::finish(Tensors results) {
  n_results_ = static_cast<int>(results.size());
  for (const Tensor& t : context_->dirty_) {
    check(contains(results, t),
          "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
          "modified inplace must all be outputs of the Function.");
    check_inference_write(t.impl());
    bump_version(t.impl());
  }
  if (recording_) make_node(n_results_);
  Tensors out;
  for (int i = 0; i < n_results_; ++i) out.push_back(wrap_result(results[static_cast<size_t>(i)], i));
  if (n_differentiable_ > 1)
    for (const Tensor& t : out)
      if (t.defined() && t.is_view()) t.impl()->meta->kind = ViewKind::MultiOutput;
  if (!node_) return out;
  // A result that was an argument is saved as what it has become.
  for (Tensor& kept : FunctionWalk::context(*node_).to_save_)
    for (int i = 0; i < n_results_; ++i)
      if (kept.is_same(results[static_cast<size_t>(i)]) && !is_argument(kept)) kept = out[static_cast<size_t>(i)];
  save();
  AutogradContext& ctx = FunctionWalk::context(*node_);
  ctx.dirty_.clear();  // what the node produces must not be kept by it
  ctx.non_differentiable_.clear();
  return out;
}

// ---- hooks of saved values

namespace {
class FunctionHooks : public SavedHooks {
 public:
  FunctionHooks(std::function<std::any(const Tensor&)> pack, std::function<Tensor(const std::any&)> unpack)
      : pack_(std::move(pack)), unpack_(std::move(unpack)) {}
  void* pack(const Tensor& value) override { return new std::any(pack_(value)); }
  Tensor unpack(void* packed) override { return unpack_(*static_cast<std::any*>(packed)); }
  void forget(void* packed) noexcept override { delete static_cast<std::any*>(packed); }

 private:
  std::function<std::any(const Tensor&)> pack_;
  std::function<Tensor(const std::any&)> unpack_;
};
}  // namespace

SavedTensorsHooks::SavedTensorsHooks(std::function<std::any(const Tensor&)> pack,
                                     std::function<Tensor(const std::any&)> unpack) {
  push_saved_hooks(new FunctionHooks(std::move(pack), std::move(unpack)));
}

}  // namespace gradus::autograd

// Functions with a backward of their own, written in C++.
#pragma once
#include <any>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <typeinfo>
#include <vector>

#include "gradus/core/node.h"
#include "gradus/core/tensor.h"

namespace gradus::autograd {

/// What forward and backward of one call share.
class AutogradContext {
 public:
  AutogradContext() = default;
  AutogradContext(const AutogradContext&) = delete;
  AutogradContext& operator=(const AutogradContext&) = delete;
  ~AutogradContext();

  /// Keeps tensors for backward; changes in place are noticed then. In forward only; a second call replaces the list.
  void save_for_backward(Tensors tensors);
  /// The tensors kept, as part of the graph. RuntimeError once a backward pass has freed them, or if one was changed.
  Tensors get_saved_variables() const;
  /// Anything else that backward needs; dropped with the node.
  std::map<std::string, std::any> saved_data;
  /// The value kept under a name, which must be a T: `ctx->get<double>("slope")`.
  template <class T>
  const T& get(const std::string& name) const {
    return std::any_cast<const T&>(saved_data.at(name));
  }

  /// Arguments that forward has changed in place. All of them must be among the results.
  void mark_dirty(Tensors tensors) { dirty_ = std::move(tensors); }
  /// Results that take no part in gradients.
  void mark_non_differentiable(Tensors tensors) { non_differentiable_ = std::move(tensors); }
  /// With false, gradients that nothing contributed to reach backward undefined instead of as zeros.
  void set_materialize_grads(bool value) { materialize_ = value; }
  /// Whether tensor argument `i` (of those that are tensors) wants a gradient.
  bool needs_input_grad(size_t i) const;

 private:
  friend class FunctionCall;
  friend struct FunctionWalk;
  Tensors to_save_, dirty_, non_differentiable_;
  std::vector<Edge> edges_;       // of the saved tensors; owned, unless it is the node's own
  std::vector<bool> is_tensor_;   // of the arguments of forward
  std::vector<bool> wants_grad_;  // of the tensors among them
  Node* node_ = nullptr;          // owns the context
  bool materialize_ = true;
};

/// What all calls of one Function class share.
struct FunctionKind {
  FunctionKind(const std::type_info& type, Tensors (*backward)(AutogradContext*, Tensors));
  std::string name;
  NodeType type;
  Tensors (*backward)(AutogradContext*, Tensors);
};

/// One call: takes the arguments, then makes the results of forward part of the graph.
class FunctionCall {
 public:
  explicit FunctionCall(const FunctionKind& kind);
  ~FunctionCall();
  FunctionCall(const FunctionCall&) = delete;
  FunctionCall& operator=(const FunctionCall&) = delete;

  AutogradContext* context() { return context_.get(); }
  void argument(const Tensor& t);
  void argument(const Tensors& list) {
    for (const Tensor& t : list) argument(t);
  }
  template <class A>
  void argument(const A&) {
    context_->is_tensor_.push_back(false);
  }
  Tensors finish(Tensors results);

 private:
  bool is_argument(const Tensor& t) const;
  void make_node(int n_out);
  Tensor wrap_result(const Tensor& t, int nr);
  void modify(const Tensor& t, int nr);
  void save();

  const FunctionKind& kind_;
  std::unique_ptr<AutogradContext> context_;
  Tensors inputs_;
  std::vector<Edge> edges_;
  uint64_t sequence_ = 0;
  bool recording_ = false;
  Node* node_ = nullptr;
  int n_results_ = 0, n_differentiable_ = 0;
};

/// Base of functions with a backward of their own:
///
///     struct Scale : gradus::autograd::Function<Scale> {
///       static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
///         ctx->saved_data["factor"] = factor;
///         return x * factor;
///       }
///       static Tensors backward(AutogradContext* ctx, Tensors grads) {
///         return {grads[0] * ctx->get<double>("factor"), Tensor()};
///       }
///     };
///     Tensor y = Scale::apply(x, 2.0);
///
/// forward runs without recording and returns a Tensor or Tensors. backward gets a gradient for every result and
/// returns one for every argument (an undefined tensor for those that are no tensors, or want none); it is recorded
/// itself if second derivatives are wanted. Lists of tensors count as so many arguments.
template <class T>
struct Function {
  template <class Derived = T, class... Args>
  static auto apply(Args&&... args) {
    static const FunctionKind kind(typeid(Derived), &Derived::backward);
    FunctionCall call(kind);
    (call.argument(args), ...);
    using Result = decltype(Derived::forward(call.context(), args...));
    if constexpr (std::is_same_v<std::decay_t<Result>, Tensor>) {
      Tensors results;
      {
        const NoGrad guard;
        results.push_back(Derived::forward(call.context(), args...));
      }
      return call.finish(std::move(results))[0];
    } else {
      Tensors results;
      {
        const NoGrad guard;
        results = Derived::forward(call.context(), args...);
      }
      return call.finish(std::move(results));
    }
  }
};

/// For a scope, values saved for backward go through `pack`, and come back through `unpack`.
class SavedTensorsHooks {
 public:
  SavedTensorsHooks(std::function<std::any(const Tensor&)> pack, std::function<Tensor(const std::any&)> unpack);
  ~SavedTensorsHooks() { pop_saved_hooks(); }
  SavedTensorsHooks(const SavedTensorsHooks&) = delete;
  SavedTensorsHooks& operator=(const SavedTensorsHooks&) = delete;
};

}  // namespace gradus::autograd

// One step of an update rule over many parameters.
#pragma once

#include "gradus/optim/rules.h"
#include "gradus/stream/replay.h"

namespace gradus::optim {

/// Parameters that are alike are updated by one loop, which is recorded for the first of them.
template <class Rule>
class Update {
 public:
  using Options = typename Rule::Options;
  using State = typename Rule::State;
  Update(const Options& options, size_t n_params) : options_(options), replay_(&work, this, n_params) {}

  /// Somebody else must keep all tensors until `finish`. A state that is not there yet is filled in at once.
  void add(const Tensor& param, const Tensor& grad, State& state, double step) {
    TensorImpl* tensors[Replay::kMaxArgs] = {grad.impl(), param.impl()};
    int n = 2;
    bool complete = true;
    Rule::state(state, options_, [&](const char*, Tensor& value) {
      complete &= value.defined();
      tensors[n++] = value.impl();
    });
    complete ? add(tensors, n, step) : now(param, grad, state, step);
  }
  /// The gradient, the parameter and all its state.
  void add(TensorImpl* const* tensors, int n, double step) {
    replay_.add(tensors, n, 1, __builtin_bit_cast(uint64_t, step));
  }
  /// Nothing waits.
  void now(const Tensor& param, const Tensor& grad, State& state, double step) {
    replay_.finish();
    Rule::update(param, grad, state, step, options_);
  }
  void finish() { replay_.finish(); }

 private:
  static Tensor handle(TensorImpl* t) {
    retain(t);
    return Tensor(t);
  }
  static void work(void* self, TensorImpl* const* tensors, uint64_t numbers) {
    const Options& options = static_cast<Update*>(self)->options_;
    State state;
    int i = 2;
    Rule::state(state, options, [&](const char*, Tensor& value) { value = handle(tensors[i++]); });
    Rule::update(handle(tensors[1]), handle(tensors[0]), state, __builtin_bit_cast(double, numbers), options);
  }

  const Options& options_;
  Replay replay_;
};

/// `add_each(update)` adds all parameters, at most `n_params`. What it has added is done even if it raises.
template <class Rule, class F>
void update_all(const typename Rule::Options& options, size_t n_params, F&& add_each) {
  Update<Rule> update(options, n_params);
  try {
    add_each(update);
  } catch (...) {
    update.finish();
    throw;
  }
  update.finish();
}

}  // namespace gradus::optim

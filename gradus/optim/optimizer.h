// Optimizers: they own handles to parameters and change them by their gradients.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gradus/core/tensor.h"
#include "gradus/optim/update.h"

namespace gradus::optim {

/// What an optimizer knows besides the parameters: options by group and state by parameter, under PyTorch's names.
/// Parameters are numbered through all groups. Step counts are the zero-dim tensors "step".
struct OptimizerState {
  struct Slot {
    std::string name;
    Tensor value;
  };
  struct Option {
    std::string name;
    std::vector<Scalar> values;  // one number or bool; "betas" has two
  };
  struct Group {
    std::vector<Option> options;
    std::vector<int64_t> params;
  };
  struct Entry {
    int64_t param;
    std::vector<Slot> slots;
  };
  std::vector<Entry> entries;
  std::vector<Group> groups;
};

/// What all optimizers share. Parameters must be leaves of the graph.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;

  /// Updates every parameter that has a gradient.
  virtual void step() = 0;
  virtual int64_t n_groups() const = 0;
  /// The learning rate of a group; may be changed between steps.
  virtual double& lr(int64_t group = 0) = 0;
  /// Momentum or first beta of a group, for schedules that move it; null if the rule has none.
  virtual double* momentum(int64_t group = 0) = 0;
  virtual const Tensors& params(int64_t group = 0) const = 0;
  /// Shares the tensors of the state.
  virtual OptimizerState state_dict() = 0;
  /// Restores what state_dict returned, copying tensors; ValueError if the groups don't match, and then nothing was
  /// changed. Floating point state takes its parameter's dtype.
  virtual void load_state_dict(const OptimizerState& state) = 0;
  /// Drops the gradients of all parameters, or fills them with zeros.
  void zero_grad(bool set_to_none = true) const;

 protected:
  Optimizer() = default;
};

namespace detail {
void check_params(const Tensors& params);
void check_groups(const OptimizerState& state, const std::vector<int64_t>& sizes);
/// A copy of saved state for `param`.
Tensor state_like(const Tensor& param, const Tensor& value);
const OptimizerState::Slot* find(const std::vector<OptimizerState::Slot>& slots, const char* name);
Tensor step_tensor(double step);
void read_option(const OptimizerState::Group& group, const char* name, double& value);
void read_option(const OptimizerState::Group& group, const char* name, double& first, double& second);
void read_option(const OptimizerState::Group& group, const char* name, bool& value);
}  // namespace detail

/// An optimizer of one rule: `SGD optimizer(model.parameters(), {.lr = 0.01});`, or with several groups
/// `Adam optimizer({{body, {.lr = 1e-4}}, {head, {.lr = 1e-3}}});`
template <class Rule>
class OptimizerOf : public Optimizer {
 public:
  using Options = typename Rule::Options;
  struct Group {
    Tensors params;
    Options options;
  };

  /// ValueError for an empty list, a tensor that is no leaf, or options out of range.
  explicit OptimizerOf(Tensors params, Options options = {}) {
    add_param_group({static_cast<Tensors&&>(params), options});
  }
  explicit OptimizerOf(const std::vector<Group>& groups) {
    for (const Group& group : groups) add_param_group(group);
  }
  void add_param_group(Group group) {
    detail::check_params(group.params);
    Rule::check(group.options);
    const size_t n = group.params.size();
    groups_.push_back({static_cast<Group&&>(group), std::vector<Entry>(n)});
  }

  void step() override {
    for (Held& held : groups_)
      update_all<Rule>(held.group.options, held.entries.size(), [&held](Update<Rule>& update) {
        for (size_t i = 0; i < held.group.params.size(); ++i) add(update, held, i);
      });
  }

  /// May be changed between steps.
  Options& options(int64_t group = 0) { return groups_.at(static_cast<size_t>(group)).group.options; }
  int64_t n_groups() const override { return static_cast<int64_t>(groups_.size()); }
  double& lr(int64_t group = 0) override { return options(group).lr; }
  double* momentum(int64_t group = 0) override {
    if constexpr (requires(Options o) { o.beta1; }) return &options(group).beta1;
    else if constexpr (requires(Options o) { o.momentum; }) return &options(group).momentum;
    else return nullptr;
  }
  const Tensors& params(int64_t group = 0) const override {
    return groups_.at(static_cast<size_t>(group)).group.params;
  }

  OptimizerState state_dict() override {
    OptimizerState out;
    int64_t number = 0;
    for (Held& held : groups_) {
      OptimizerState::Group& packed = out.groups.emplace_back();
      Rule::options(held.group.options, [&](const char* name, auto&... x) {
        packed.options.push_back({name, {Scalar(x)...}});
      });
      for (Entry& entry : held.entries) {
        packed.params.push_back(number);
        if (entry.started) out.entries.push_back({number, slots_of(entry, held.group.options)});
        ++number;
      }
    }
    return out;
  }

  void load_state_dict(const OptimizerState& saved) override {
    std::vector<int64_t> sizes;
    for (const Held& held : groups_) sizes.push_back(static_cast<int64_t>(held.entries.size()));
    detail::check_groups(saved, sizes);
    std::vector<Held> fresh = groups_;
    for (size_t g = 0; g < fresh.size(); ++g) {
      Held& held = fresh[g];
      Rule::options(held.group.options,
                    [&](const char* name, auto&... x) { detail::read_option(saved.groups[g], name, x...); });
      for (size_t i = 0; i < held.entries.size(); ++i) {
        held.entries[i] = Entry{};
        for (const OptimizerState::Entry& entry : saved.entries)
          if (entry.param == saved.groups[g].params[i]) restore(held, i, entry.slots);
      }
    }
    groups_ = static_cast<std::vector<Held>&&>(fresh);
  }

 private:
  struct Entry {
    bool started = false;
    double step = 0;
    typename Rule::State state;
  };
  struct Held {
    Group group;
    std::vector<Entry> entries;
  };

  static void add(Update<Rule>& update, Held& held, size_t i) {
    const Tensor& param = held.group.params[i];
    const Tensor grad = param.grad();
    if (!grad.defined()) return;
    Entry& entry = held.entries[i];
    if (!entry.started) start<Rule>(entry.state, param, held.group.options);
    entry.started = true;
    update.add(param, grad, entry.state, ++entry.step);
  }
  static std::vector<OptimizerState::Slot> slots_of(Entry& entry, const Options& options) {
    std::vector<OptimizerState::Slot> slots;
    if constexpr (Rule::counts_steps) slots.push_back({"step", detail::step_tensor(entry.step)});
    Rule::state(entry.state, options, [&](const char* name, Tensor& value) {
      if (value.defined()) slots.push_back({name, value});
    });
    return slots;
  }
  static void restore(Held& held, size_t i, const std::vector<OptimizerState::Slot>& slots) {
    Entry& entry = held.entries[i];
    const Tensor& param = held.group.params[i];
    start<Rule>(entry.state, param, held.group.options);
    entry.started = true;
    if (const OptimizerState::Slot* slot = detail::find(slots, "step"))
      entry.step = slot->value.template item<double>();
    Rule::state(entry.state, held.group.options, [&](const char* name, Tensor& value) {
      if (const OptimizerState::Slot* slot = detail::find(slots, name)) value = detail::state_like(param, slot->value);
    });
  }

  std::vector<Held> groups_;
};

using SGD = OptimizerOf<SGDRule>;
using Adam = OptimizerOf<AdamRule>;
using AdamW = OptimizerOf<AdamWRule>;
using RMSprop = OptimizerOf<RMSpropRule>;
using Adagrad = OptimizerOf<AdagradRule>;
using Adadelta = OptimizerOf<AdadeltaRule>;
using Adamax = OptimizerOf<AdamaxRule>;
using NAdam = OptimizerOf<NAdamRule>;
using RAdam = OptimizerOf<RAdamRule>;

}  // namespace gradus::optim

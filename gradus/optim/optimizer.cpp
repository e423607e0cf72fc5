// What optimizers do whatever their rule: checks, clearing of gradients, matching of saved state.
#include "gradus/optim/optimizer.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/clip.h"

namespace gradus::optim {

void Optimizer::zero_grad(bool set_to_none) const {
  for (int64_t g = 0; g < n_groups(); ++g) {
    if (!set_to_none) nn::zero_grads(params(g));
    else
      for (const Tensor& param : params(g)) param.set_grad({});
  }
}

namespace detail {

void check_params(const Tensors& params) {
  check_as(ErrorKind::Value, !params.empty(), "optimizer got an empty parameter list");
  for (const Tensor& param : params)
    check_as(ErrorKind::Value, param.is_leaf() || param.retains_grad(), "can't optimize a non-leaf Tensor");
}

void check_groups(const OptimizerState& state, const std::vector<int64_t>& sizes) {
  check_as(ErrorKind::Value, state.groups.size() == sizes.size(),
           "loaded state dict has a different number of parameter groups");
  for (size_t g = 0; g < sizes.size(); ++g)
    check_as(ErrorKind::Value, static_cast<int64_t>(state.groups[g].params.size()) == sizes[g],
             "loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
}

Tensor step_tensor(double step) { return full({}, step, step_dtype()); }

Tensor state_like(const Tensor& param, const Tensor& value) {
  NoGrad guard;
  const Tensor own = value.detach().clone();
  return param.is_floating_point() && own.dim() > 0 ? own.to(param.dtype()) : own;
}

const OptimizerState::Slot* find(const std::vector<OptimizerState::Slot>& slots, const char* name) {
  for (const OptimizerState::Slot& slot : slots)
    if (slot.name == name) return &slot;
  return nullptr;
}

namespace {
const std::vector<Scalar>* option(const OptimizerState::Group& group, const char* name, size_t n) {
  for (const OptimizerState::Option& o : group.options) {
    if (o.name != name) continue;
    check_as(ErrorKind::Value, o.values.size() == n, "option ", name, " has ", o.values.size(), " values, not ", n);
    return &o.values;
  }
  return nullptr;
}
}  // namespace

void read_option(const OptimizerState::Group& group, const char* name, double& value) {
  if (const auto* values = option(group, name, 1)) value = (*values)[0].to_double();
}
void read_option(const OptimizerState::Group& group, const char* name, double& first, double& second) {
  const auto* values = option(group, name, 2);
  if (!values) return;
  first = (*values)[0].to_double();
  second = (*values)[1].to_double();
}
void read_option(const OptimizerState::Group& group, const char* name, bool& value) {
  if (const auto* values = option(group, name, 1)) value = (*values)[0].to_bool();
}

}  // namespace detail
}  // namespace gradus::optim

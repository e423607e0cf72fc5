// Modules of types forgotten.
#include "gradus/nn/sequential.h"

#include "gradus/core/format.h"
#include "gradus/core/refcount.h"

namespace gradus::nn {

AnyModule::AnyModule(const AnyModule& other) : held_(other.held_) {
  if (held_) ref_inc(held_->refs);
}
AnyModule& AnyModule::operator=(AnyModule other) noexcept {
  Base* mine = held_;
  held_ = other.held_;
  other.held_ = mine;
  return *this;
}
AnyModule::~AnyModule() {
  if (held_ && ref_dec(held_->refs)) delete held_;
}
void AnyModule::refuse(std::string_view wanted) const {
  raise(ErrorKind::Type, str("expected a module of type ", wanted, " but this one is ", held_->info().type));
}

Tensor Sequential::operator()(const Tensor& x) const {
  Tensor out = x;
  for (const AnyModule& module : modules_) out = module(out);
  return out;
}
Sequential& Sequential::append(AnyModule module) {
  modules_.push_back(static_cast<AnyModule&&>(module));
  return *this;
}
AnyModule& Sequential::operator[](int64_t i) {
  check_as(ErrorKind::Index, i >= -size() && i < size(), "index ", i, " is out of range");
  return modules_[static_cast<size_t>(i < 0 ? i + size() : i)];
}
void Sequential::walk(Walker& w) { detail::walk_list(modules_, w); }

}  // namespace gradus::nn

// Modules of types forgotten: AnyModule holds one, Sequential chains several.
#pragma once
#include <initializer_list>
#include <vector>

#include "gradus/nn/module.h"

namespace gradus::nn {

/// Any module that maps one tensor to one tensor. Copies share the module.
class AnyModule {
 public:
  template <class M>
  requires(!std::is_same_v<std::remove_cvref_t<M>, AnyModule> &&
           requires(const std::remove_cvref_t<M>& m, const Tensor& x) {
             { m(x) } -> std::convertible_to<Tensor>;
           }) AnyModule(M&& module)
      : held_(new Held<std::remove_cvref_t<M>>(static_cast<M&&>(module))) {
    static_assert(detail::Module<std::remove_cvref_t<M>>);
  }
  AnyModule(const AnyModule& other);
  AnyModule(AnyModule&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
  AnyModule& operator=(AnyModule other) noexcept;
  ~AnyModule();

  Tensor operator()(const Tensor& x) const { return held_->forward(x); }

  /// The module as what it is. TypeError if it is something else.
  template <class M>
  M& as() const {
    if (held_->tag() != &kTag<M>) refuse(detail::type_name<M>());
    return static_cast<Held<M>*>(held_)->module;
  }

  void walk(Walker& w) { held_->walk(w); }
  ModuleInfo info() const { return held_->info(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual Tensor forward(const Tensor& x) const = 0;
    virtual void walk(Walker& w) = 0;
    virtual ModuleInfo info() = 0;
    virtual const void* tag() const = 0;
    uint32_t refs = 1;
  };
  template <class M>
  static constexpr char kTag = 0;
  template <class M>
  struct Held final : Base {
    explicit Held(M m) : module(static_cast<M&&>(m)) {}
    Tensor forward(const Tensor& x) const override { return module(x); }
    void walk(Walker& w) override { detail::walk(module, w); }
    ModuleInfo info() override { return detail::info_of(module); }
    const void* tag() const override { return &kTag<M>; }
    M module;
  };
  [[noreturn]] void refuse(std::string_view wanted) const;

  Base* held_;
};

/// A chain: each module's output is the next one's input. Children are named "0", "1", …
///
///     nn::Sequential model{nn::Linear(64, 256), nn::ReLU(), nn::Linear(256, 10)};
///
/// Copies share the modules; `Sequential{other}` is a chain of one chain, `Sequential(other)` a copy.
class Sequential {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<AnyModule> modules) : modules_(modules) {}
  template <class... M>
  requires(sizeof...(M) > 1) explicit Sequential(M&&...) {
    static_assert(sizeof...(M) == 0,
                  "write Sequential{…}: braces make the layers in order, parentheses need not, and "
                  "the order decides which random numbers each of them starts from");
  }

  Tensor operator()(const Tensor& x) const;

  /// Adds a module at the end.
  Sequential& append(AnyModule module);
  int64_t size() const { return static_cast<int64_t>(modules_.size()); }
  /// A child; negative indices count from the end. IndexError outside [-size(), size()).
  AnyModule& operator[](int64_t i);
  const AnyModule& operator[](int64_t i) const { return const_cast<Sequential&>(*this)[i]; }

  NamedTensors named_parameters() const { return nn::named_parameters(*this); }
  Tensors parameters() const { return nn::parameters(*this); }
  NamedTensors state_dict() const { return nn::state_dict(*this); }
  IncompatibleKeys load_state_dict(const NamedTensors& state, bool strict = true) {
    return nn::load_state_dict(*this, state, strict);
  }
  Sequential& train(bool mode = true) { return nn::train(*this, mode); }
  Sequential& eval() { return train(false); }
  void zero_grad(bool set_to_none = true) { nn::zero_grad(*this, set_to_none); }

  void walk(Walker& w);
  ModuleInfo info() const { return {"Sequential", this}; }

 private:
  std::vector<AnyModule> modules_;
};

}  // namespace gradus::nn

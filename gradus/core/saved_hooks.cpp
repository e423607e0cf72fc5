// The stack of hooks that saved values go through on each thread.
#include <optional>
#include <string>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/modes.h"
#include "gradus/core/node.h"

namespace gradus {

namespace {
struct Stack {
  std::vector<SavedHooks*> hooks;
  std::optional<std::string> disabled;
};
Stack& stack() {
  static thread_local Stack s;
  return s;
}
void refuse_if_disabled(SavedHooks* hooks) {
  if (!stack().disabled) return;
  if (hooks && ref_dec(hooks->refs)) delete hooks;
  raise(ErrorKind::Runtime, *stack().disabled);
}
}  // namespace

void push_saved_hooks(SavedHooks* hooks) {
  refuse_if_disabled(hooks);
  stack().hooks.push_back(hooks);
  detail::modes.special |= detail::kSavedHooks;
}

void pop_saved_hooks() noexcept {
  auto& hooks = stack().hooks;
  if (hooks.empty()) return;
  SavedHooks* last = hooks.back();
  hooks.pop_back();
  if (hooks.empty()) detail::modes.special &= static_cast<uint8_t>(~detail::kSavedHooks);
  if (ref_dec(last->refs)) delete last;
}

SavedHooks* current_saved_hooks() noexcept { return stack().hooks.empty() ? nullptr : stack().hooks.back(); }

void disable_saved_hooks(const char* message) {
  if (!message) {
    stack().disabled.reset();
    return;
  }
  stack().disabled = message;
  if (!stack().hooks.empty()) refuse_if_disabled(nullptr);
}

const char* saved_hooks_disabled() noexcept { return stack().disabled ? stack().disabled->c_str() : nullptr; }

}  // namespace gradus

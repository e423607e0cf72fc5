// The one place that throws, and the one that warns.
#include "gradus/core/error.h"

#include <cstdio>
#include <mutex>
#include <unordered_set>

namespace gradus {

void raise(ErrorKind kind, std::string message) { throw Error(kind, std::move(message)); }

namespace {

void print_once(std::string_view message, WarningKind) {
  static auto* mutex = new std::mutex;
  static auto* seen = new std::unordered_set<std::string>;
  const std::lock_guard lock(*mutex);
  if (!seen->emplace(message).second) return;
  std::fprintf(stderr, "Warning: %.*s\n", static_cast<int>(message.size()), message.data());
}

WarningHandler warning_handler = &print_once;

}  // namespace

void warn(std::string_view message, WarningKind kind) {
  __atomic_load_n(&warning_handler, __ATOMIC_ACQUIRE)(message, kind);
}

WarningHandler set_warning_handler(WarningHandler handler) noexcept {
  return __atomic_exchange_n(&warning_handler, handler ? handler : &print_once, __ATOMIC_ACQ_REL);
}

}  // namespace gradus

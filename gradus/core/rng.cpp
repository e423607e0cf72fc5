// Seeding, saving and locking of the generator.
#include "gradus/core/rng.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <random>

#include "gradus/core/format.h"

namespace gradus {
namespace {

using Guard = std::lock_guard<const Generator>;

Generator::State seeded(uint64_t seed) {
  Generator::State state{};
  mt19937_seed(state.engine, static_cast<uint32_t>(seed));
  state.seed = seed;
  return state;
}

uint64_t entropy() {
  std::random_device device;
  const uint64_t high = device();
  return (high << 32) | device();
}

// The bytes of torch.Generator.get_state().
struct SavedState {
  uint64_t seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[Mt19937::kWords];
  double unused_normal;
  double next_double;
  double unused_rho;
  int32_t has_next_double;
  int32_t padding;
  float next_float;
  uint8_t has_next_float;
  uint8_t more_padding[3];
};
static_assert(sizeof(SavedState) == Generator::kStateBytes);

}  // namespace

Generator::Generator(uint64_t seed) : state_(seeded(seed)) {}

Generator& Generator::operator=(const Generator& other) {
  if (this != &other) restore(other.snapshot());
  return *this;
}

Generator& Generator::manual_seed(uint64_t seed) {
  restore(seeded(seed));
  return *this;
}

uint64_t Generator::initial_seed() const {
  Guard guard(*this);
  return state_.seed;
}

uint64_t Generator::seed() {
  const uint64_t seed = entropy();
  manual_seed(seed);
  return seed;
}

uint32_t Generator::random32() {
  uint32_t word;
  mt19937_draw(state_.engine, &word, 1);
  return word;
}

uint64_t Generator::random64() {
  const uint64_t high = random32();
  return (high << 32) | random32();
}

void Generator::get_state(uint8_t* out) const {
  const State state = snapshot();
  SavedState saved{};
  saved.seed = state.seed;
  saved.left = state.engine.left;
  saved.seeded = 1;
  saved.next = state.engine.next;
  for (int i = 0; i < Mt19937::kWords; ++i) saved.words[i] = state.engine.words[i];
  if (state.has_next_double) saved.next_double = state.next_double;
  saved.has_next_double = state.has_next_double;
  if (state.has_next_float) saved.next_float = state.next_float;
  saved.has_next_float = state.has_next_float;
  std::memcpy(out, &saved, sizeof saved);
}

void Generator::set_state(const uint8_t* bytes, int64_t size) {
  check(size == kStateBytes, "Expected a CPUGeneratorImplState of size ", kStateBytes,
        " but found the input RNG state size to be ", size);
  SavedState saved;
  std::memcpy(&saved, bytes, sizeof saved);
  const uint32_t next = static_cast<uint32_t>(saved.next);  // PyTorch, too, drops the high half
  check(saved.seeded != 0 && saved.left > 0 && saved.left <= Mt19937::kWords && next <= Mt19937::kWords,
        "Invalid mt19937 state");
  State state{};
  state.seed = saved.seed;
  state.engine.left = saved.left;
  state.engine.next = next;
  for (int i = 0; i < Mt19937::kWords; ++i) state.engine.words[i] = static_cast<uint32_t>(saved.words[i]);
  state.has_next_double = saved.has_next_double != 0;
  if (state.has_next_double) state.next_double = saved.next_double;
  state.has_next_float = saved.has_next_float != 0;
  if (state.has_next_float) state.next_float = saved.next_float;
  restore(state);
}

Generator::State Generator::snapshot() const {
  Guard guard(*this);
  return state_;
}

void Generator::restore(const State& state) {
  Guard guard(*this);
  state_ = state;
}

// 0 free, 1 held, 2 held while others sleep.
void Generator::lock() const {
  std::atomic_ref<uint32_t> word(lock_);
  uint32_t free = 0;
  if (word.compare_exchange_strong(free, 1, std::memory_order_acquire)) return;
  while (word.exchange(2, std::memory_order_acquire) != 0) word.wait(2, std::memory_order_relaxed);
}

void Generator::unlock() const {
  std::atomic_ref<uint32_t> word(lock_);
  if (word.exchange(0, std::memory_order_release) == 2) word.notify_one();
}

Generator& default_generator() {
  static Generator* const generator = new Generator(entropy());
  return *generator;
}

}  // namespace gradus

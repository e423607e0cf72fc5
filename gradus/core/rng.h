// Generator: the source of every random number, with PyTorch's stream and PyTorch's saved state.
#pragma once
#include <cstdint>

#include "gradus/core/mt19937.h"

namespace gradus {

/// A random number generator (torch.Generator on the CPU).
///
/// What concerns the state as a whole takes the lock itself. The draws (random32, random64, state) do not: several
/// threads that share a generator hold a std::lock_guard<Generator> around them. The lock is not recursive.
class Generator {
 public:
  /// Where torch.Generator() starts.
  static constexpr uint64_t kDefaultSeed = 67280421310721;
  static constexpr int64_t kStateBytes = 5056;

  /// The second normal of a Box-Muller pair waits in `next_double`, unscaled, for the next caller; the float one is
  /// only kept for the sake of saved states.
  struct State {
    Mt19937 engine;
    uint64_t seed;
    double next_double;
    float next_float;
    bool has_next_double;
    bool has_next_float;
  };

  explicit Generator(uint64_t seed = kDefaultSeed);
  Generator(const Generator& other) : state_(other.snapshot()) {}
  Generator& operator=(const Generator& other);

  /// Starts the stream anew. MT19937 sees the low 32 bits only; initial_seed() returns all 64.
  Generator& manual_seed(uint64_t seed);
  uint64_t initial_seed() const;
  /// Seeds from the operating system's entropy and returns the seed.
  uint64_t seed();

  uint32_t random32();
  /// Two draws; the first is the high word.
  uint64_t random64();

  /// Writes the kStateBytes bytes of torch.Generator.get_state() (padding is zero).
  void get_state(uint8_t* out) const;
  /// Restores what get_state wrote. Raises RuntimeError for another size or an impossible state, and then changes
  /// nothing.
  void set_state(const uint8_t* bytes, int64_t size);
  Generator clone_state() const { return *this; }

  /// A copy to go back to, for calls that must leave the generator as it was when they fail.
  State snapshot() const;
  void restore(const State& state);

  /// The caller holds the lock.
  State& state() { return state_; }

  void lock() const;
  void unlock() const;

 private:
  State state_;
  mutable uint32_t lock_ = 0;
};

/// The generator used where none is given. It starts at a seed from the operating system and is never destroyed.
Generator& default_generator();
/// Seeds the default generator.
inline Generator& manual_seed(uint64_t seed) { return default_generator().manual_seed(seed); }

}  // namespace gradus

// What the fuzzers of file readers share: targets, seeds, and a mutator for compilers without libFuzzer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gradus/core/tensor.h"

namespace gradus::fuzz {

/// Reads `data` as a file. Anything but success or a gradus::Error is a finding, as is memory beyond the input's size.
/// Returns the error's text, empty for success.
using Target = std::string (*)(const uint8_t* data, size_t size);
std::string checkpoint(const uint8_t* data, size_t size);
std::string safetensors(const uint8_t* data, size_t size);
std::string npy(const uint8_t* data, size_t size);

/// Well-formed inputs of a target.
std::vector<std::string> checkpoint_seeds();
std::vector<std::string> safetensors_seeds();
std::vector<std::string> npy_seeds();

struct Case {
  const char* name;
  Target target;
  std::vector<std::string> (*seeds)();
};
inline constexpr Case kCases[] = {{"pt", &checkpoint, &checkpoint_seeds},
                                  {"safetensors", &safetensors, &safetensors_seeds},
                                  {"npy", &npy, &npy_seeds}};

/// Reads the elements at both ends of a tensor's memory: what a sanitizer needs to see.
void touch(const Tensor& t);

/// Runs `call` and returns its error's text. Aborts if tensors took much more memory than `bound` bytes.
std::string guarded(void (*call)(const uint8_t*, size_t), const uint8_t* data, size_t size, size_t bound);

/// Changes inputs: bytes, numbers, pieces, and pieces of other inputs. Inputs that lead to a new kind of error are kept
/// and changed further.
class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, uint64_t seed)
      : corpus_(static_cast<std::vector<std::string>&&>(seeds)), random_(seed) {}
  std::string next();
  /// Tells how the last input ended.
  void report(const std::string& input, std::string error);
  size_t corpus_size() const { return corpus_.size(); }

 private:
  size_t below(size_t n) { return n ? random_() % n : 0; }
  void change(std::string& s);
  std::vector<std::string> corpus_, known_;
  std::mt19937_64 random_;
};

/// Runs a case for a while; returns the number of inputs. Aborts, after writing the input to a file, on a finding.
uint64_t run(const Case& c, double seconds, uint64_t seed);

}  // namespace gradus::fuzz

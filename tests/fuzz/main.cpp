// A fuzzer as a program: libFuzzer's entry where the compiler has it, else a loop with the mutator of this folder.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/fuzz.h"

namespace {
const gradus::fuzz::Case& chosen() {
  for (const auto& c : gradus::fuzz::kCases)
    if (!std::strcmp(c.name, GRADUS_FUZZ_CASE)) return c;
  std::abort();
}
}  // namespace

#if defined(GRADUS_LIBFUZZER)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chosen().target(data, size);
  return 0;
}
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // Seeds go where GRADUS_FUZZ_SEEDS says, for libFuzzer to read.
  if (const char* folder = std::getenv("GRADUS_FUZZ_SEEDS")) {
    int i = 0;
    for (const std::string& seed : chosen().seeds()) {
      const std::string path = std::string(folder) + "/seed" + std::to_string(i++);
      if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
        std::fwrite(seed.data(), 1, seed.size(), file);
        std::fclose(file);
      }
    }
  }
  return 0;
}
#else
// fuzz_x SECONDS [SEED], or fuzz_x FILE to run one input again
int main(int n, char** arguments) {
  if (n > 1 && !std::strtod(arguments[1], nullptr)) {
    std::string input;
    std::FILE* file = std::fopen(arguments[1], "rb");
    if (!file) return std::perror(arguments[1]), 1;
    for (int c; (c = std::fgetc(file)) != EOF;) input += static_cast<char>(c);
    std::fclose(file);
    const std::string error = chosen().target(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    std::printf("%s\n", error.empty() ? "read" : error.c_str());
    return 0;
  }
  const double seconds = n > 1 ? std::strtod(arguments[1], nullptr) : 600;
  const uint64_t seed = n > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const uint64_t inputs = gradus::fuzz::run(chosen(), seconds, seed);
  std::printf("%s: %llu inputs in %.0f s, nothing found\n", chosen().name, static_cast<unsigned long long>(inputs),
              seconds);
}
#endif

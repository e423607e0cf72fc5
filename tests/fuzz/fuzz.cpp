// The mutator and the loop around it.
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

#include "gradus/core/alloc.h"
#include "gradus/core/error.h"
#include "gradus/core/impl.h"

namespace gradus::fuzz {

namespace {

const std::string* current = nullptr;

void keep_current() {
  if (!current) return;
  if (std::FILE* file = std::fopen("fuzz-finding.bin", "wb")) {
    std::fwrite(current->data(), 1, current->size(), file);
    std::fclose(file);
    std::fputs("the input is in fuzz-finding.bin\n", stderr);
  }
}
void on_signal(int number) {
  keep_current();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

[[noreturn]] void finding(const char* what) {
  std::fprintf(stderr, "finding: %s\n", what);
  std::abort();
}

}  // namespace

void touch(const Tensor& t) {
  if (t.numel() == 0) return;
  int64_t last = 0;
  for (int64_t i = 0; i < t.dim(); ++i) last += (t.size(i) - 1) * t.stride(i);
  const volatile char* data = static_cast<const char*>(t.data_ptr());
  const int64_t item = t.element_size();
  (void)data[0];
  (void)data[last * item + item - 1];
}

std::string guarded(void (*call)(const uint8_t*, size_t), const uint8_t* data, size_t size, size_t bound) {
  const MemoryStats before = memory_stats();
  const Census objects = census();
  reset_peak_memory();
  std::string error;
  try {
    call(data, size);
  } catch (const Error& e) { error = *e.what() ? e.what() : "an error without a text"; }
  if (memory_stats().peak - before.allocated > static_cast<int64_t>(8 * bound + (1 << 20))) finding("memory");
  if (census().storages != objects.storages || census().tensors != objects.tensors) finding("something is left behind");
  return error;
}

void Mutator::change(std::string& s) {
  constexpr int64_t kNumbers[] = {0,     1,     -1,    2,         127,       128,       255,      256,
                                  32767, 65535, 65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  const size_t at = below(s.size() + 1), n = std::min(s.size() - at, below(s.size() / 4 + 8));
  switch (below(9)) {
    case 0:
      if (at < s.size()) s[at] = static_cast<char>(random_());
      break;
    case 1:
      if (at < s.size()) s[at] = static_cast<char>(s[at] ^ (1 << below(8)));
      break;
    case 2: s.erase(at, n); break;
    case 3: s.insert(at, s.substr(at, n)); break;
    case 4: s.insert(at, 1, static_cast<char>(random_())); break;
    case 5: {  // a number, in one of four sizes
      int64_t value = kNumbers[below(std::size(kNumbers))];
      const size_t width = std::min(size_t{1} << below(4), s.size() - at);
      std::memcpy(s.data() + at, &value, width);
      break;
    }
    case 6: {  // a piece of another input
      const std::string& other = corpus_[below(corpus_.size())];
      const size_t from = below(other.size() + 1), m = std::min(other.size() - from, below(64));
      s.replace(at, below(2) ? std::min(m, s.size() - at) : 0, other, from, m);
      break;
    }
    case 7: s.resize(at); break;
    default:
      if (at < s.size() && s[at] >= '0' && s[at] <= '9') s[at] = static_cast<char>('0' + below(10));
      else if (at < s.size()) s[at] = static_cast<char>(s[at] + 1);
  }
}

std::string Mutator::next() {
  std::string s = corpus_[below(corpus_.size())];
  for (size_t n = 1 + below(5); n--;) change(s);
  if (s.size() > 1 << 16) s.resize(1 << 16);
  return s;
}

void Mutator::report(const std::string& input, std::string error) {
  for (char& c : error)
    if (static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9')) c = '#';
  error.resize(std::min(error.size(), size_t{40}));  // what comes later quotes the input
  if (std::find(known_.begin(), known_.end(), error) != known_.end() && (!error.empty() || below(50))) return;
  known_.push_back(error);
  if (corpus_.size() < 2000) corpus_.push_back(input);
}

uint64_t run(const Case& c, double seconds, uint64_t seed) {
  using Clock = std::chrono::steady_clock;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(&keep_current);
#endif
  for (int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(number, &on_signal);
  std::vector<std::string> seeds = c.seeds();
  for (const std::string& s : seeds) {
    current = &s;
    if (const std::string error = c.target(reinterpret_cast<const uint8_t*>(s.data()), s.size()); !error.empty())
      finding(("a seed is refused: " + error).c_str());
  }
  Mutator mutator(seeds, seed);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  uint64_t n = 0;
  for (auto now = Clock::now(); now < end; ++n) {
    const std::string input = mutator.next();
    current = &input;
    mutator.report(input, c.target(reinterpret_cast<const uint8_t*>(input.data()), input.size()));
    const auto after = Clock::now();
    if (after - now > std::chrono::seconds(20)) finding("an input took more than 20 seconds");
    now = after;
  }
  current = nullptr;
  for (int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(number, SIG_DFL);
  return n;
}

}  // namespace gradus::fuzz

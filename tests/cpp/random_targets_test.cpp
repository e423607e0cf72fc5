// The vector loops behind random numbers: the same bits on every target, exact remainders.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "gradus/core/rng.h"
#include "gradus/kernels/random.h"

namespace gradus {
namespace {

std::vector<const RandomTable*> tables() {
  std::vector<const RandomTable*> all = {&baseline::random_table};
#if defined(__x86_64__)
  if (target() >= Target::avx2) all.push_back(&avx2::random_table);
  if (target() >= Target::avx512) all.push_back(&avx512::random_table);
#endif
  return all;
}

TEST(Random, TargetsAgree) {
  constexpr int64_t n = 2000;
  std::vector<std::vector<unsigned char>> seen;
  for (const RandomTable* t : tables()) {
    Generator gen(9);
    std::vector<unsigned char> bytes;
    std::vector<uint32_t> words(2 * n + 3);
    std::vector<float> f(n), g(n);
    std::vector<double> d(n), e(n);
    std::vector<uint16_t> h(n), k(n);
    t->draw(gen.state().engine, words.data(), 2 * n + 3);
    t->uniform_f32(words.data(), f.data(), n, -1e-3f, 7.5f);
    t->uniform_f32(words.data(), g.data(), n, 0, 1);
    t->normal_f32(g.data(), n / 16, 0.25f, 3.5f);
    t->uniform_f64(words.data(), d.data(), n, -3, 11);
    e = d;
    t->affine_f64(e.data(), n, 1.1, -0.3);
    for (int size = 0; size < 4; ++size) {
      std::vector<uint64_t> hits(n);
      t->below[size](words.data(), hits.data(), n, 1234567890123456, 0x0102030405060708u);
      const auto* from = reinterpret_cast<const unsigned char*>(hits.data());
      bytes.insert(bytes.end(), from, from + (n << size));
    }
    t->to_f16(f.data(), h.data(), n);
    t->to_bf16(g.data(), k.data(), n);
    const auto add = [&](const auto& v) {
      const auto* from = reinterpret_cast<const unsigned char*>(v.data());
      bytes.insert(bytes.end(), from, from + v.size() * sizeof v[0]);
    };
    add(words), add(f), add(g), add(d), add(e), add(h), add(k);
    seen.push_back(bytes);
  }
  for (const auto& bytes : seen) EXPECT_TRUE(bytes == seen[0]);
}

TEST(Random, RemaindersAreExact) {
  std::vector<uint32_t> words{0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  Generator gen(10);
  for (int i = 0; i < 3000; ++i) words.push_back(gen.random32());
  const auto n = static_cast<int64_t>(words.size());
  std::vector<uint32_t> rest(words.size());
  for (const RandomTable* t : tables()) {
    for (uint32_t divisor : {1u, 2u, 3u, 7u, 1000u, 4999u, 65536u, 99999989u, (1u << 28) - 1, 214748363u}) {
      for (size_t i = 0; i + 1 < words.size(); i += 2) words[i] -= words[i] % divisor;  // multiples, where floors slip
      t->remainders(words.data(), rest.data(), n, divisor);
      for (size_t i = 0; i < words.size(); ++i) ASSERT_EQ(rest[i], words[i] % divisor) << words[i] << " % " << divisor;
      if (divisor < words.size()) continue;
      t->falling_remainders(words.data(), rest.data(), n, divisor);
      for (size_t i = 0; i < words.size(); ++i) ASSERT_EQ(rest[i], words[i] % (divisor - i)) << words[i] << " " << i;
    }
  }
}

}  // namespace
}  // namespace gradus

// Random numbers against PyTorch 2.13 (values, digests of whole arrays, saved states) and against std::mt19937.
#include "gradus/kernels/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gradus/core/error.h"

namespace gradus {
namespace {

// Owns the memory of an array whose dims lie in memory in the given order (outermost first).
struct Buffer {
  std::vector<int64_t> sizes, strides;
  std::vector<unsigned char> memory;
  Array array;

  Buffer(DType dtype, std::vector<int64_t> s, std::vector<int> order = {}, int64_t step = 1) : sizes(std::move(s)) {
    strides.assign(sizes.size(), 0);
    if (order.empty())
      for (size_t d = 0; d < sizes.size(); ++d) order.push_back(static_cast<int>(d));
    int64_t n = step;
    for (size_t k = order.size(); k-- > 0;) {
      strides[static_cast<size_t>(order[k])] = n;
      n *= sizes[static_cast<size_t>(order[k])];
    }
    memory.assign(static_cast<size_t>(n * item_size(dtype)), 0);
    array = {memory.data(), dtype, static_cast<int>(sizes.size()), sizes.data(), strides.data()};
  }
  Buffer(const Buffer&) = delete;

  template <class T>
  std::vector<T> values() const {
    std::vector<T> out(memory.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), memory.data(), out.size() * sizeof(T));
    return out;
  }
};

uint64_t fnv1a(const std::vector<unsigned char>& bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

template <class T, class F>
std::vector<T> drawn(uint64_t seed, int64_t n, F&& f) {
  Generator gen(seed);
  Buffer out(DTypeOf<T>::value, {n});
  f(gen, out.array);
  return out.values<T>();
}

void expect_error(ErrorKind kind, const std::string& message, const std::function<void()>& f) {
  try {
    f();
    ADD_FAILURE() << "no error, expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), message);
    EXPECT_EQ(error.kind(), kind);
  }
}

// ---- Generator ----

TEST(Generator, DrawsTheStandardMersenneTwister) {
  for (uint64_t seed : {uint64_t{0}, uint64_t{5489}, uint64_t{0xffffffff12345678}}) {
    Generator gen(seed);
    std::mt19937 reference(static_cast<uint32_t>(seed));
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(gen.random32(), reference());
    const uint64_t high = reference(), low = reference();
    EXPECT_EQ(gen.random64(), high << 32 | low);
    EXPECT_EQ(gen.initial_seed(), seed);
  }
}

TEST(Generator, BlocksOfAnyLengthContinueTheStream) {
  Generator gen(3);
  std::mt19937 reference(3);
  std::vector<uint32_t> block;
  for (int64_t n : {1, 0, 622, 1, 1, 624, 625, 1247, 3, 5000, 17}) {
    block.assign(static_cast<size_t>(n), 0);
    mt19937_draw(gen.state().engine, block.data(), n);
    for (uint32_t word : block) ASSERT_EQ(word, reference());
  }
}

TEST(Generator, StateHasPyTorchsLayout) {
  Generator gen(7);
  for (int i = 0; i < 3; ++i) gen.random32();
  std::vector<uint8_t> bytes(Generator::kStateBytes);
  gen.get_state(bytes.data());
  const auto at = [&]<class T>(size_t offset, T) {
    T value;
    std::memcpy(&value, &bytes[offset], sizeof value);
    return value;
  };
  EXPECT_EQ(at(0, uint64_t{}), 7u);
  EXPECT_EQ(at(8, int32_t{}), 622);  // left
  EXPECT_EQ(at(12, int32_t{}), 1);   // seeded
  EXPECT_EQ(at(16, uint64_t{}), 3u);
  EXPECT_EQ(at(5040, int32_t{}), 0);
  Buffer out(kFloat32, {3});
  random_normal(gen, out.array, 0, 1);  // the fourth normal waits
  gen.get_state(bytes.data());
  EXPECT_EQ(at(5040, int32_t{}), 1);
  EXPECT_NE(at(5024, double{}), 0.0);
}

TEST(Generator, RestoringContinuesTheStream) {
  Generator gen(11), other;
  Buffer odd(kFloat64, {701}, {}, 2), a(kFloat64, {3}), b(kFloat64, {3});
  random_normal(gen, odd.array, 0, 1);
  std::vector<uint8_t> bytes(Generator::kStateBytes), again(Generator::kStateBytes);
  gen.get_state(bytes.data());
  other.set_state(bytes.data(), Generator::kStateBytes);
  other.get_state(again.data());
  EXPECT_EQ(bytes, again);
  random_normal(gen, a.array, 0, 1);
  random_normal(other, b.array, 0, 1);
  EXPECT_EQ(a.memory, b.memory);
  EXPECT_EQ(gen.random32(), other.random32());
  EXPECT_EQ(gen.clone_state().random32(), other.random32());
}

TEST(Generator, RefusesImpossibleStatesUnchanged) {
  Generator gen(1);
  std::vector<uint8_t> good(Generator::kStateBytes), now(Generator::kStateBytes);
  gen.get_state(good.data());
  const auto refuses = [&](size_t offset, int32_t value) {
    std::vector<uint8_t> bytes = good;
    std::memcpy(&bytes[offset], &value, sizeof value);
    expect_error(ErrorKind::Runtime, "Invalid mt19937 state", [&] { gen.set_state(bytes.data(), 5056); });
    gen.get_state(now.data());
    EXPECT_EQ(now, good);
  };
  for (int32_t left : {0, -1, 625}) refuses(8, left);
  refuses(12, 0);
  refuses(16, 625);
  expect_error(ErrorKind::Runtime,
               "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 5",
               [&] { gen.set_state(good.data(), 5); });
}

TEST(Generator, StatesWithStrangePositionsStayInside) {
  Generator gen(1);
  std::vector<uint8_t> bytes(Generator::kStateBytes);
  gen.get_state(bytes.data());
  for (uint64_t next : {uint64_t{0}, uint64_t{300}, uint64_t{624}})
    for (int32_t left : {1, 2, 400, 624}) {
      std::memcpy(&bytes[8], &left, sizeof left);
      std::memcpy(&bytes[16], &next, sizeof next);
      gen.set_state(bytes.data(), Generator::kStateBytes);
      for (int i = 0; i < 2000; ++i) gen.random32();
      EXPECT_LE(gen.state().engine.next, 624u);
    }
}

TEST(Generator, SeedsFromTheSystem) {
  EXPECT_EQ(Generator().initial_seed(), 67280421310721u);
  Generator gen;
  const uint64_t a = gen.seed();
  EXPECT_EQ(gen.initial_seed(), a);
  EXPECT_NE(gen.seed(), a);
  EXPECT_EQ(&default_generator(), &default_generator());
}

TEST(Generator, LockLetsOneThreadIn) {
  Generator gen(0);
  constexpr int kDraws = 20000;
  const auto work = [&] {
    for (int i = 0; i < kDraws; ++i) {
      std::lock_guard guard(gen);
      gen.random32();
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  std::mt19937 reference(0);
  reference.discard(2 * kDraws);
  EXPECT_EQ(gen.random32(), reference());
}

// ---- Values PyTorch prints ----

TEST(Random, Uniform) {
  const auto f = [](Generator& g, const Array& a) { random_uniform(g, a, 0, 1); };
  EXPECT_EQ(drawn<float>(0, 4, f), (std::vector<float>{0.49625658988952637f, 0.7682217955589294f, 0.08847743272781372f,
                                                       0.13203048706054688f}));
  EXPECT_EQ(drawn<double>(0, 2, f), (std::vector<double>{0.9700530018065531, 0.707819864399788}));
  const std::vector<Half> half = drawn<Half>(0, 3, f);
  EXPECT_EQ(float(half[0]), 0.496337890625f);
  EXPECT_EQ(float(half[1]), 0.76806640625f);
  EXPECT_EQ(float(half[2]), 0.0885009765625f);
  EXPECT_EQ(
      drawn<float>(0, 4, [](Generator& g, const Array& a) { random_uniform(g, a, -.3, .3); }),
      (std::vector<float>{-0.002246046205982566f, 0.16093307733535767f, -0.24691355228424072f, -0.22078171372413635f}));
}

TEST(Random, NormalOfFewElements) {
  const auto f = [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); };
  const float expected[] = {1.5409960746765137f, -0.293428897857666f,  -2.1787893772125244f,
                            0.5684312582015991f, -1.0845223665237427f, -1.3985953903198242f};
  const std::vector<float> values = drawn<float>(0, 6, f);
  for (size_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(values[i], expected[i]);
  const double scaled[] = {4.081992216488087, 0.41314218847810724, -3.357578764149115, 2.1368625545613353,
                           -1.1690446848480418};
  const std::vector<double> doubles =
      drawn<double>(0, 5, [](Generator& g, const Array& a) { random_normal(g, a, 1, 2); });
  for (size_t i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(doubles[i], scaled[i]);
}

TEST(Random, NormalOfRows) {
  const auto f = [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); };
  const std::vector<float> full = drawn<float>(0, 16, f), tail = drawn<float>(0, 17, f), more = drawn<float>(42, 32, f);
  EXPECT_EQ(
      std::vector<float>(full.begin(), full.begin() + 8),
      (std::vector<float>{-1.1258398294448853f, -1.152360200881958f, -0.2505785822868347f, -0.4338788092136383f,
                          0.8487103581428528f, 0.6920091509819031f, -0.31601276993751526f, -2.1152193546295166f}));
  EXPECT_EQ(tail[0], -1.1258398294448853f);
  EXPECT_EQ(tail[1], -1.6959311962127686f);
  EXPECT_EQ(tail[8], 0.46809640526771545f);
  EXPECT_EQ(tail[16], 0.9318265914916992f);
  EXPECT_EQ(more[0], 1.9269152879714966f);
  EXPECT_EQ(more[4], 0.6784184575080872f);
  const std::vector<double> doubles = drawn<double>(0, 17, f);
  EXPECT_DOUBLE_EQ(doubles[0], -2.310411800234176);
  EXPECT_DOUBLE_EQ(doubles[1], -0.6332746088675096);
  EXPECT_DOUBLE_EQ(doubles[9], -0.2426793824588577);
  EXPECT_DOUBLE_EQ(doubles[16], 0.6748575435940039);
}

TEST(Random, Integers) {
  EXPECT_EQ(drawn<int64_t>(0, 6, [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }),
            (std::vector<int64_t>{44, 39, 33, 60, 63, 79}));
  EXPECT_EQ(drawn<int64_t>(0, 1, [](Generator& g, const Array& a) { random_integers(g, a); })[0], 900450186894289455);
  EXPECT_EQ(drawn<int64_t>(0, 10, [](Generator& g, const Array& a) { random_permutation(g, a); }),
            (std::vector<int64_t>{4, 1, 7, 5, 3, 9, 0, 8, 6, 2}));
  EXPECT_EQ(drawn<int32_t>(0, 6, [](Generator& g, const Array& a) { random_geometric(g, a, .3); }),
            (std::vector<int32_t>{1, 1, 3, 1, 2, 1}));
}

TEST(Random, ContinuousDistributions) {
  const auto expect = [](std::vector<double> expected, const std::function<void(Generator&, const Array&)>& f) {
    const std::vector<double> values = drawn<double>(0, static_cast<int64_t>(expected.size()), f);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(values[i], expected[i]);
  };
  expect({2.338884124471761, 0.8202565094531178, 0.41002939592934096, 1.6900790961439212},
         [](Generator& g, const Array& a) { random_exponential(g, a, 1.5); });
  expect({3.55977293266823, 2.57647672596059, 2.4871700657916826, 2.893307331099465},
         [](Generator& g, const Array& a) { random_cauchy(g, a, 2.5, .1); });
  expect({59.26341788010752, 1.5115599370617072, 0.03481946309690494, 8.472812895730142, 0.31066358117688375},
         [](Generator& g, const Array& a) { random_log_normal(g, a, 1, 2); });
}

TEST(Random, ExponentialAfterOtherDraws) {
  Generator gen(42);
  Buffer skipped(kFloat32, {5}), out(kFloat32, {5});
  random_uniform(gen, skipped.array, 0, 1);
  random_exponential(gen, out.array, 1);
  const float expected[] = {1.6459102630615234f, 0.42944642901420593f, 0.06773023307323456f, 1.380858063697815f,
                            0.7802808284759521f};
  for (size_t i = 0; i < 5; ++i) EXPECT_FLOAT_EQ(out.values<float>()[i], expected[i]);
}

TEST(Random, Bernoulli) {
  EXPECT_EQ(drawn<float>(0, 8, [](Generator& g, const Array& a) { random_bernoulli(g, a, .5); }),
            (std::vector<float>{0, 0, 1, 0, 0, 0, 1, 1}));
  const std::vector<double> p = {.1, .5, .9, .3, .7, .2, .8, .4};
  const auto against = [&]<class P>(P) {
    Buffer probability(DTypeOf<P>::value, {8});
    for (size_t i = 0; i < 8; ++i) probability.array.as<P>()[i] = P(static_cast<float>(p[i]));
    if constexpr (std::is_same_v<P, double>) std::copy(p.begin(), p.end(), probability.array.as<double>());
    return drawn<uint8_t>(0, 8,
                          [&](Generator& g, const Array& a) { random_bernoulli_tensor(g, a, probability.array); });
  };
  EXPECT_EQ(against(float{}), (std::vector<uint8_t>{0, 0, 1, 1, 1, 0, 1, 0}));
  EXPECT_EQ(against(Half{}), (std::vector<uint8_t>{0, 0, 1, 1, 1, 0, 1, 0}));
  EXPECT_EQ(against(double{}), (std::vector<uint8_t>{0, 0, 1, 0, 1, 0, 1, 1}));
}

// The comparison is made on integers: it must agree with the comparison of doubles that defines it.
TEST(Random, BernoulliDecidesLikeDoubles) {
  for (double p : {0.0, 5e-324, 0x1p-53, 0x1.8p-53, 1e-9, 0.1, 0.5, std::nextafter(0.5, 1.0), 1 - 0x1p-53, 1.0}) {
    Generator gen(5), reference(5);
    Buffer out(kUInt8, {2500});
    random_bernoulli(gen, out.array, p);
    for (int64_t i = 0; i < 2500; ++i) {
      const double u = static_cast<double>(reference.random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
      ASSERT_EQ(out.array.as<uint8_t>()[i], u < p) << p;
    }
  }
}

TEST(Random, BernoulliWithBroadcastProbability) {
  const int64_t sizes[] = {30, 50}, strides[] = {0, 1};
  std::vector<float> p(50);
  for (size_t i = 0; i < 50; ++i) p[i] = static_cast<float>(i) / 49;
  Generator gen(5), reference(5);
  Buffer out(kFloat32, {30, 50}, {1, 0}), u(kFloat32, {1500});
  random_bernoulli_tensor(gen, out.array, {p.data(), kFloat32, 2, sizes, strides});
  random_uniform(reference, u.array, 0, 1);
  for (int64_t i = 0; i < 1500; ++i)  // memory order: 30 rows for each of the 50 columns
    ASSERT_EQ(out.array.as<float>()[i], u.array.as<float>()[i] < p[static_cast<size_t>(i / 30)]);
  EXPECT_EQ(gen.random32(), reference.random32());
}

// ---- Whole arrays, as digests of PyTorch's memory, and the draw that follows ----

struct Case {
  const char* name;
  void (*draw)(Generator&, const Array&);
  DType dtype;
  std::vector<int64_t> sizes;
  std::vector<int> order;  // dims from the outermost in memory inwards
  uint64_t digest;
  uint32_t next;
};

// clang-format off
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"uniform 0 1", [](Generator& g, const Array& a) { random_uniform(g, a, 0, 1); }, kFloat32, {1}, {}, 0x614fb1bb8b4617c9u, 0x2f81cd1bu},
      {"uniform -0.3 0.3", [](Generator& g, const Array& a) { random_uniform(g, a, -0.3, 0.3); }, kFloat32, {1000}, {}, 0x515d29b5720739e9u, 0x611e2b3u},
      {"uniform 100 1000.1", [](Generator& g, const Array& a) { random_uniform(g, a, 100, 1000.1); }, kFloat32, {7, 11, 13}, {2, 0, 1}, 0xda902a3b2bc5d64bu, 0xb74bf98bu},
      {"uniform 0.1 0.1001", [](Generator& g, const Array& a) { random_uniform(g, a, 0.1, 0.1001); }, kFloat32, {1025}, {}, 0x5fffe2294287e0f0u, 0xc75700cu},
      {"uniform 0 1", [](Generator& g, const Array& a) { random_uniform(g, a, 0, 1); }, kFloat64, {1}, {}, 0x588261a1a8ff1380u, 0x671f1b1au},
      {"uniform -0.3 0.3", [](Generator& g, const Array& a) { random_uniform(g, a, -0.3, 0.3); }, kFloat64, {1000}, {}, 0x355de9abbfd297ffu, 0xd8b5d4edu},
      {"uniform 100 1000.1", [](Generator& g, const Array& a) { random_uniform(g, a, 100, 1000.1); }, kFloat64, {7, 11, 13}, {2, 0, 1}, 0x1cc3f2661bfa147u, 0xa9b760e1u},
      {"uniform 0.1 0.1001", [](Generator& g, const Array& a) { random_uniform(g, a, 0.1, 0.1001); }, kFloat64, {1025}, {}, 0x77a8a23c6c2f75eau, 0xe262e42bu},
      {"uniform 0 1", [](Generator& g, const Array& a) { random_uniform(g, a, 0, 1); }, kFloat16, {1}, {}, 0x883fb07b5308a7eu, 0x2f81cd1bu},
      {"uniform -0.3 0.3", [](Generator& g, const Array& a) { random_uniform(g, a, -0.3, 0.3); }, kFloat16, {1000}, {}, 0x67957a811465c3e2u, 0x611e2b3u},
      {"uniform 100 1000.1", [](Generator& g, const Array& a) { random_uniform(g, a, 100, 1000.1); }, kFloat16, {7, 11, 13}, {2, 0, 1}, 0x6b536f637d1b2641u, 0xb74bf98bu},
      {"uniform 0.1 0.1001", [](Generator& g, const Array& a) { random_uniform(g, a, 0.1, 0.1001); }, kFloat16, {1025}, {}, 0xdab9ff22bb7ea4c9u, 0xc75700cu},
      {"uniform 0 1", [](Generator& g, const Array& a) { random_uniform(g, a, 0, 1); }, kBFloat16, {1}, {}, 0x97c0b07b60346fdu, 0x2f81cd1bu},
      {"uniform -0.3 0.3", [](Generator& g, const Array& a) { random_uniform(g, a, -0.3, 0.3); }, kBFloat16, {1000}, {}, 0x6a93a486d670b7au, 0x611e2b3u},
      {"uniform 100 1000.1", [](Generator& g, const Array& a) { random_uniform(g, a, 100, 1000.1); }, kBFloat16, {7, 11, 13}, {2, 0, 1}, 0x86f60b4b87802e15u, 0xb74bf98bu},
      {"uniform 0.1 0.1001", [](Generator& g, const Array& a) { random_uniform(g, a, 0.1, 0.1001); }, kBFloat16, {1025}, {}, 0x51df2783875a897fu, 0xc75700cu},
      {"uniform -1 1", [](Generator& g, const Array& a) { random_uniform(g, a, -1, 1); }, kFloat32, {2, 3, 20, 20}, {0, 2, 3, 1}, 0x72d81b16c05b8620u, 0x145f9f03u},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat32, {16}, {}, 0xf408c177b08242e7u, 0x11e7e64cu},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat32, {17}, {}, 0x19085a9bd696b261u, 0x18e5598du},
      {"normal 0.5 3.25", [](Generator& g, const Array& a) { random_normal(g, a, 0.5, 3.25); }, kFloat32, {1000}, {}, 0x4962a04395436234u, 0x689bba03u},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat32, {33, 40}, {}, 0x5558063556719195u, 0x17fe9168u},
      {"normal 1.5 0.02", [](Generator& g, const Array& a) { random_normal(g, a, 1.5, 0.02); }, kFloat32, {1031}, {}, 0xf171b6df9cf43211u, 0xa132a00eu},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat16, {16}, {}, 0x827d4bf0ed96c9f2u, 0x11e7e64cu},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat16, {17}, {}, 0x8f26f8c3bd0d9e15u, 0x39fe54c3u},
      {"normal 0.5 3.25", [](Generator& g, const Array& a) { random_normal(g, a, 0.5, 3.25); }, kFloat16, {1000}, {}, 0x593d20324c59663cu, 0x9240bbe4u},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kFloat16, {33, 40}, {}, 0x6251db99e09967d9u, 0x38062abau},
      {"normal 1.5 0.02", [](Generator& g, const Array& a) { random_normal(g, a, 1.5, 0.02); }, kFloat16, {1031}, {}, 0xda47ddbf9313f431u, 0x967bdab9u},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kBFloat16, {16}, {}, 0x46315eda45f08281u, 0x11e7e64cu},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kBFloat16, {17}, {}, 0x5b412c811bf5e620u, 0x39fe54c3u},
      {"normal 0.5 3.25", [](Generator& g, const Array& a) { random_normal(g, a, 0.5, 3.25); }, kBFloat16, {1000}, {}, 0x42ec7f91e5418fbfu, 0x9240bbe4u},
      {"normal 0 1", [](Generator& g, const Array& a) { random_normal(g, a, 0, 1); }, kBFloat16, {33, 40}, {}, 0xb44060ea1fd50c0au, 0x38062abau},
      {"normal 1.5 0.02", [](Generator& g, const Array& a) { random_normal(g, a, 1.5, 0.02); }, kBFloat16, {1031}, {}, 0xd0f6baf74e6688a9u, 0x967bdab9u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kBool, {1000}, {}, 0xda8aa25c0eb315efu, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kBool, {9, 8, 7}, {1, 2, 0}, 0x1d903d7edd303e87u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kUInt8, {1000}, {}, 0xda8aa25c0eb315efu, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kUInt8, {9, 8, 7}, {1, 2, 0}, 0x1d903d7edd303e87u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kInt8, {1000}, {}, 0xda8aa25c0eb315efu, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kInt8, {9, 8, 7}, {1, 2, 0}, 0x1d903d7edd303e87u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kInt16, {1000}, {}, 0xd1dbc96faa87e08du, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kInt16, {9, 8, 7}, {1, 2, 0}, 0xeab38a34023c485du, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kInt32, {1000}, {}, 0xe73dafe2f7702f35u, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kInt32, {9, 8, 7}, {1, 2, 0}, 0x91b7fd9c03c231d5u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kInt64, {1000}, {}, 0xd40d67accd4f9845u, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kInt64, {9, 8, 7}, {1, 2, 0}, 0x6badede676682985u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kFloat16, {1000}, {}, 0x21a6b84bc2177ad5u, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kFloat16, {9, 8, 7}, {1, 2, 0}, 0x5834b315c223d2b5u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kBFloat16, {1000}, {}, 0xbe51edcb23ede92du, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kBFloat16, {9, 8, 7}, {1, 2, 0}, 0x6ac6ceeadf347f3du, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kFloat32, {1000}, {}, 0x2a9d509983dcbff5u, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kFloat32, {9, 8, 7}, {1, 2, 0}, 0xdd9742fcdcca3415u, 0x9240bbe4u},
      {"bernoulli 0.9", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.9); }, kFloat64, {1000}, {}, 0x1291fe042c7c3cc5u, 0xd8b5d4edu},
      {"bernoulli 0.3", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0.3); }, kFloat64, {9, 8, 7}, {1, 2, 0}, 0x7e87be788b7d2505u, 0x9240bbe4u},
      {"bernoulli 1e-09", [](Generator& g, const Array& a) { random_bernoulli(g, a, 1e-09); }, kUInt8, {3000}, {}, 0xe9154a5da464b85u, 0x25555b1du},
      {"bernoulli 0", [](Generator& g, const Array& a) { random_bernoulli(g, a, 0); }, kFloat32, {20}, {}, 0xf14b84b8290b8965u, 0x70e16bb1u},
      {"bernoulli 1", [](Generator& g, const Array& a) { random_bernoulli(g, a, 1); }, kFloat32, {20}, {}, 0xbb2adbd12cebc745u, 0x70e16bb1u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kBool, {777}, {}, 0xb66fbcc4ddaf6f95u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kBool, {5, 30}, {1, 0}, 0x28fad70fb97233cu, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kUInt8, {777}, {}, 0x4870f4a4c847c603u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kUInt8, {5, 30}, {1, 0}, 0x87bac0c2b2ae523eu, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt8, {777}, {}, 0xb237cf3981e6ae03u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt8, {5, 30}, {1, 0}, 0xd7a66610afe854beu, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt16, {777}, {}, 0x1677a2ef95a9ba65u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt16, {5, 30}, {1, 0}, 0x172251e7f24ad47du, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt32, {777}, {}, 0x9485cf683df5a8efu, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt32, {5, 30}, {1, 0}, 0x25f4dd3ddfffb730u, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt64, {777}, {}, 0xcc9296051865e8d0u, 0x7e1b6017u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kInt64, {5, 30}, {1, 0}, 0x10d3ce094f1ae6d6u, 0x3015a378u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat16, {777}, {}, 0x9c57df8e80dd8057u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat16, {5, 30}, {1, 0}, 0x46d5fb94e9acb3bcu, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kBFloat16, {777}, {}, 0xc7a53afb22c5eb33u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kBFloat16, {5, 30}, {1, 0}, 0x2fed96fd97be67b8u, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat32, {777}, {}, 0xa6bfb9ff3ec879b2u, 0x7af78c86u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat32, {5, 30}, {1, 0}, 0x6d1109d37efc14c4u, 0x696770beu},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat64, {777}, {}, 0x810c345b9999fd86u, 0x7e1b6017u},
      {"integers", [](Generator& g, const Array& a) { random_integers(g, a); }, kFloat64, {5, 30}, {1, 0}, 0x8e4f20c70e846720u, 0x3015a378u},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kBool, {100}, {}, 0x55d53d2a6c2c3e79u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kUInt8, {777}, {}, 0xde470cbc29def9cbu, 0x7af78c86u},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kUInt8, {100}, {}, 0x432700f3a14d761au, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kInt8, {777}, {}, 0xde470cbc29def9cbu, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kInt8, {5, 30}, {1, 0}, 0x55f4fbb197818df2u, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kInt8, {100}, {}, 0xe1167992ac9a130u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kInt16, {777}, {}, 0xb6d11065fd4aeb13u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kInt16, {5, 30}, {1, 0}, 0x27fd232229db0690u, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kInt16, {100}, {}, 0x524e93b5f479c134u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kInt32, {777}, {}, 0x44c8b2a3ff04963u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kInt32, {5, 30}, {1, 0}, 0x5298a0320e3aceb0u, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kInt32, {100}, {}, 0xc00e0bc4c7bdeca2u, 0x6947017au},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kInt64, {777}, {}, 0xef03ea5cedef4063u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kInt64, {5, 30}, {1, 0}, 0xe9cc3778da84bc80u, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kInt64, {100}, {}, 0x536e0fb59852c326u, 0x6947017au},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kFloat16, {777}, {}, 0x681d9d21db3865d5u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kFloat16, {5, 30}, {1, 0}, 0xfb241a3a2ea5f326u, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kFloat16, {100}, {}, 0xa8085bd12f1978f0u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kBFloat16, {777}, {}, 0x2f81fc9a8d775465u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kBFloat16, {5, 30}, {1, 0}, 0x628955a4291b6c2au, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kBFloat16, {100}, {}, 0xd76ee68ecd25b586u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kFloat32, {777}, {}, 0x85ee346f20a05fc5u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kFloat32, {5, 30}, {1, 0}, 0x463b1dee80e620bau, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kFloat32, {100}, {}, 0x703c5be6fb72cd49u, 0xb0ff961bu},
      {"integers 0 100", [](Generator& g, const Array& a) { random_integers(g, a, 0, 100); }, kFloat64, {777}, {}, 0x208e1eeb00538810u, 0x7af78c86u},
      {"integers -7 33", [](Generator& g, const Array& a) { random_integers(g, a, -7, 33); }, kFloat64, {5, 30}, {1, 0}, 0x1a5167003e63f1bau, 0x696770beu},
      {"integers 1 None", [](Generator& g, const Array& a) { random_integers(g, a, 1, std::nullopt); }, kFloat64, {100}, {}, 0xe8ad0e3edeee5f66u, 0x6947017au},
      {"integers 0 2", [](Generator& g, const Array& a) { random_integers(g, a, 0, 2); }, kBool, {100}, {}, 0x13dd709c2514c19eu, 0xb0ff961bu},
      {"integers -2147483648 None", [](Generator& g, const Array& a) { random_integers(g, a, -2147483648, std::nullopt); }, kInt32, {100}, {}, 0x6de7ba9cc6e7286au, 0x6947017au},
      {"integers 0 268435455", [](Generator& g, const Array& a) { random_integers(g, a, 0, 268435455); }, kInt32, {100}, {}, 0x87127275b10b2368u, 0xb0ff961bu},
      {"integers 0 268435456", [](Generator& g, const Array& a) { random_integers(g, a, 0, 268435456); }, kInt32, {100}, {}, 0xa60bbd27417d2a2au, 0x6947017au},
      {"integers -9223372036854775808 None", [](Generator& g, const Array& a) { random_integers(g, a, INT64_MIN, std::nullopt); }, kInt64, {100}, {}, 0xb6bb960c10150c68u, 0x6947017au},
      {"integers -5 1099511627776", [](Generator& g, const Array& a) { random_integers(g, a, -5, 1099511627776); }, kInt64, {100}, {}, 0xff336da8aa9da79du, 0x6947017au},
      {"integers -9223372036854775808 None", [](Generator& g, const Array& a) { random_integers(g, a, INT64_MIN, std::nullopt); }, kFloat32, {100}, {}, 0xce6b871b8a0bc8e0u, 0x6947017au},
      {"integers -5 1099511627776", [](Generator& g, const Array& a) { random_integers(g, a, -5, 1099511627776); }, kFloat32, {100}, {}, 0x8a5f6c9e296406e4u, 0x6947017au},
      {"integers -9223372036854775808 None", [](Generator& g, const Array& a) { random_integers(g, a, INT64_MIN, std::nullopt); }, kFloat64, {100}, {}, 0x7c400e73c5b21d47u, 0x6947017au},
      {"integers -5 1099511627776", [](Generator& g, const Array& a) { random_integers(g, a, -5, 1099511627776); }, kFloat64, {100}, {}, 0x2c5298455f56b512u, 0x6947017au},
      {"integers -9223372036854775808 None", [](Generator& g, const Array& a) { random_integers(g, a, INT64_MIN, std::nullopt); }, kBFloat16, {100}, {}, 0x4d84db18708063adu, 0x6947017au},
      {"integers -5 1099511627776", [](Generator& g, const Array& a) { random_integers(g, a, -5, 1099511627776); }, kBFloat16, {100}, {}, 0xc3dbda1a0caf3ae8u, 0x6947017au},
      {"integers 0 60000", [](Generator& g, const Array& a) { random_integers(g, a, 0, 60000); }, kFloat16, {300}, {}, 0xc6ec3e127939740du, 0x3015a378u},
      {"integers 1000 1003", [](Generator& g, const Array& a) { random_integers(g, a, 1000, 1003); }, kBFloat16, {100}, {}, 0x2c73ece9e7d79f65u, 0xb0ff961bu},
      {"integers 9007199254740992 9007199254741001", [](Generator& g, const Array& a) { random_integers(g, a, 9007199254740992, 9007199254741001); }, kFloat64, {100}, {}, 0x31e4bf85ee5ffdf1u, 0xb0ff961bu},
      {"integers 1099511627776 4611686018427387909", [](Generator& g, const Array& a) { random_integers(g, a, 1099511627776, 4611686018427387909); }, kInt64, {100}, {}, 0xfe03279433b1c67cu, 0x6947017au},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kUInt8, {100}, {}, 0x8e9eb15cfff8ae31u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt8, {100}, {}, 0x8e9eb15cfff8ae31u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt16, {100}, {}, 0x52d746755de8ff95u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt32, {100}, {}, 0x834b0b52b016c2c5u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt64, {100}, {}, 0xadb6d0dee9e8df25u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kFloat16, {100}, {}, 0x510ad12a893a5ff3u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kBFloat16, {100}, {}, 0x2bdd28613aeb1f44u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kFloat32, {100}, {}, 0x748afea180cd6684u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kFloat64, {100}, {}, 0xf993aa71659af2d0u, 0x5a0394a9u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt64, {5000}, {}, 0xda6522fabb7b4b41u, 0x148fa5aeu},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt64, {0}, {}, 0xcbf29ce484222325u, 0xea145fe5u},
      {"permutation", [](Generator& g, const Array& a) { random_permutation(g, a); }, kInt32, {1}, {}, 0x4d25767f9dce13f5u, 0xea145fe5u},
  };
  return all;
}
// clang-format on

TEST(Random, MatchesPyTorchByteForByte) {
  for (const Case& c : cases()) {
    Generator gen(20240607);
    Buffer out(c.dtype, c.sizes, c.order);
    c.draw(gen, out.array);
    EXPECT_EQ(fnv1a(out.memory), c.digest) << c.name << " " << name(c.dtype) << " of " << out.array.numel();
    EXPECT_EQ(gen.random32(), c.next) << c.name << " " << name(c.dtype) << " of " << out.array.numel();
  }
}

// Steps between elements change nothing but the place: the same numbers as in a dense array of that order.
TEST(Random, StridedArraysTakeTheSameDraws) {
  for (const Case& c : cases()) {
    if (c.order.empty()) continue;
    Generator gen(20240607);
    Buffer out(c.dtype, c.sizes, c.order, 3);
    c.draw(gen, out.array);
    const size_t item = static_cast<size_t>(item_size(c.dtype));
    std::vector<unsigned char> dense, gaps;
    for (size_t i = 0; i < out.memory.size(); ++i) (i / item % 3 == 0 ? dense : gaps).push_back(out.memory[i]);
    EXPECT_EQ(fnv1a(dense), c.digest) << c.name << " " << name(c.dtype);
    EXPECT_EQ(gaps, std::vector<unsigned char>(gaps.size(), 0)) << c.name;
  }
}

// ---- Errors ----

TEST(Random, RefusesWithPyTorchsWords) {
  const auto runtime = [](const std::string& text, const std::function<void()>& f) {
    expect_error(ErrorKind::Runtime, text, f);
  };
  const auto missing = [](const std::string& text, const std::function<void()>& f) {
    expect_error(ErrorKind::NotImplemented, text, f);
  };
  runtime("uniform_ expects to return a [from, to) range, but found from=2 > to=1",
          [] { check_uniform(kFloat32, 2, 1); });
  runtime("to is out of bounds for c10::Half", [] { check_uniform(kFloat16, 0, 70000); });
  runtime("from is out of bounds for float", [] { check_uniform(kFloat32, NAN, 1); });
  runtime(
      "uniform_ expects to-from <= std::numeric_limits<Float>::max(), but found to=3e+38 and from=-3e+38 which result "
      "in to-from to exceed the limit",
      [] { check_uniform(kFloat32, -3e38, 3e38); });
  missing("\"check_uniform_bounds\" not implemented for 'Int'", [] { check_uniform(kInt32, 0, 1); });
  runtime("normal expects std >= 0.0, but found std -1", [] { check_normal(kFloat32, 3, -1); });
  missing("\"normal_kernel_cpu\" not implemented for 'Int'", [] { check_normal(kInt32, 3, 1); });
  EXPECT_NO_THROW(check_normal(kInt32, 0, 1));
  runtime("bernoulli_ expects p to be in [0, 1], but got p=2", [] { check_bernoulli(2); });
  runtime("bernoulli_ expects p to be in [0, 1], but got p=1.23457", [] { check_bernoulli(1.23456789); });
  runtime("random_ expects 'from' to be less than 'to', but got from=5 >= to=3",
          [] { check_integers(kFloat32, 3, 5, 3); });
  runtime("to - 1 is out of bounds for unsigned char", [] { check_integers(kUInt8, 3, 0, 300); });
  runtime(
      "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=33554431 >= "
      "to=33554430",
      [] { check_integers(kFloat32, 3, 33554431, 33554432); });
  runtime(
      "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
      "from=4000 > to_inc=2048",
      [] { check_integers(kFloat16, 3, 4000, std::nullopt); });
  runtime("value cannot be converted to type int8_t without overflow", [] { check_permutation(kInt8, 129); });
  EXPECT_NO_THROW(check_permutation(kInt8, 128));
  runtime("n cannot be greater than 2049 for Half type.", [] { check_permutation(kFloat16, 2050); });
  missing("\"randperm\" not implemented for 'Bool'", [] { check_permutation(kBool, 1); });
  runtime("exponential_ expects lambda > 0.0, but found lambda=0", [] { check_exponential(kFloat32, 3, 0); });
  runtime("geometric_ expects p to be in (0, 1), but got p=1", [] { check_geometric(kFloat32, 3, 1); });
  runtime("cauchy_ expects sigma > 0.0, but found sigma=-1", [] { check_cauchy(kFloat32, -1); });
  runtime("log_normal_ expects std > 0.0, but found std=0", [] { check_log_normal(kFloat32, 3, 0); });
}

TEST(Random, ProbabilitiesAreCheckedElementByElement) {
  Buffer p(kFloat32, {2, 3}, {1, 0}, 2);
  for (float bad : {1.5f, -0.1f, NAN}) {
    p.array.as<float>()[10] = bad;
    expect_error(ErrorKind::Runtime,
                 "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  "
                 "If so, please report an enhancement request to PyTorch.)",
                 [&] { check_bernoulli_tensor(p.array, 6); });
    EXPECT_NO_THROW(check_bernoulli_tensor(p.array, 0));
  }
  p.array.as<float>()[10] = 1;
  EXPECT_NO_THROW(check_bernoulli_tensor(p.array, 6));
}

}  // namespace
}  // namespace gradus

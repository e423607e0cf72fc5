// Storages, views, versions, memory, and the arithmetic of sizes and strides.
#include <gtest/gtest.h>
#if defined(__linux__)
#include <unistd.h>
#endif

#include <climits>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gradus/core/alloc.h"
#include "gradus/core/error.h"
#include "gradus/core/geometry.h"
#include "gradus/core/impl.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/convert.h"
#include "gradus/kernels/nest.h"
#include "gradus/ops/create.h"
#include "gradus/ops/funnel.h"
#include "gradus/stream/control.h"
#include "tests/cpp/leaves_nothing.h"

namespace gradus {
namespace {

ErrorKind kind_of(const std::function<void()>& f, std::string* message = nullptr) {
  try {
    f();
  } catch (const Error& e) {
    if (message) *message = e.what();
    return e.kind();
  }
  ADD_FAILURE() << "nothing raised";
  return ErrorKind::Runtime;
}
std::string message_of(const std::function<void()>& f) {
  std::string text;
  kind_of(f, &text);
  return text;
}

class Core : public LeavesNothing {};

// ---- sizes

TEST_F(Core, SizesThatOverflowAreRefused) {
  const int64_t h = int64_t{1} << 40, q = int64_t{1} << 62;
  EXPECT_EQ(message_of([&] {
              empty({h, h});
            }),
            "Storage size calculation overflowed with sizes=[1099511627776, 1099511627776]");
  EXPECT_EQ(message_of([&] { zeros({q}, kFloat64); }),
            "Storage size calculation overflowed with sizes=[4611686018427387904]");
  EXPECT_EQ(message_of([&] { empty({0, h, h}); }), "Stride calculation overflowed");
  EXPECT_EQ(message_of([&] { empty({3, -2}); }), "Trying to create tensor with negative dimension -2: [3, -2]");
  const Tensor x = ones({4});
  EXPECT_EQ(message_of([&] { x.as_strided(IntList(2), IntList(q)); }),
            "Storage size calculation overflowed with sizes=[2] and strides=[4611686018427387904]");
  EXPECT_EQ(message_of([&] {
              x.as_strided({2, 2}, {q, q});
            }),
            "Storage size calculation overflowed with sizes=[2, 2] and strides=[4611686018427387904, "
            "4611686018427387904]");
  kind_of([&] { x.as_strided(IntList(2), IntList(1), INT64_MAX); });
  kind_of([&] { x.as_strided(IntList(4), IntList(2)); });
  EXPECT_EQ(message_of([&] { ones({1}).expand({h, h}); }), "numel: integer multiplication overflow");
  EXPECT_EQ(message_of([&] {
              x.view({int64_t{1} << 32, int64_t{1} << 32});
            }),
            "shape '[4294967296, 4294967296]' is invalid for input of size 4");
  EXPECT_EQ(x.as_strided(IntList(q), IntList(0)).numel(), q);
  EXPECT_EQ(slice(x, 0, 1, {}, INT64_MAX).numel(), 1);
  EXPECT_EQ(slice(x, 0, INT64_MIN, INT64_MAX, q).numel(), 1);
}

TEST_F(Core, SixtyFourDimsAndNotMore) {
  const Dims many(64, 1);
  const Tensor x = ones(many) + 1;
  EXPECT_EQ(x.dim(), 64);
  EXPECT_EQ(x.sum().item<double>(), 2);
  EXPECT_EQ(message_of([&] { x.unsqueeze(0); }), "tensors have at most 64 dimensions, got 65");
  EXPECT_EQ(message_of([&] { x.expand(Dims(70, 1)); }), "tensors have at most 64 dimensions, got 70");
  EXPECT_EQ(message_of([&] { x.view(Dims(65, 1)); }), "tensors have at most 64 dimensions, got 65");
  EXPECT_EQ(message_of([] { ones(Dims(65, 1)); }), "tensors have at most 64 dimensions, got 65");
}

// ---- memory

TEST_F(Core, OutOfMemoryIsAnErrorAndLeavesNothing) {
  const MemoryStats before = memory_stats();
  std::string text;
  EXPECT_EQ(kind_of([] { empty({int64_t{1} << 58}, kUInt8); }, &text), ErrorKind::OutOfMemory);
  EXPECT_NE(text.find("out of memory"), std::string::npos);
  const Tensor x = ones({3});
  EXPECT_EQ(kind_of([&] { x.expand({int64_t{1} << 55, 3}) + 1; }), ErrorKind::OutOfMemory);
  const Tensor out = zeros({3});
  EXPECT_EQ(kind_of([&] { add_out(out, x.expand({int64_t{1} << 55, 3}), x, 1); }), ErrorKind::OutOfMemory);
  EXPECT_EQ(out.sizes(), IntList(3));
  EXPECT_EQ(out.sum().item<double>(), 0);
  const MemoryStats after = memory_stats();
  EXPECT_EQ(after.live_blocks - before.live_blocks, 2);
}

TEST_F(Core, FailuresComeWhereTheyAreOrdered) {
  struct Synchronous {  // what waits is allocated later
    bool before = is_deferred();
    Synchronous() { set_deferred(false); }
    ~Synchronous() { set_deferred(before); }
  } synchronous;
  const Tensor x = ones({3}), big = ones({3000});
  fail_allocation(2, 2);
  const Tensor first = x + 1;
  EXPECT_EQ(kind_of([&] { x.clone(); }), ErrorKind::OutOfMemory);
  EXPECT_EQ(kind_of([&] { big.clone().data_ptr(); }), ErrorKind::OutOfMemory);
  const Tensor last = big.clone();
  EXPECT_NE(last.data_ptr(), nullptr);
  std::thread([&] { EXPECT_EQ(empty({4}).numel(), 4); }).join();  // not counted: another thread's
  EXPECT_EQ(fail_allocation(0), 4);
  EXPECT_EQ(last.sum().item<double>() + first.sum().item<double>(), 3006);
  EXPECT_EQ(fail_allocation(0), 0);
}

TEST_F(Core, CountersFollowAllocations) {
  const MemoryStats before = memory_stats();
  {
    const Tensor a = empty({1000}, kFloat64), b = empty({3}, kInt8), c = empty({0});
    const MemoryStats now = memory_stats();
    EXPECT_EQ(now.live_blocks, before.live_blocks + 3);
    EXPECT_GE(now.allocated, before.allocated + 8003);
    EXPECT_GE(now.peak, now.allocated);
    for (const Tensor& t : {a, b, c}) EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data_ptr()) % 64, 0u);
  }
  EXPECT_EQ(memory_stats().live_blocks, before.live_blocks);
  EXPECT_EQ(memory_stats().allocated, before.allocated);
  empty_cache();
  EXPECT_EQ(memory_stats().cached, 0);
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)  // which keeps what is freed for a while
int64_t resident() {
  int64_t all = 0, now = 0;
  std::ifstream("/proc/self/statm") >> all >> now;
  return now * sysconf(_SC_PAGESIZE);
}

TEST_F(Core, LargeBlocksKeepApartAndGoBackToTheSystem) {
  empty_cache();
  const int64_t before = resident();
  {
    std::vector<Tensor> made;
    for (int i = 0; i < 90; ++i) made.push_back(full({(i % 9 + 1) << 17}, Scalar(i), kFloat32));  // to 4.5 MB: 225 MB
    for (int i = 0; i < 90; i += 2) made[i] = full({(i % 7 + 1) << 13}, Scalar(i), kFloat32);
    synchronize();
    EXPECT_GT(resident() - before, int64_t{100} << 20);
    for (int i = 0; i < 90; ++i) {
      EXPECT_EQ(made[i].min().item<double>(), i);
      EXPECT_EQ(made[i].max().item<double>(), i);
    }
  }
  empty_cache();
  EXPECT_LT(resident() - before, int64_t{24} << 20);
}

// What is freed beside a small block that lives on is used again.
TEST_F(Core, SlabsHaveNoHolesForEver) {
  empty_cache();
  const int64_t before = resident();
  std::vector<Tensor> kept;
  for (const int64_t n : {950'000, 850'000, 750'000, 650'000, 1'000'000, 900'000}) {
    std::vector<Tensor> passing;
    for (int i = 0; i < 20; ++i) {
      for (int k = 0; k < 3; ++k) passing.push_back(ones({n}));
      kept.push_back(ones({10'000}));
    }
    synchronize();
    passing.clear();
    empty_cache();
  }
  EXPECT_LT(resident() - before, int64_t{400} << 20);
}
#endif

TEST_F(Core, MemoryMayBeFreedByAnotherThread) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> made;
    std::thread([&] {
      for (int i = 1; i < 200; ++i) made.push_back(full({i * 7}, Scalar(i), kFloat64));
    }).join();
    for (int i = 1; i < 200; ++i) ASSERT_EQ(made[static_cast<size_t>(i - 1)].sum().item<double>(), i * 7 * i);
    std::thread([gone = std::move(made)]() mutable { gone.clear(); }).join();
  }
}

TEST_F(Core, ExportedMemoryIsNotResized) {
  const Tensor out = zeros({2}), x = ones({3});
  Storage* s = out.impl()->view->storage;
  s->exports = 1;
  EXPECT_EQ(message_of([&] { add_out(out, x, x, 1); }), "Trying to resize storage that is not resizable");
  EXPECT_EQ(out.sizes(), IntList(2));
  EXPECT_EQ(out.version(), 0u);
  s->exports = 0;
  const void* address = s->data;
  add_out(out, x, x, 1);
  EXPECT_EQ(out.sizes(), IntList(3));
  EXPECT_NE(out.data_ptr(), nullptr);
  (void)address;
  EXPECT_EQ(out.sum().item<double>(), 6);
}

TEST_F(Core, ForeignMemoryIsGivenBackOnce) {
  static int released = 0;
  released = 0;
  double memory[4] = {1, 2, 3, 4};
  {
    auto* s = new_storage(0);
    data_put(s->data, s->bytes);
    s->data = memory;
    s->bytes = sizeof memory;
    s->flags = Storage::kForeign;
    s->release = [](void* count) { ++*static_cast<int*>(count); };
    s->context = &released;
    const Tensor t(new_tensor(new_view(s, kFloat64, IntList(4), {}, 0)));
    const Tensor view = t.view({2, 2}).t();
    EXPECT_EQ(view.sum().item<double>(), 10);
    t.add_(1);
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
  EXPECT_EQ(memory[0], 2);
}

// ---- versions and views

TEST_F(Core, ViewsShareMemoryAndVersion) {
  const Tensor x = arange(6, kFloat64);
  const Tensor rows = x.view({2, 3}), column = rows.t()[1], alias = x.detach(), own = x.variable_data();
  column.fill_(7);
  EXPECT_EQ(x[1].item<double>(), 7);
  EXPECT_EQ(x[4].item<double>(), 7);
  for (const Tensor& t : {x, rows, column, alias}) EXPECT_EQ(t.version(), 1u);
  EXPECT_EQ(own.version(), 0u);
  EXPECT_TRUE(column.base().is_same(x));
  EXPECT_FALSE(alias.is_view());
  own.zero_();
  EXPECT_EQ(x.sum().item<double>(), 0);
  EXPECT_EQ(x.version(), 1u);
}

TEST_F(Core, RefusedWritesCountNothing) {
  const Tensor x = arange(6, kFloat32);
  EXPECT_EQ(kind_of([&] { x.add_(ones({5})); }), ErrorKind::Runtime);
  EXPECT_EQ(kind_of([&] { arange(3).add_(Scalar(1.5)); }), ErrorKind::Runtime);
  kind_of([&] { x.narrow(0, 1, 5).add_(x.narrow(0, 0, 5)); });
  kind_of([&] { x.expand({2, 6}).add_(1); });
  kind_of([&] { x.copy_(ones({2, 6})); });
  EXPECT_EQ(x.version(), 0u);
  EXPECT_EQ(x.sum().item<double>(), 15);
}

TEST_F(Core, DataIsSwapped) {
  const Tensor x = ones({3}), y = full({2, 2}, Scalar(5), kFloat32), view = x.view({3});
  x.set_data(y);
  EXPECT_EQ(x.sizes(), (IntList{2, 2}));
  EXPECT_EQ(x.data_ptr(), y.data_ptr());
  EXPECT_EQ(view.sum().item<double>(), 3);
  const Tensor p = ones({3}).requires_grad_();
  EXPECT_EQ(kind_of([&] { p.set_data(arange(3)); }), ErrorKind::Runtime);
}

// ---- geometry, against a list of all offsets

struct Layout3 {
  Dims sizes, strides;
};

std::vector<int64_t> offsets(const Layout3& l) {
  std::vector<int64_t> out{0};
  for (int64_t d = 0; d < l.sizes.size(); ++d) {
    std::vector<int64_t> next;
    for (int64_t o : out)
      for (int64_t i = 0; i < l.sizes[d]; ++i) next.push_back(o + i * l.strides[d]);
    out = next;
  }
  return out;
}

Layout3 random_layout(std::mt19937& rng) {
  Layout3 l;
  const int n = static_cast<int>(rng() % 4);
  for (int i = 0; i < n; ++i) {
    l.sizes.push_back(static_cast<int64_t>(rng() % 4) + (rng() % 8 ? 1 : 0));
    l.strides.push_back(
        static_cast<int64_t>(rng() % 2 ? rng() % 13 : (std::vector<int64_t>{1, 2, 3, 4, 6, 12})[rng() % 6]));
  }
  return l;
}

TEST_F(Core, DensityAgreesWithTheOffsets) {
  std::mt19937 rng(1);
  int dense = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Layout3 l = random_layout(rng);
    const std::vector<int64_t> all = offsets(l);
    const std::set<int64_t> distinct(all.begin(), all.end());
    const bool expected =
        all.empty() || (distinct.size() == all.size() && *distinct.rbegin() == static_cast<int64_t>(all.size()) - 1);
    ASSERT_EQ(is_non_overlapping_and_dense(l.sizes, l.strides), expected)
        << str(IntList(l.sizes), " ", IntList(l.strides));
    dense += expected && all.size() > 1;
    const int64_t bytes = storage_bytes(l.sizes, l.strides, 5, 4);
    ASSERT_EQ(bytes, all.empty() ? 0 : (*distinct.rbegin() + 6) * 4);
    const Dims like = like_strides(l.sizes, l.strides);
    ASSERT_TRUE(is_non_overlapping_and_dense(l.sizes, like));
  }
  EXPECT_GT(dense, 500);
}

TEST_F(Core, ViewsInAnotherShapeReadTheSameElements) {
  std::mt19937 rng(2);
  const std::vector<Dims> shapes{{12}, {3, 4}, {4, 3}, {2, 6}, {2, 2, 3}, {1, 12}, {3, 2, 2}, {6, 1, 2}, {2, 3, 2, 1}};
  int viewed = 0, refused = 0;
  for (int round = 0; round < 5000; ++round) {
    Layout3 l{shapes[rng() % shapes.size()], {}};
    l.strides.resize(l.sizes.size());
    for (int64_t i = 0; i < l.sizes.size(); ++i)
      l.strides[i] = (std::vector<int64_t>{0, 1, 2, 3, 4, 6, 12, 24})[rng() % 8];
    const Dims& shape = shapes[rng() % shapes.size()];
    Dims strides;
    if (view_strides(l.sizes, l.strides, shape, strides)) {
      ASSERT_EQ(offsets({shape, strides}), offsets(l));
      ++viewed;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(viewed, 300);
  EXPECT_GT(refused, 300);
}

TEST_F(Core, NestsVisitEveryElementOnce) {
  std::mt19937 rng(3);
  for (int round = 0; round < 2000; ++round) {
    Layout3 shape;
    const int n = static_cast<int>(rng() % 4);
    for (int i = 0; i < n; ++i) shape.sizes.push_back(1 + static_cast<int64_t>(rng() % 4));
    shape.strides = dense_strides(shape.sizes);
    Layout3 from{shape.sizes, Dims(shape.sizes.size(), 0)};
    for (int64_t i = 0; i < from.sizes.size(); ++i) {
      if (rng() % 4 == 0) from.sizes[i] = 1;
      from.strides[i] = static_cast<int64_t>(rng() % 9);
    }
    std::vector<float> target(65, -1), source(200);
    for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<float>(i);
    copy_array({target.data(), kFloat32, n, shape.sizes.data(), shape.strides.data()},
               {source.data(), kFloat32, n, from.sizes.data(), from.strides.data()});
    const Layout3 read{shape.sizes, expand_strides(from.sizes, from.strides, shape.sizes)};
    const std::vector<int64_t> to = offsets(shape), at = offsets(read);
    for (size_t i = 0; i < to.size(); ++i)
      ASSERT_EQ(target[static_cast<size_t>(to[i])], source[static_cast<size_t>(at[i])]);
    EXPECT_EQ(target[to.size()], -1);
  }
}

TEST_F(Core, PromotionIsSymmetricAndAnUpperBound) {
  for (int i = 0; i < kNumDTypes; ++i)
    for (int j = 0; j < kNumDTypes; ++j) {
      const auto a = static_cast<DType>(i), b = static_cast<DType>(j), c = promote(a, b);
      EXPECT_EQ(c, promote(b, a));
      EXPECT_EQ(promote(c, a), c);
      EXPECT_EQ(promote(c, b), c);
      EXPECT_TRUE(can_cast(a, c) && can_cast(b, c));
    }
  EXPECT_EQ(promote(kUInt8, kInt8), kInt16);
  EXPECT_EQ(promote(kFloat16, kBFloat16), kFloat32);
  EXPECT_EQ(promote(kInt64, kFloat16), kFloat16);
}

TEST_F(Core, ListsKeepTheirNumbers) {
  Dims d;
  std::vector<int64_t> expected;
  std::mt19937 rng(4);
  for (int round = 0; round < 3000; ++round) {
    const auto at = static_cast<int64_t>(rng() % (expected.size() + 1));
    if (expected.size() > 20 || (rng() % 3 == 0 && at < d.size())) {
      const int64_t gone = at % d.size();
      d.erase(gone);
      expected.erase(expected.begin() + gone);
    } else {
      d.insert(at, round);
      expected.insert(expected.begin() + at, round);
    }
    Dims copy = d, moved = std::move(copy);
    d = moved;
    d = static_cast<Dims&>(d);
    ASSERT_EQ(IntList(d), IntList(expected));
  }
}

}  // namespace
}  // namespace gradus

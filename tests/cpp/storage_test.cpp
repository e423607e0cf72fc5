// Memory of tensors: blobs of the caller, storages that grow and shrink, tensors that change what they look at.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gradus/core/impl.h"
#include "gradus/gradus.h"

namespace gradus {
namespace {

Storage& storage_of(const Tensor& t) { return *t.impl()->view->storage; }
std::vector<float> values(const Tensor& t) {
  const Tensor dense = t.contiguous();
  return {dense.data<float>(), dense.data<float>() + dense.numel()};
}
std::string error_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "none";
}

TEST(Blob, LooksAtTheCallersMemory) {
  float data[6] = {0, 1, 2, 3, 4, 5};
  const Tensor x = from_blob(data, {2, 3});
  EXPECT_EQ(x.sizes(), IntList({2, 3}));
  x.mul_(2);
  EXPECT_EQ(data[5], 10);
  data[0] = 7;
  EXPECT_EQ(x.select(0, 0).select(0, 0).item<float>(), 7);
  const Tensor t = from_blob(data, {3, 2}, {1, 3});
  EXPECT_EQ(values(t), (std::vector<float>{7, 6, 2, 8, 4, 10}));
  int64_t whole[2] = {5, 6};
  EXPECT_EQ(from_blob(whole, 2, DType::Int64).sum().item<int64_t>(), 11);
  EXPECT_FALSE(storage_of(x).resizable());
  EXPECT_NE(error_of([&] { resize_(x, {100}); }).find("not resizable"), std::string::npos);
}

TEST(Blob, CallsItsDeleterOnce) {
  float data[4] = {1, 2, 3, 4};
  int calls = 0;
  void* seen = nullptr;
  auto deleter = [&](void* p) {
    ++calls;
    seen = p;
  };
  Tensor view;
  {
    const Tensor x = from_blob(data, {4}, deleter);
    view = slice(x, 0, 1, 3);
  }
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(view.sum().item<float>(), 5);
  view = Tensor();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, data);
}

TEST(Blob, RefusesImpossibleGeometryAndStillGivesBack) {
  float data[4] = {};
  int calls = 0;
  auto deleter = [&](void*) { ++calls; };
  EXPECT_NE(error_of([&] { from_blob(data, {-1}, deleter); }), "none");
  EXPECT_NE(error_of([&] { from_blob(data, {2, 2}, {1}, deleter); }), "none");
  EXPECT_NE(error_of([&] { from_blob(data, {2}, {-1}, deleter); }), "none");
  EXPECT_NE(error_of([&] { from_blob(data, {INT64_MAX, 4}, deleter); }), "none");
  EXPECT_EQ(calls, 4);
}

TEST(StorageSize, GrowsAndKeepsViews) {
  const Tensor x = arange(4).to(DType::Float32);
  const Tensor tail = slice(x, 0, 2, 4);
  resize_(x, {3, 4});
  EXPECT_EQ(storage_of(x).bytes, 48);
  EXPECT_EQ(values(tail), (std::vector<float>{2, 3}));
  tail.fill_(9);
  EXPECT_EQ(x.select(0, 0).select(0, 3).item<float>(), 9);
  const uint32_t version = x.version();
  resize_(x, {2});
  EXPECT_EQ(storage_of(x).bytes, 48);
  EXPECT_EQ(x.version(), version + 1);
}

TEST(StorageSize, AShrunkStorageIsNotRead) {
  const Tensor x = arange(4).to(DType::Float32);
  const Tensor head = slice(x, 0, 0, 1);
  resize_storage(storage_of(x), 4);
  EXPECT_EQ(head.item<float>(), 0);
  EXPECT_NE(error_of([&] { x.sum(); }).find("out of bounds for storage of size 4"), std::string::npos);
  EXPECT_NE(error_of([&] { x.fill_(1); }), "none");
  EXPECT_NE(error_of([&] { x.data_ptr(); }), "none");
  EXPECT_NE(error_of([&] { x + 1; }), "none");
  resize_storage(storage_of(x), 16);
  EXPECT_EQ(x.fill_(3).sum().item<float>(), 12);
}

TEST(Set, LooksAtAnotherTensorsMemory) {
  const Tensor a = arange(6).to(DType::Float32), b = zeros({2});
  b.set_(a);
  EXPECT_TRUE(b.is_set_to(a));
  EXPECT_EQ(b.version(), 1u);
  EXPECT_EQ(a.version(), 0u);
  b.set_(a, 1, {2, 2}, {2, 1});
  EXPECT_EQ(values(b), (std::vector<float>{1, 2, 3, 4}));
  b.set_(&storage_of(a));
  EXPECT_EQ(b.numel(), 6);
  b.set_();
  EXPECT_EQ(b.numel(), 0);
  EXPECT_FALSE(b.is_set_to(a));
  EXPECT_NE(error_of([&] { b.set_(a, -1, {2}); }).find("invalid storage offset"), std::string::npos);
  EXPECT_NE(error_of([&] { b.set_(arange(3)); }).find("Could not set tensor of type"), std::string::npos);
}

TEST(Shared, KeepsItsValues) {
  const Tensor x = arange(4).to(DType::Float32);
  share_storage(storage_of(x));
  share_storage(storage_of(x));
  EXPECT_EQ(values(x), (std::vector<float>{0, 1, 2, 3}));
  EXPECT_FALSE(storage_of(x).resizable());
  share_storage(storage_of(zeros({0})));
}

}  // namespace
}  // namespace gradus

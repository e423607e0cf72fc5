// A fixture for tests that must end with as many storages, tensors and nodes as they began with.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "gradus/core/alloc.h"
#include "gradus/core/modes.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus {

using Values = std::vector<double>;

inline Values values(const Tensor& t) {
  const Tensor c = t.detach().to(kFloat64).contiguous();
  const double* p = c.data<double>();
  return {p, p + c.numel()};
}

class LeavesNothing : public testing::Test {
 protected:
  void SetUp() override { before_ = census(); }
  void TearDown() override {
    synchronize();
    const Census after = census();
    EXPECT_EQ(after.storages, before_.storages);
    EXPECT_EQ(after.tensors, before_.tensors);
    EXPECT_EQ(after.nodes, before_.nodes);
    EXPECT_TRUE(is_grad_enabled());
  }
  static Tensor leaf(const Values& v, IntList shape) { return tensor<double>(v, shape).requires_grad_(); }
  static Tensor leaf(const Values& v) { return leaf(v, IntList(static_cast<int64_t>(v.size()))); }

 private:
  Census before_;
};

}  // namespace gradus

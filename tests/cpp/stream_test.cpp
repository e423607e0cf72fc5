// What a C++ program may tell the executor, and ask of it.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <map>

namespace gradus {
namespace {

std::map<std::string_view, int64_t> counters() {
  std::map<std::string_view, int64_t> all;
  for (const StreamCounter& c : stream_counters()) all[c.name] = c.value;
  return all;
}

class Deferral : public testing::Test {
 protected:
  Deferral() : before_(is_deferred()) {
    synchronize();
    set_deferred(true);
  }
  ~Deferral() override {
    keep_segments(0);
    set_deferred(before_);
  }

 private:
  bool before_;
};

TEST_F(Deferral, WaitsUntilSomebodyLooks) {
  const Tensor x = rand({64, 100});
  const auto start = counters();
  const Tensor y = ((x * 2 + 1).tanh() * x).sum(1);
  EXPECT_EQ(counters()["pending"], 5);
  const double found = y.select(0, 3).item<double>();
  auto now = counters();
  EXPECT_EQ(now["pending"], 0);
  EXPECT_EQ(now["groups"], start.at("groups") + 1);
  EXPECT_EQ(now["recorded"], start.at("recorded") + 5);
  EXPECT_EQ(now["cut_needed"], start.at("cut_needed") + 1);
  set_deferred(false);
  EXPECT_FALSE(is_deferred());
  EXPECT_EQ(found, ((x * 2 + 1).tanh() * x).sum(1).select(0, 3).item<double>());
  EXPECT_EQ(counters()["recorded"], now["recorded"]);
}

TEST_F(Deferral, SynchronizeRunsEverything) {
  const Tensor y = ones({5000}) * 3;
  EXPECT_EQ(counters()["pending"], 2);
  synchronize();
  EXPECT_EQ(counters()["pending"], 0);
  EXPECT_EQ(y.sum().item<double>(), 15000);
}

TEST_F(Deferral, SegmentsAreDescribed) {
  keep_segments(1);
  const Tensor y = ones({5000}).exp();
  synchronize();
  const std::string text = kept_segments();
  EXPECT_NE(text.find("\"op\": \"exp\""), std::string::npos);
  EXPECT_NE(text.find("\"groups\": [{\"kind\": \"pointwise\", \"shape\": \"[5000]\""), std::string::npos) << text;
  keep_segments(0);
  EXPECT_EQ(kept_segments(), "[]");
}

}  // namespace
}  // namespace gradus

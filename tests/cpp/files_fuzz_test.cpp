// A short run of every fuzzer of file readers; tests/fuzz/run.sh runs them longer, under sanitizers.
#include <gtest/gtest.h>

#include "tests/fuzz/fuzz.h"

namespace gradus {
namespace {

TEST(FilesFuzz, NoInputDoesMoreThanFail) {
  for (const fuzz::Case& c : fuzz::kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_GT(fuzz::run(c, 3, 1), 100u);
  }
}

}  // namespace
}  // namespace gradus

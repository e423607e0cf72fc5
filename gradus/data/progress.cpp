// A line on the terminal that says how far a loop is.
#include "gradus/data/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace gradus::data {

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

Progress::Progress(int64_t total, std::string label, std::string unit)
    : total_(total), label_(std::move(label)), unit_(std::move(unit)), terminal_(isatty(2) == 1), start_(now()) {}

Progress::~Progress() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::step(int64_t n) {
  done_ += n;
  if (!terminal_) return;
  const double t = now();
  if (t - shown_ < 0.05 && done_ < total_) return;  // a terminal is slow
  shown_ = t;
  show(t - start_);
}

void Progress::show(double seconds) const {
  constexpr int64_t kWidth = 20;
  const double rate = static_cast<double>(done_) / std::max(seconds, 1e-9);
  const int64_t filled = total_ > 0 ? std::min(kWidth, kWidth * done_ / total_) : kWidth;
  const std::string bar =
      std::string(static_cast<size_t>(filled), '#') + std::string(static_cast<size_t>(kWidth - filled), ' ');
  const double left = static_cast<double>(std::max<int64_t>(0, total_ - done_)) / rate;
  std::fprintf(stderr, "\r%s [%s] %6.0f %s/s, %.1f s left", label_.c_str(), bar.c_str(), rate, unit_.c_str(), left);
  std::fflush(stderr);
}

}  // namespace gradus::data

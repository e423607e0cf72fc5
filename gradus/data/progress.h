// A line on the terminal that says how far a loop is, at which rate, and when it ends.
#pragma once
#include <cstdint>
#include <string>

namespace gradus::data {

/// Shows "label [####      ] 812 batches/s, 1.2 s left" on stderr while it lives, if stderr is a terminal.
class Progress {
 public:
  explicit Progress(int64_t total, std::string label = "", std::string unit = "batches");
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Wipes the line.
  ~Progress();
  void step(int64_t n = 1);

 private:
  void show(double seconds) const;

  int64_t total_, done_ = 0;
  std::string label_, unit_;
  bool terminal_;
  double start_, shown_ = 0;
};

}  // namespace gradus::data

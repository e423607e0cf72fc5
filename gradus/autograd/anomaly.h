// Anomaly mode: every node remembers where it was made, so that a failing backward can name the forward call.
#pragma once
#include <string>

#include "gradus/core/node.h"

namespace gradus {

/// For the whole process. With `check_nan`, a rule that makes a NaN is an error.
void set_detect_anomaly(bool enabled, bool check_nan = true);
bool is_anomaly_enabled();
bool is_anomaly_check_nan_enabled();

/// Anomaly mode for a scope.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool check_nan = true);
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool before_, check_nan_before_;
};

/// Says for a scope what the program is doing; anomaly mode shows the innermost text of the thread. Costs a pointer.
/// `Place here("train.cpp:42, encoder");`
class Place {
 public:
  explicit Place(const char* text);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const char* before_;
};

/// How the place of a call is found: by default the text of Place; the binding shows the Python stack. `brief`: one
/// line instead of all of the stack.
using PlaceFinder = std::string (*)(bool brief);
void set_place_finder(PlaceFinder finder);

/// Warns where the node, and those in whose backward it was made, come from.
void report_anomaly(const Node& node);
/// RuntimeError if a gradient that the node made holds a NaN.
void check_nan(const Node& node, const Tensor* made);
/// The node whose rule runs on this thread, or null.
Node* executing_node();
void set_executing_node(Node* node);

}  // namespace gradus

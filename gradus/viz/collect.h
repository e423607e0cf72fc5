// What a picture shows, without places.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gradus/nn/module.h"

namespace gradus::viz {

enum class BoxKind : uint8_t { Parameter, Leaf, Operation, Result, Elided };

struct Box {
  BoxKind kind = BoxKind::Operation;
  std::string title;   // "Addmm", "0.weight"
  std::string detail;  // "32 × 128, float32"
  std::string note;    // "saves 24.5 KiB"; may be empty
  std::string tooltip;
  std::vector<int> inputs;  // boxes whose values it uses, each once
};

/// Box 0 is the result; every box is reached from it.
struct Graph {
  std::vector<Box> boxes;
  std::string caption;
};

/// Follows the graph from `root`, nearest operations first; does not recurse.
Graph collect(const Tensor& root, const nn::NamedTensors& names, int64_t limit);

}  // namespace gradus::viz

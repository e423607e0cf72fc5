// Places for the boxes of a picture: layers from top to bottom, few crossings, short edges.
#pragma once
#include <vector>

namespace gradus::viz {

struct Size {
  double width, height;
};
struct Point {
  double x, y;
};
/// A way from the bottom of one box to the top of another; vertical at every point.
struct Route {
  int from, to;
  std::vector<Point> points;
};
struct Layout {
  double width = 0, height = 0;
  std::vector<Point> centres;  // of the boxes
  std::vector<Route> routes;
};

/// Lays out an acyclic graph whose box 0 is reached by all others; `inputs[i]` are drawn above box i.
/// Layers by longest path, order by barycentres (Sugiyama, Tagawa and Toda, 1981), places by least squares.
Layout lay_out(const std::vector<Size>& sizes, const std::vector<std::vector<int>>& inputs);

}  // namespace gradus::viz

// Layered drawing of an acyclic graph.
#include "gradus/viz/layout.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace gradus::viz {

namespace {

constexpr double kLayerGap = 46, kBoxGap = 26, kLaneGap = 16;
constexpr int kOrderSweeps = 12, kPlaceSweeps = 16;

/// A box, or a point where an edge passes through a layer.
struct Item {
  int box = -1;
  int layer = 0;
  double width = 0, x = 0;
  std::vector<int> above, below;  // neighbours in the next layers
  bool lane() const { return box < 0; }
};

class Layers {
 public:
  Layers(const std::vector<Size>& sizes, const std::vector<std::vector<int>>& inputs)
      : sizes_(sizes), inputs_(inputs) {}
  Layout run() {
    assign_layers();
    add_lanes();
    order();
    place();
    return finish();
  }

 private:
  void assign_layers();
  void add_lanes();
  void order();
  void place();
  void sort_layer(std::vector<int>& layer, bool by_above);
  int64_t crossings() const;
  void place_layer(const std::vector<int>& layer, bool by_above);
  Layout finish();
  Route route(int from, int to, const std::vector<int>& lanes, const std::vector<double>& tops) const;
  double height(const std::vector<int>& layer) const;

  const std::vector<Size>& sizes_;
  const std::vector<std::vector<int>>& inputs_;
  std::vector<Item> items_;               // the boxes first
  std::vector<std::vector<int>> layers_;  // layer 0 is the lowest; items from left to right
  struct Edge {
    int from, to;
    std::vector<int> lanes;  // from top to bottom
  };
  std::vector<Edge> edges_;
};

/// A box lies one layer above the highest of those that use it.
void Layers::assign_layers() {
  const size_t n = sizes_.size();
  items_.resize(n);
  std::vector<int> waiting(n, 0), ready{0};
  for (const auto& list : inputs_)
    for (int i : list) ++waiting[static_cast<size_t>(i)];
  for (size_t at = 0; at < ready.size(); ++at) {
    const int box = ready[at];
    for (int input : inputs_[static_cast<size_t>(box)]) {
      Item& item = items_[static_cast<size_t>(input)];
      item.layer = std::max(item.layer, items_[static_cast<size_t>(box)].layer + 1);
      if (--waiting[static_cast<size_t>(input)] == 0) ready.push_back(input);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    items_[i].box = static_cast<int>(i);
    items_[i].width = sizes_[i].width;
  }
}

/// An edge over several layers gets a lane in each of them.
void Layers::add_lanes() {
  const auto connect = [&](int above, int below) {
    items_[static_cast<size_t>(above)].below.push_back(below);
    items_[static_cast<size_t>(below)].above.push_back(above);
  };
  for (size_t to = 0; to < inputs_.size(); ++to) {
    for (int from : inputs_[to]) {
      Edge edge{from, static_cast<int>(to), {}};
      int last = from;
      for (int layer = items_[static_cast<size_t>(from)].layer - 1; layer > items_[to].layer; --layer) {
        Item lane;
        lane.layer = layer;
        items_.push_back(lane);
        edge.lanes.push_back(static_cast<int>(items_.size()) - 1);
        connect(last, edge.lanes.back());
        last = edge.lanes.back();
      }
      connect(last, static_cast<int>(to));
      edges_.push_back(edge);
    }
  }
}

/// Sorts by the mean position of the neighbours on one side; items without any stay about where they are.
void Layers::sort_layer(std::vector<int>& layer, bool by_above) {
  std::vector<std::pair<double, int>> keyed;
  for (size_t place = 0; place < layer.size(); ++place) {
    const Item& item = items_[static_cast<size_t>(layer[place])];
    const std::vector<int>& neighbours = by_above ? item.above : item.below;
    double sum = 0;
    for (int i : neighbours) sum += items_[static_cast<size_t>(i)].x;
    keyed.emplace_back(neighbours.empty() ? item.x : sum / static_cast<double>(neighbours.size()), layer[place]);
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t place = 0; place < layer.size(); ++place) {
    layer[place] = keyed[place].second;
    // Positions in (0, 1): layers of different sizes compare.
    items_[static_cast<size_t>(layer[place])].x =
        (static_cast<double>(place) + 0.5) / static_cast<double>(layer.size());
  }
}

int64_t Layers::crossings() const {
  int64_t count = 0;
  for (const auto& layer : layers_) {
    std::vector<std::pair<double, double>> edges;
    for (int i : layer)
      for (int j : items_[static_cast<size_t>(i)].above)
        edges.emplace_back(items_[static_cast<size_t>(i)].x, items_[static_cast<size_t>(j)].x);
    for (size_t a = 0; a < edges.size(); ++a)
      for (size_t b = a + 1; b < edges.size(); ++b)
        count += (edges[a].first - edges[b].first) * (edges[a].second - edges[b].second) < 0;
  }
  return count;
}

void Layers::order() {
  // First from the result upwards, so that inputs keep the order of the operation's arguments.
  int top = 0;
  for (const Item& item : items_) top = std::max(top, item.layer);
  layers_.resize(static_cast<size_t>(top) + 1);
  std::vector<bool> seen(items_.size(), false);
  std::vector<int> queue{0};
  seen[0] = true;
  for (size_t at = 0; at < queue.size(); ++at) {
    const Item& item = items_[static_cast<size_t>(queue[at])];
    layers_[static_cast<size_t>(item.layer)].push_back(queue[at]);
    for (int i : item.above) {
      if (!seen[static_cast<size_t>(i)]) queue.push_back(i);
      seen[static_cast<size_t>(i)] = true;
    }
  }
  for (auto& layer : layers_)
    for (size_t place = 0; place < layer.size(); ++place)
      items_[static_cast<size_t>(layer[place])].x =
          (static_cast<double>(place) + 0.5) / static_cast<double>(layer.size());
  std::vector<std::vector<int>> best = layers_;
  int64_t fewest = crossings();
  for (int sweep = 0; sweep < kOrderSweeps && fewest > 0; ++sweep) {
    for (size_t k = 1; k < layers_.size(); ++k)
      if (sweep % 2 == 0) sort_layer(layers_[k], false);
      else sort_layer(layers_[layers_.size() - 1 - k], true);
    if (const int64_t now = crossings(); now < fewest) {
      fewest = now;
      best = layers_;
    }
  }
  layers_ = best;
}

/// The places nearest to the wishes (mean x of the neighbours) that keep order and distances: isotonic regression by
/// pooling adjacent violators. Lanes weigh more, so that long edges run straight.
void Layers::place_layer(const std::vector<int>& layer, bool by_above) {
  struct Pool {
    double sum, weight;
    size_t count;
    double mean() const { return sum / weight; }
  };
  std::vector<Pool> pools;
  std::vector<double> offsets(layer.size(), 0);
  for (size_t k = 0; k < layer.size(); ++k) {
    const Item& item = items_[static_cast<size_t>(layer[k])];
    if (k > 0) {
      const Item& left = items_[static_cast<size_t>(layer[k - 1])];
      const double gap = left.lane() && item.lane() ? kLaneGap : kBoxGap;
      offsets[k] = offsets[k - 1] + (left.width + item.width) / 2 + gap;
    }
    const std::vector<int>& neighbours = by_above ? item.above : item.below;
    double wish = item.x, weight = 0.2;
    if (!neighbours.empty()) {
      wish = 0;
      for (int i : neighbours) wish += items_[static_cast<size_t>(i)].x / static_cast<double>(neighbours.size());
      weight = item.lane() ? 4 : 1;
    }
    pools.push_back({(wish - offsets[k]) * weight, weight, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().weight += last.weight;
      pools.back().count += last.count;
    }
  }
  size_t k = 0;
  for (const Pool& pool : pools)
    for (size_t i = 0; i < pool.count; ++i, ++k) items_[static_cast<size_t>(layer[k])].x = pool.mean() + offsets[k];
}

void Layers::place() {
  for (const auto& layer : layers_) {
    double x = 0;
    for (int i : layer) {
      Item& item = items_[static_cast<size_t>(i)];
      item.x = x + item.width / 2;
      x += item.width + kBoxGap;
    }
    for (int i : layer) items_[static_cast<size_t>(i)].x -= x / 2;
  }
  for (int sweep = 0; sweep < kPlaceSweeps; ++sweep)
    for (size_t k = 0; k < layers_.size(); ++k)
      if (sweep % 2 == 0) place_layer(layers_[k], false);
      else place_layer(layers_[layers_.size() - 1 - k], true);
}

double Layers::height(const std::vector<int>& layer) const {
  double h = 0;
  for (int i : layer)
    if (!items_[static_cast<size_t>(i)].lane()) h = std::max(h, sizes_[static_cast<size_t>(i)].height);
  return h;
}

/// Starts at the bottom of `from`, runs straight through its lanes and ends at the top of `to`.
Route Layers::route(int from, int to, const std::vector<int>& lanes, const std::vector<double>& tops) const {
  const Item &a = items_[static_cast<size_t>(from)], &b = items_[static_cast<size_t>(to)];
  const auto middle = [&](const Item& item) {
    const size_t layer = static_cast<size_t>(item.layer);
    return tops[layer] + height(layers_[layer]) / 2;
  };
  Route route{from, to, {}};
  route.points.push_back({a.x, middle(a) + sizes_[static_cast<size_t>(from)].height / 2});
  for (int lane : lanes) {
    const Item& item = items_[static_cast<size_t>(lane)];
    const double top = tops[static_cast<size_t>(item.layer)];
    route.points.push_back({item.x, top});
    route.points.push_back({item.x, top + height(layers_[static_cast<size_t>(item.layer)])});
  }
  // Edges into one box end side by side, in the order in which they arrive.
  std::vector<double> arrivals;
  for (int i : b.above) arrivals.push_back(items_[static_cast<size_t>(i)].x);
  std::sort(arrivals.begin(), arrivals.end());
  const double own = lanes.empty() ? a.x : items_[static_cast<size_t>(lanes.back())].x;
  const double rank = static_cast<double>(std::lower_bound(arrivals.begin(), arrivals.end(), own) - arrivals.begin());
  const double n = static_cast<double>(arrivals.size());
  const double step = std::min(22.0, 0.7 * b.width / std::max(1.0, n));
  route.points.push_back({b.x + (rank - (n - 1) / 2) * step, middle(b) - sizes_[static_cast<size_t>(to)].height / 2});
  return route;
}

Layout Layers::finish() {
  double left = 1e300, right = -1e300;
  for (const Item& item : items_) {
    left = std::min(left, item.x - item.width / 2);
    right = std::max(right, item.x + item.width / 2);
  }
  for (Item& item : items_) item.x -= left;
  Layout layout;
  layout.width = right - left;
  std::vector<double> tops(layers_.size());
  for (size_t k = layers_.size(); k-- > 0;) {
    tops[k] = layout.height;
    layout.height += height(layers_[k]) + (k ? kLayerGap : 0);
  }
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const auto layer = static_cast<size_t>(items_[i].layer);
    layout.centres.push_back({items_[i].x, tops[layer] + height(layers_[layer]) / 2});
  }
  for (const Edge& edge : edges_) layout.routes.push_back(route(edge.from, edge.to, edge.lanes, tops));
  return layout;
}

}  // namespace

Layout lay_out(const std::vector<Size>& sizes, const std::vector<std::vector<int>>& inputs) {
  return Layers(sizes, inputs).run();
}

}  // namespace gradus::viz

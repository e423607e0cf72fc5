// Pictures of graphs: what they show of known graphs, and that the layout keeps its promises.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "gradus/viz/collect.h"
#include "gradus/viz/graph.h"
#include "gradus/viz/layout.h"

namespace gradus {
namespace {

using viz::BoxKind;

const viz::Box& box(const viz::Graph& graph, const std::string& title) {
  for (const viz::Box& b : graph.boxes)
    if (b.title == title) return b;
  throw std::runtime_error("no box " + title);
}
std::vector<std::string> inputs(const viz::Graph& graph, const std::string& title) {
  std::vector<std::string> out;
  for (int i : box(graph, title).inputs) out.push_back(graph.boxes[static_cast<size_t>(i)].title);
  return out;
}
using Titles = std::vector<std::string>;

TEST(Viz, ShowsShapesBytesAndNames) {
  const Tensor a = ones({32, 64}).requires_grad_(), b = ones({64}, kFloat32).requires_grad_();
  const Tensor y = (a * b).exp().sum();
  const viz::Graph graph = viz::collect(y, {{"net.a", a}}, 100);
  ASSERT_EQ(graph.boxes.size(), 6u);
  EXPECT_EQ(graph.boxes[0].kind, BoxKind::Result);
  EXPECT_EQ(inputs(graph, "result"), Titles{"Sum"});
  EXPECT_EQ(inputs(graph, "Sum"), Titles{"Exp"});
  EXPECT_EQ(inputs(graph, "Exp"), Titles{"Mul"});
  EXPECT_EQ(inputs(graph, "Mul"), (Titles{"net.a", "leaf"}));
  EXPECT_EQ(box(graph, "net.a").kind, BoxKind::Parameter);
  EXPECT_EQ(box(graph, "leaf").kind, BoxKind::Leaf);
  EXPECT_EQ(box(graph, "net.a").detail, "32 × 64, float32");
  EXPECT_EQ(box(graph, "result").detail, "scalar, float32");
  EXPECT_EQ(box(graph, "Exp").note, "saves 8 KiB");    // its result, 32 · 64 · 4 bytes
  EXPECT_EQ(box(graph, "Mul").note, "saves 8.2 KiB");  // both factors
  EXPECT_EQ(box(graph, "Mul").tooltip, "MulBackward0: 32 × 64, float32, saves 8.2 KiB");
  EXPECT_EQ(graph.caption,
            "3 operations, 1 parameter with 2,048 values; 8 KiB kept for the backward pass, leaves not counted.");
}

TEST(Viz, ShowsOnlyResultsThatAreUsed) {
  const Tensor x = ones({6}, kFloat64).requires_grad_();
  const Tensors parts = split(x, 2);
  const viz::Graph graph = viz::collect(parts[0] + parts[2], {}, 100);
  EXPECT_EQ(box(graph, "Split").detail, "2, float64; 2, float64");
  EXPECT_EQ(inputs(graph, "Add"), Titles{"Split"});
}

TEST(Viz, CutsLongGraphsOffAndSaysSo) {
  Tensor x = ones({2}).requires_grad_();
  for (int i = 0; i < 100000; ++i) x = x * 2;
  const viz::Graph graph = viz::collect(x, {}, 10);
  EXPECT_EQ(graph.boxes.size(), 12u);  // the result and what stands for the rest
  EXPECT_EQ(graph.caption, "10 operations. 99,990 operations further from the result are left out.");
  EXPECT_NE(viz::svg(x, {}, 10).find("99,990 operations"), std::string::npos);
}

TEST(Viz, LeavesAndErrors) {
  const Tensor x = ones({2});
  EXPECT_EQ(viz::collect(x, {}, 1).boxes.size(), 1u);
  EXPECT_NE(viz::svg(x, {{"a<b>&\"", x}}).find(">a&lt;b&gt;&amp;&quot;</text>"), std::string::npos);
  EXPECT_THROW(viz::svg({}), Error);
  EXPECT_THROW(viz::svg(x, {}, 0), Error);
}

TEST(Viz, DotNamesEveryEdge) {
  const Tensor x = ones({2}).requires_grad_();
  const std::string text = viz::dot((x * x).sum(), {{"x", x}});
  EXPECT_NE(text.find("n1 -> n0;"), std::string::npos);
  EXPECT_NE(text.find("n2 -> n1;"), std::string::npos);
  EXPECT_NE(text.find("n3 -> n2;"), std::string::npos);
  EXPECT_NE(text.find("label=\"x\\n2, float32\""), std::string::npos);
  size_t edges = 0;
  for (size_t at = text.find("->"); at != text.npos; at = text.find("->", at + 1)) ++edges;
  EXPECT_EQ(edges, 3u);  // both factors are one leaf
}

TEST(Viz, LayoutKeepsOrderAndDistances) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    const int n = 2 + round * 8;
    std::vector<viz::Size> sizes;
    std::vector<std::vector<int>> inputs(static_cast<size_t>(n));
    for (int i = 0; i < n; ++i)
      sizes.push_back({60.0 + static_cast<double>(random() % 100), 30.0 + static_cast<double>(random() % 30)});
    for (int i = 1; i < n; ++i) {  // every box is used by one or two earlier ones
      inputs[random() % static_cast<size_t>(i)].push_back(i);
      auto& other = inputs[random() % static_cast<size_t>(i)];
      if (other.empty() || other.back() != i) other.push_back(i);
    }
    const viz::Layout layout = viz::lay_out(sizes, inputs);
    const auto box_of = [&](size_t i) { return std::pair(layout.centres[i], sizes[i]); };
    for (size_t i = 0; i < sizes.size(); ++i) {
      const auto [p, s] = box_of(i);
      EXPECT_GE(p.x - s.width / 2, -1e-6);
      EXPECT_LE(p.x + s.width / 2, layout.width + 1e-6);
      EXPECT_LE(p.y + s.height / 2, layout.height + 1e-6);
      for (int j : inputs[i]) {
        const auto [q, t] = box_of(static_cast<size_t>(j));
        EXPECT_LT(q.y + t.height / 2, p.y - s.height / 2);
      }
      for (size_t j = 0; j < i; ++j) {
        const auto [q, t] = box_of(j);
        EXPECT_TRUE(std::abs(p.x - q.x) >= (s.width + t.width) / 2 || std::abs(p.y - q.y) >= (s.height + t.height) / 2);
      }
    }
    for (const viz::Route& route : layout.routes)
      for (size_t k = 1; k < route.points.size(); ++k) EXPECT_GE(route.points[k].y, route.points[k - 1].y);
  }
}

}  // namespace
}  // namespace gradus

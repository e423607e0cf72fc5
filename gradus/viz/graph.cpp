// Pictures of the graph behind a tensor: SVG and DOT.
#include "gradus/viz/graph.h"

#include <algorithm>
#include <cstdio>

#include "gradus/core/format.h"
#include "gradus/viz/collect.h"
#include "gradus/viz/layout.h"

namespace gradus::viz {

namespace {

constexpr double kMargin = 28, kPadding = 14, kLegendHeight = 62;
constexpr double kTitleSize = 13, kDetailSize = 11, kNoteSize = 10.5;

struct Style {
  BoxKind kind;
  const char *name, *label, *fill, *stroke, *ink;
};
constexpr Style kStyles[] = {
    {BoxKind::Parameter, "parameter", "parameter", "#e8f0fe", "#4a7fd8", "#173a73"},
    {BoxKind::Leaf, "leaf", "other leaf", "#e5f6ef", "#35a07a", "#0f4f39"},
    {BoxKind::Operation, "operation", "operation", "#f6f7f9", "#a3adba", "#1f2733"},
    {BoxKind::Result, "result", "result", "#fff2d6", "#dc9a22", "#694200"},
    {BoxKind::Elided, "elided", "left out", "#ffffff", "#a3adba", "#5c6775"},
};
const Style& style_of(BoxKind kind) { return kStyles[static_cast<size_t>(kind)]; }

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

/// About as wide as a sans-serif face sets it.
double text_width(std::string_view text, double size, bool bold = false) {
  double em = 0;
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 && u < 0xc0) continue;  // the rest of a UTF-8 character
    if (std::string_view("ijl.,:;|'!()[]ftr ").find(c) != std::string_view::npos) em += 0.33;
    else if (std::string_view("mwMW@%").find(c) != std::string_view::npos) em += 0.87;
    else if (c >= 'A' && c <= 'Z') em += 0.68;
    else em += 0.57;
  }
  return em * size * (bold ? 1.07 : 1.0);
}

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

Size size_of(const Box& box) {
  if (box.kind == BoxKind::Elided) return {40, 26};
  const double text = std::max(
      {text_width(box.title, kTitleSize, true), text_width(box.detail, kDetailSize), text_width(box.note, kNoteSize)});
  const double lines = 1.0 + !box.detail.empty() + !box.note.empty();
  return {std::max(76.0, text + 2 * kPadding), 14 + lines * 16};
}

std::string header(double width, double height) {
  std::string out =
      str("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", fixed(width), "\" height=\"", fixed(height),
          "\" viewBox=\"0 0 ", fixed(width), " ", fixed(height),
          "\" font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', "
          "sans-serif\">\n<style>\n"
          "text{text-anchor:middle;fill:#1f2733}.t{font-size:13px;font-weight:600}.d{font-size:11px;fill:#5c6775}\n"
          ".n{font-size:10.5px;fill:#b0522a}.c{font-size:12px;fill:#5c6775;text-anchor:start}\n"
          ".e{fill:none;stroke:#8a95a3;stroke-width:1.3}rect{stroke-width:1.3}\n");
  for (const Style& s : kStyles)
    out += str(".", s.name, "{fill:", s.fill, ";stroke:", s.stroke, "}.", s.name, "-t{fill:", s.ink, "}\n");
  return out +
         ".elided{stroke-dasharray:3 3}\n</style>\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
         "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0,0.8 L7.2,4 L0,7.2 Z\" fill=\"#8a95a3\"/>"
         "</marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
}

std::string edge_svg(const Route& route) {
  const std::vector<Point>& p = route.points;
  std::string d = str("M", fixed(p[0].x), ",", fixed(p[0].y));
  for (size_t i = 1; i < p.size(); ++i) {
    // The arrow's tip touches the box.
    const double y = i + 1 == p.size() ? p[i].y - 1.5 : p[i].y, middle = (p[i - 1].y + y) / 2;
    if (p[i].x == p[i - 1].x) d += str(" V", fixed(y));
    else
      d += str(" C", fixed(p[i - 1].x), ",", fixed(middle), " ", fixed(p[i].x), ",", fixed(middle), " ", fixed(p[i].x),
               ",", fixed(y));
  }
  return str("<path class=\"e\" marker-end=\"url(#a)\" d=\"", d, "\"/>\n");
}

std::string text_svg(const std::string& classes, double x, double y, const std::string& text) {
  return str("<text class=\"", classes, "\" x=\"", fixed(x), "\" y=\"", fixed(y), "\">", escaped(text), "</text>");
}

std::string box_svg(const Box& box, Point centre, Size size) {
  const Style& style = style_of(box.kind);
  const double x = centre.x - size.width / 2, y = centre.y - size.height / 2;
  std::string out =
      str("<g><title>", escaped(box.tooltip), "</title><rect class=\"", style.name, "\" x=\"", fixed(x), "\" y=\"",
          fixed(y), "\" width=\"", fixed(size.width), "\" height=\"", fixed(size.height), "\" rx=\"8\"/>");
  double line = y + 7 + 12;
  if (box.kind == BoxKind::Elided) line = centre.y + 3;
  out += text_svg(str("t ", style.name, "-t"), centre.x, line, box.title);
  if (!box.detail.empty()) out += text_svg("d", centre.x, line += 16, box.detail);
  if (!box.note.empty()) out += text_svg("n", centre.x, line += 15, box.note);
  return out + "</g>\n";
}

/// A caption and a sample of every kind that occurs.
std::string legend_svg(const Graph& graph, double y) {
  std::string out = text_svg("c", kMargin, y, graph.caption) + "\n";
  double x = kMargin;
  for (const Style& style : kStyles) {
    const auto is_kind = [&](const Box& box) { return box.kind == style.kind; };
    if (std::none_of(graph.boxes.begin(), graph.boxes.end(), is_kind)) continue;
    out += str("<rect class=\"", style.name, "\" x=\"", fixed(x), "\" y=\"", fixed(y + 11),
               "\" width=\"18\" height=\"12\" rx=\"3.5\"/>");
    out += text_svg("c", x + 25, y + 21, style.label) + "\n";
    x += 25 + text_width(style.label, 12) + 24;
  }
  return out;
}

std::string dot_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string svg(const Tensor& root, const nn::NamedTensors& names, int64_t limit) {
  const Graph graph = collect(root, names, limit);
  std::vector<Size> sizes;
  std::vector<std::vector<int>> inputs;
  for (const Box& box : graph.boxes) {
    sizes.push_back(size_of(box));
    inputs.push_back(box.inputs);
  }
  Layout layout = lay_out(sizes, inputs);
  const double width = std::max({layout.width, text_width(graph.caption, 12), 420.0}) + 2 * kMargin;
  const Point shift{(width - layout.width) / 2, kMargin};
  const auto moved = [&](Point p) { return Point{p.x + shift.x, p.y + shift.y}; };
  std::string out = header(width, layout.height + 2 * kMargin + kLegendHeight - 12);
  for (Route& route : layout.routes) {
    for (Point& p : route.points) p = moved(p);
    out += edge_svg(route);
  }
  for (size_t i = 0; i < graph.boxes.size(); ++i) out += box_svg(graph.boxes[i], moved(layout.centres[i]), sizes[i]);
  return out + legend_svg(graph, layout.height + 2 * kMargin + 14) + "</svg>\n";
}

std::string dot(const Tensor& root, const nn::NamedTensors& names, int64_t limit) {
  const Graph graph = collect(root, names, limit);
  std::string out = str("digraph {\n  label=\"", dot_escaped(graph.caption),
                        "\";\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n"
                        "  edge [color=\"#8a95a3\", arrowsize=0.7];\n");
  for (size_t i = 0; i < graph.boxes.size(); ++i) {
    const Box& box = graph.boxes[i];
    const Style& style = style_of(box.kind);
    std::string label = dot_escaped(box.title);
    for (const std::string& line : {box.detail, box.note})
      if (!line.empty()) label += "\\n" + dot_escaped(line);
    out += str("  n", i, " [label=\"", label, "\", tooltip=\"", dot_escaped(box.tooltip), "\", fillcolor=\"",
               style.fill, "\", color=\"", style.stroke, "\"];\n");
  }
  for (size_t i = 0; i < graph.boxes.size(); ++i)
    for (int input : graph.boxes[i].inputs) out += str("  n", input, " -> n", i, ";\n");
  return out + "}\n";
}

}  // namespace gradus::viz

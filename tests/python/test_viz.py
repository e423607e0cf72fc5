"""gradus.viz: the pictures are well-formed, show the graph that ran, and reach files."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from bridge import gradus

viz = pytest.importorskip("gradus.viz")
if not hasattr(gradus, "_C") or not isinstance(gradus.ones(1), gradus._C.Tensor):
    pytest.skip("draws the core's own graphs", allow_module_level=True)

SVG = "{http://www.w3.org/2000/svg}"


def network():
    nn = gradus.nn
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    return model, model(gradus.ones(5, 4)).sum()


def graph_of(root):
    """(operations, leaves) reached by next_functions."""
    seen, stack = set(), [root.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack += [edge for edge, _ in node.next_functions]
    leaves = {node for node in seen if node.name() == "AccumulateGrad" or "AccumulateGrad" in node.name()}
    return seen - leaves, leaves


def test_svg_shows_every_node_once():
    model, loss = network()
    root = ElementTree.fromstring(viz.svg(loss, model.named_parameters()))
    assert root.tag == SVG + "svg"
    tooltips = [group.find(SVG + "title").text for group in root.iter(SVG + "g")]
    operations, leaves = graph_of(loss)
    assert len(tooltips) == len(operations) + len(leaves) + 1
    for node in operations:
        assert any(tip.startswith(node.name() + ":") for tip in tooltips)
    texts = [text.text for text in root.iter(SVG + "text")]
    assert {"0.weight", "0.bias", "2.weight", "2.bias", "result"} <= set(texts)
    assert "3 × 4, float32" in texts


def test_edges_end_at_boxes():
    model, loss = network()
    root = ElementTree.fromstring(viz.svg(loss, dict(model.named_parameters())))
    boxes = []
    for group in root.iter(SVG + "g"):
        rect = group.find(SVG + "rect")
        boxes.append([float(rect.get(name)) for name in ("x", "y", "width", "height")])
    for path in root.iter(SVG + "path"):
        if path.get("class") != "e":
            continue
        x, y = (float(number) for number in path.get("d").split()[0][1:].split(","))
        assert any(left <= x <= left + width and abs(y - top - height) < 0.2 for left, top, width, height in boxes)


def test_save(tmp_path):
    model, loss = network()
    viz.save(tmp_path / "graph.svg", loss, model.named_parameters())
    ElementTree.parse(tmp_path / "graph.svg")
    viz.save(str(tmp_path / "graph.dot"), loss)
    text = (tmp_path / "graph.dot").read_text()
    assert text.startswith("digraph {") and text.count("->") == text.count("fillcolor") - 1  # a tree


def test_limit_and_errors():
    _, loss = network()
    assert "left out" in viz.svg(loss, limit=2)
    with pytest.raises(TypeError):
        viz.svg(3)
    with pytest.raises(TypeError):
        viz.svg(loss, {"x": 3})
    with pytest.raises(ValueError):
        viz.svg(loss, limit=0)

"""Pictures of the graph behind a tensor: operations, shapes, bytes they keep, the parameters they start from."""

from __future__ import annotations

from os import PathLike, fspath

from gradus import _C

_LIMIT = 400


def _draw(function, tensor, params, limit: int) -> str:
    named = dict(params) if params is not None else {}
    return function(tensor, list(named), list(named.values()), limit)


def svg(tensor, params=None, *, limit: int = _LIMIT) -> str:
    """The graph behind `tensor` as a self-contained SVG picture.

    `params` names leaves: a dict or pairs, as `model.named_parameters()` gives them. Of graphs with more than `limit`
    operations the nearest to the tensor are drawn, and the picture says how many are left out.
    """
    return _draw(_C._viz_svg, tensor, params, limit)


def dot(tensor, params=None, *, limit: int = _LIMIT) -> str:
    """The same graph in the language of Graphviz."""
    return _draw(_C._viz_dot, tensor, params, limit)


def save(path: str | PathLike, tensor, params=None, *, limit: int = _LIMIT) -> None:
    """Writes the picture to a file: SVG or, if its name ends in .dot or .gv, the language of Graphviz."""
    draw = dot if fspath(path).endswith((".dot", ".gv")) else svg
    text = draw(tensor, params, limit=limit)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)

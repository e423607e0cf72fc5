"""Linear algebra that needs no factorisation: norms, products, powers."""

from __future__ import annotations

from gradus import _C

cross = _C.linalg_cross
diagonal = _C.linalg_diagonal
matrix_norm = _C.linalg_matrix_norm
matrix_power = _C.linalg_matrix_power
multi_dot = _C.linalg_multi_dot
norm = _C.linalg_norm
vander = _C.linalg_vander
vecdot = _C.linalg_vecdot
vector_norm = _C.linalg_vector_norm

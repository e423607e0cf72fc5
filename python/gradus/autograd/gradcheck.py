"""Compares gradients with central differences."""

from __future__ import annotations

from itertools import product
from math import isnan

from gradus import _C
from gradus._modes import no_grad


class GradcheckError(RuntimeError):
    """A gradient that does not agree with the differences of the function."""


def _as_tuple(values) -> tuple:
    return values if isinstance(values, tuple) else tuple(values) if isinstance(values, list) else (values,)


def _wants_gradient(value) -> bool:
    return isinstance(value, _C.Tensor) and value.requires_grad


def _differentiable(outputs) -> tuple:
    return tuple(out for out in _as_tuple(outputs) if _wants_gradient(out))


def _check_inputs(inputs: tuple) -> None:
    import warnings

    for number, value in enumerate(inputs):
        if not _wants_gradient(value):
            continue
        if value.dtype != _C.float64:
            warnings.warn(
                f"Input #{number} requires gradient and is not a double precision floating point or complex. "
                "This check will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if not all(stride > 0 or size <= 1 for stride, size in zip(value.stride(), value.size())):
            raise RuntimeError(
                f"The {number}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on the input before passing it to gradcheck."
            )
    if not any(map(_wants_gradient, inputs)):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _values(tensor) -> list[float]:
    return tensor.detach().reshape(-1).tolist()


def _perturbed(func, inputs: tuple, data, index, value: float) -> list[list[float]]:
    """The values of all floating point outputs with one element of an input set to `value`."""
    data[index] = value
    return [_values(out) for out in _as_tuple(func(*inputs)) if out.is_floating_point()]


def _numerical_jacobians(func, inputs: tuple, tensor, eps: float) -> list[list[list[float]]]:
    """One Jacobian per output, as rows over the elements of the input: [output][input element][output element]."""
    columns = []
    data = tensor.data  # the very storage that func reads
    for index in product(*map(range, tensor.shape)):
        before = data[index].item()
        try:
            low = _perturbed(func, inputs, data, index, before - eps)
            high = _perturbed(func, inputs, data, index, before + eps)
        finally:
            data[index] = before
        if [len(out) for out in low] != [len(out) for out in high]:
            raise AssertionError(
                "Expected `func` to return outputs with the same shape when inputs are perturbed "
                f"on index {index} by {eps}."
            )
        columns.append([[(b - a) / (2 * eps) for a, b in zip(x, y)] for x, y in zip(low, high)])
    return [list(rows) for rows in zip(*columns)]


def _analytical_jacobians(out, tensors: list, check_dtypes: bool) -> list[list[list[float]]]:
    """One Jacobian per input, by backward from each element of the output: [input][input element][output element]."""
    from gradus.autograd import grad

    rows = []
    seed = _C.zeros_like(out, requires_grad=False, memory_format=_C.contiguous_format)
    flat = seed.view(-1)
    for position in range(out.numel()):
        flat.zero_()
        flat[position] = 1.0
        found = grad(out, tensors, seed, retain_graph=True, allow_unused=True)
        for gradient, tensor in zip(found, tensors):
            if gradient is None:
                continue
            if gradient.size() != tensor.size():
                raise GradcheckError("Analytical gradient has incorrect size")
            if check_dtypes and gradient.dtype != tensor.dtype:
                raise GradcheckError("Gradient has dtype mismatch")
        rows.append([_values(g) if g is not None else [0.0] * t.numel() for g, t in zip(found, tensors)])
    if not rows:
        return [[[] for _ in range(tensor.numel())] for tensor in tensors]
    return [[list(column) for column in zip(*by_out)] for by_out in zip(*rows)]


def _distance(a: float, b: float) -> float:
    return 0.0 if a == b or (isnan(a) and isnan(b)) else abs(a - b)


def _compare(numerical, analytical, atol: float, rtol: float, where: tuple[int, int]) -> None:
    """Every element: |analytical - numerical| <= atol + rtol |numerical|; nan agrees with nothing."""
    for row_n, row_a in zip(numerical, analytical):
        for n, a in zip(row_n, row_a):
            if a != n and not abs(a - n) <= atol + rtol * abs(n):
                as_tensor = [_C.tensor(jacobian, dtype=_C.float64) for jacobian in (numerical, analytical)]
                raise GradcheckError(
                    f"Jacobian mismatch for output {where[0]} with respect to input {where[1]},\n"
                    f"numerical:{as_tensor[0]}\nanalytical:{as_tensor[1]}\n"
                )


def _check_repeatable(first, second, nondet_tol: float) -> None:
    for a, b in zip(first, second):
        if any(_distance(x, y) > nondet_tol for row_a, row_b in zip(a, b) for x, y in zip(row_a, row_b)):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                "gives different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {nondet_tol}."
            )


def _check_zero_grad_output(outputs: tuple, tensors: list) -> None:
    """Backward is linear: from zeros come zeros, of the inputs' dtype and size."""
    from gradus.autograd import grad

    zeros = [_C.zeros_like(out, requires_grad=False) for out in outputs]
    for found, tensor in zip(grad(outputs, tensors, zeros, retain_graph=True, allow_unused=True), tensors):
        if found is None:
            continue
        if not (found == 0).all():
            raise GradcheckError("backward not multiplied by grad_output")
        if found.dtype != tensor.dtype:
            raise GradcheckError("grad is incorrect type")
        if found.size() != tensor.size():
            raise GradcheckError("grad is incorrect size")


_NOTES = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'


def _without_gradient(out):
    """The same tensor, through a node that passes no gradient on."""
    alias = out.view_as(out)
    alias.grad_fn.register_hook(lambda made, _: (None,) * len(made))
    return alias


def _warn_of_undefined() -> None:
    import warnings

    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may "
        "break existing callers of this function. If this is true for you, you can call this function with "
        '"check_undefined_grad=False" to disable the feature',
        stacklevel=5,
    )


def _check_undefined(func, inputs: tuple, tensors: list) -> None:
    """Gradients that are missing count as zeros: all of them, and with several outputs each one alone."""
    from gradus.autograd import grad

    outputs = _differentiable(func(*inputs))
    missing: list = [set(range(len(outputs)))]
    if len(outputs) > 1:
        missing += [{number} for number in range(len(outputs))]
    for numbers in missing:
        outputs = _differentiable(func(*inputs))
        chosen = [_without_gradient(out) if number in numbers else out for number, out in enumerate(outputs)]
        zeros = [_C.zeros_like(out, requires_grad=False) for out in chosen]
        try:
            found = grad(chosen, tensors, zeros, allow_unused=True)
        except RuntimeError as error:
            _warn_of_undefined()
            raise GradcheckError("Expected backward function to handle undefined output grads. " + _NOTES) from error
        if not all(gradient is None or (gradient == 0).all() for gradient in found):
            _warn_of_undefined()
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                + _NOTES
            )


def _check(func, inputs: tuple, eps, atol, rtol, nondet_tol, check_grad_dtypes) -> bool:
    _check_inputs(inputs)
    result = _as_tuple(func(*inputs))
    floating = [number for number, out in enumerate(result) if out.is_floating_point()]
    tensors = [value for value in inputs if _wants_gradient(value)]
    with no_grad():
        numerical = [_numerical_jacobians(func, inputs, tensor, eps) for tensor in tensors]
    outputs = _differentiable(result)
    if not outputs:
        if any(value != 0 for of_input in numerical for jac in of_input for row in jac for value in row):
            raise GradcheckError("Numerical gradient for function expected to be zero")
        return True
    for number, out in enumerate(outputs):
        position = floating.index(next(i for i, value in enumerate(result) if value is out))
        analytical = _analytical_jacobians(out, tensors, check_grad_dtypes)
        _check_repeatable(analytical, _analytical_jacobians(out, tensors, False), nondet_tol)
        for which, jacobian in enumerate(analytical):
            if numerical[which]:  # an input without elements has no differences
                _compare(numerical[which][position], jacobian, atol, rtol, (number, which))
    _check_zero_grad_output(outputs, tensors)
    return True


def _direction(tensor, generator):
    """A random vector of length 1 with the shape of a tensor; no component is negative."""
    drawn = _C.empty(tensor.shape, dtype=tensor.dtype).uniform_(0, 1, generator=generator)
    length = float((drawn * drawn).sum()) ** 0.5
    return drawn / length if length else drawn


def _derivatives_along(func, inputs: tuple, tensor, direction, eps: float) -> list:
    """Differences of all floating point outputs in one direction of an input."""
    data, ends = tensor.data, []
    before = data.clone()
    try:
        for sign in (-1, 1):
            data.copy_(before + direction * (sign * eps))
            ends.append([out.detach().clone() for out in _as_tuple(func(*inputs)) if out.is_floating_point()])
    finally:
        data.copy_(before)
    return [(high - low) / (2 * eps) for low, high in zip(*ends)]


def _check_fast(func, inputs: tuple, eps, atol, rtol, check_grad_dtypes) -> bool:
    """Compares v^T J u for one random u for each input and v for each output, instead of the Jacobians J."""
    from gradus.autograd import grad

    _check_inputs(inputs)
    result = _as_tuple(func(*inputs))
    floating = [number for number, out in enumerate(result) if out.is_floating_point()]
    tensors = [value for value in inputs if _wants_gradient(value)]
    generator = _C.Generator()
    generator.manual_seed(0)
    along = [_direction(tensor, generator) for tensor in tensors]
    with no_grad():
        numerical = [_derivatives_along(func, inputs, tensor, u, eps) for tensor, u in zip(tensors, along)]
    outputs = _differentiable(result)
    if not outputs:
        if any(bool((value != 0).any()) for of_input in numerical for value in of_input):
            raise GradcheckError("Numerical gradient for function expected to be zero")
        return True
    for number, out in enumerate(outputs):
        position = floating.index(next(i for i, value in enumerate(result) if value is out))
        v = _direction(out.detach(), generator)
        found = grad(out, tensors, v, retain_graph=True, allow_unused=True)
        for which, (gradient, u) in enumerate(zip(found, along)):
            if gradient is not None and check_grad_dtypes and gradient.dtype != tensors[which].dtype:
                raise GradcheckError("Gradient has dtype mismatch")
            ours = float((gradient * u).sum()) if gradient is not None else 0.0
            theirs = float((numerical[which][position] * v).sum())
            slack = atol * float(u.sum()) * float(v.sum())
            _compare([[theirs]], [[ours]], slack, rtol, (number, which))
    _check_zero_grad_output(outputs, tensors)
    return True


def _refuse_transforms(batched: bool, forward: bool) -> None:
    if batched:
        raise NotImplementedError("gradcheck: checking batched gradients needs vmap, which is not in Gradus yet")
    if forward:
        raise NotImplementedError("gradcheck: forward mode is not in Gradus yet")


def gradcheck(
    func,
    inputs,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compares func's gradients at `inputs` with central differences of step `eps`; True if they agree.

    Inputs that require grad should be float64. Disagreement raises GradcheckError (or gives False). Every element
    of the Jacobians is compared; in `fast_mode`, one random combination of them for each input and output.
    """
    _refuse_transforms(check_batched_grad or check_batched_forward_grad, check_forward_ad)
    if not check_backward_ad:
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    inputs = _as_tuple(inputs)
    try:
        if fast_mode:
            _check_fast(func, inputs, eps, atol, rtol, check_grad_dtypes)
        else:
            _check(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes)
        if check_undefined_grad and _differentiable(func(*inputs)):
            _check_undefined(func, inputs, [value for value in inputs if _wants_gradient(value)])
        return True
    except GradcheckError:
        if raise_exception:
            raise
        return False


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """gradcheck of the gradients: second derivatives with respect to inputs and weights of the outputs.

    Without `grad_outputs` the weights are drawn from U(-1, 1).
    """
    from gradus.autograd import grad

    _refuse_transforms(check_batched_grad, check_fwd_over_rev)
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        weights = tuple(_random_like(out, gen_non_contig_grad_outputs) for out in _differentiable(func(*inputs)))
    else:
        weights = _as_tuple(grad_outputs)
    wanted = [_wants_gradient(value) for value in inputs]
    weighted = [_wants_gradient(value) for value in weights]

    def gradients(*values):
        # Gradients must be on even while differences are taken: they are derivatives themselves.
        from gradus._modes import enable_grad

        with enable_grad():
            own, given = values[: len(wanted)], values[len(wanted) :]
            own = [value.requires_grad_() if wants else value for value, wants in zip(own, wanted)]
            given = [value.requires_grad_() if wants else value for value, wants in zip(given, weighted)]
            outputs = _differentiable(func(*own))
            chosen = [value for value, wants in zip(own, wanted) if wants]
            found = grad(outputs, chosen, tuple(given), create_graph=True, allow_unused=True)
        return tuple(gradient for gradient in found if gradient is not None)

    return gradcheck(
        gradients,
        inputs + weights,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _random_like(out, non_contiguous: bool):
    """Weights for an output, drawn from U(-1, 1); every second element of a longer tensor if not contiguous."""
    shape = list(out.shape)
    if non_contiguous and out.numel() > 1:
        drawn = _C.empty(shape + [2], dtype=out.dtype).uniform_(-1, 1).select(-1, 0)
    else:
        drawn = _C.empty(shape, dtype=out.dtype).uniform_(-1, 1)
    return drawn.detach().requires_grad_()

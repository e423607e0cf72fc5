"""Runs the Python layer of Gradus on PyTorch's tensors, so that it can be tested apart from the C++ core.

With GRADUS_TEST_BACKEND=torch the tests of the layer do so; otherwise they run on the real core.
"""

from __future__ import annotations

import os
import sys
import types

# Names the Python layer itself provides: they must not leak in from torch.
_NOT_FROM_CORE = {
    "default_generator_state",
    "compile",
    "enable_grad",
    "get_rng_state",
    "finfo",
    "iinfo",
    "inference_mode",
    "initial_seed",
    "is_tensor",
    "load",
    "manual_seed",
    "no_grad",
    "save",
    "seed",
    "set_grad_enabled",
    "set_printoptions",
    "set_rng_state",
    "typename",
}
_NN_NAMES = (
    "linear gelu mse_loss l1_loss smooth_l1_loss huber_loss cross_entropy_loss nll_loss_nd binary_cross_entropy "
    "leaky_relu_ elu_ hardtanh softplus log_sigmoid silu"
).split()


def activate() -> None:
    """Installs the backend if the environment asks for it; call it before the first import of gradus."""
    if os.environ.get("GRADUS_TEST_BACKEND") == "torch":
        install()


def _run_backward(tensors, grads, retain_graph, create_graph, inputs, allow_unused, accumulate):
    import torch

    engine = torch.autograd.Variable._execution_engine
    return engine.run_backward(
        tensors, grads, retain_graph, create_graph, inputs, allow_unreachable=allow_unused, accumulate_grad=accumulate
    )


def _sgd_step(params, grads, buffers, *, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """The update of torch.optim.sgd, one tensor at a time."""
    import torch

    with torch.no_grad():
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            grad = -grad if maximize else grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            if momentum != 0:
                if buffers[i] is None:
                    buffers[i] = grad.detach().clone()
                else:
                    buffers[i].mul_(momentum).add_(grad, alpha=1 - dampening)
                grad = grad.add(buffers[i], alpha=momentum) if nesterov else buffers[i]
            param.add_(grad, alpha=-lr)


def _adam_step(params, grads, means, squares, maxima, steps, *, lr, beta1, beta2, eps, weight_decay, **flags):
    """The update of torch.optim.adam, one tensor at a time."""
    import torch

    with torch.no_grad():
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            grad = -grad if flags["maximize"] else grad
            steps[i] += 1
            if weight_decay != 0:
                if flags["decoupled_weight_decay"]:
                    param.mul_(1 - lr * weight_decay)
                else:
                    grad = grad.add(param, alpha=weight_decay)
            means[i].lerp_(grad, 1 - beta1)
            squares[i].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
            step = steps[i].item()
            correction1 = 1 - beta1**step
            correction2_sqrt = (1 - beta2**step) ** 0.5
            second = squares[i]
            if flags["amsgrad"]:
                torch.maximum(maxima[i], second, out=maxima[i])
                second = maxima[i]
            denominator = (second.sqrt() / correction2_sqrt).add_(eps)
            param.addcdiv_(means[i], denominator, value=-(lr / correction1))


def install() -> None:
    """Puts a module in the place of gradus._C whose tensors and functions are PyTorch's."""
    import torch

    core = types.ModuleType("gradus._C")
    for name in dir(torch):
        value = getattr(torch, name)
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name not in _NOT_FROM_CORE:
            setattr(core, name, value)
    for name in _NN_NAMES:
        setattr(core, name, getattr(torch._C._nn, name))
    core._disabled_torch_function_impl = torch._C._disabled_torch_function_impl
    core._set_grad_enabled = torch._C._set_grad_enabled
    core._run_backward = _run_backward
    core._sgd_step = _sgd_step
    core._adam_step = _adam_step
    sys.modules["gradus._C"] = core

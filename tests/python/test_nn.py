"""Modules, initialisation, losses and state dicts against PyTorch."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict

import pytest
from bridge import assert_near, assert_same, both, gradus, names, to_gradus, to_torch, torch

MODULES = [
    "Linear(3, 2)",
    "Linear(3, 2, bias=False)",
    "Linear(in_features=64, out_features=10)",
    "Embedding(7, 3)",
    "Embedding(7, 3, padding_idx=-2, scale_grad_by_freq=True)",
    "Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2), nn.Tanh()))",
    "Sequential(OrderedDict(a=nn.Linear(2, 2), b=nn.Sigmoid()))",
    "Sequential()",
    "ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.ReLU())])",
    "ModuleList()",
    "ModuleDict({'one': nn.Linear(2, 3), 'two': nn.Tanh()})",
    "ParameterList([torch.ones(2, 3), nn.Parameter(torch.ones(1)), 3])",
    "ParameterDict({'b': nn.Parameter(torch.ones(2)), 'a': torch.ones(1)})",
    "Identity(1, x=2)",
    "Flatten()",
    "Unflatten(1, (2, 3))",
    "ReLU()",
    "ReLU(inplace=True)",
    "GELU('tanh')",
    "Softmax(dim=-1)",
    "LogSoftmax(1)",
    "Dropout(0.25)",
    "MSELoss()",
    "CrossEntropyLoss(label_smoothing=0.1)",
    "NLLLoss()",
    "BCEWithLogitsLoss()",
]


def build(lib, text, seed=0):
    lib.manual_seed(seed)
    return eval("nn." + text, {"nn": lib.nn, "torch": lib, "OrderedDict": OrderedDict})


@pytest.mark.parametrize("text", MODULES)
def test_repr_names_and_default_values(text):
    """The module prints as PyTorch's, and a seed gives the same parameters under the same names."""
    ours, theirs = build(gradus, text), build(torch, text)
    assert repr(ours) == repr(theirs)
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected)
    assert state._metadata == expected._metadata
    for name, value in expected.items():
        assert_same(state[name], value)
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]


@pytest.mark.parametrize("name", ["uniform_", "normal_", "ones_", "zeros_", "xavier_uniform_", "xavier_normal_"])
@pytest.mark.parametrize("shape", [(5, 7), (4, 3, 2, 2)])
def test_init_without_arguments(name, shape):
    tensors = []
    for lib in (gradus, torch):
        lib.manual_seed(3)
        tensors.append(getattr(lib.nn.init, name)(lib.empty(*shape)))
    assert_same(*tensors)


@pytest.mark.parametrize(
    "call",
    [
        "uniform_(w, -2, 3)",
        "normal_(w, 1.5, 0.1)",
        "constant_(w, 0.3)",
        "eye_(w)",
        "xavier_uniform_(w, gain=init.calculate_gain('tanh'))",
        "kaiming_uniform_(w, a=0.2, mode='fan_out')",
        "kaiming_uniform_(w, nonlinearity='relu')",
        "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
        "kaiming_normal_(w)",
        "trunc_normal_(w)",
        "trunc_normal_(w, std=0.02)",
        "trunc_normal_(w, mean=1.0, std=2.0, a=-0.5, b=0.5)",
        "sparse_(w, 0.4)",
        "uniform_(w, generator=g)",
        "calculate_gain('selu')",
        "calculate_gain('leaky_relu', 0.3)",
        "calculate_gain('leaky_relu', True)",
        "calculate_gain('nothing')",
        "xavier_uniform_(w[0])",
        "eye_(w[0])",
        "kaiming_uniform_(w, mode='sideways')",
    ],
)
def test_init_with_arguments(call):
    def run(lib):
        lib.manual_seed(5)
        scope = {"w": lib.empty(12, 9), "g": lib.Generator().manual_seed(1), "init": lib.nn.init}
        return eval("init." + call, scope)

    ours, theirs = both(run)
    if isinstance(theirs, torch.Tensor):
        assert_same(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("shape, gain", [((9, 9), 1), ((4, 10), 2.5), ((10, 4), 1), ((6, 2, 2), 0.5), ((0, 3), 1)])
def test_orthogonal(shape, gain):
    """The same matrix as PyTorch's QR gives, and orthogonal."""

    def run(lib):
        lib.manual_seed(5)
        return lib.nn.init.orthogonal_(lib.empty(shape, dtype=lib.float64), gain)

    ours, theirs = run(gradus), run(torch)
    assert_near(ours, theirs, rtol=1e-9, atol=1e-12)
    if ours.numel():
        flat = ours.flatten(1) / gain
        product = flat @ flat.t() if flat.size(0) <= flat.size(1) else flat.t() @ flat
        assert_near(product, torch.eye(product.size(0), dtype=torch.float64), atol=1e-12)
    assert both(lambda lib: lib.nn.init.orthogonal_(lib.empty(3)))[0][0] == "ValueError"


def test_trunc_normal_where_bounds_hold_little_probability():
    """The rejection branch: log() decides, so values agree unless two logarithms differ in the last bit."""
    tensors = []
    for lib in (gradus, torch):
        lib.manual_seed(5)
        tensors.append(lib.nn.init.trunc_normal_(lib.empty(40, 9), 0.0, 1.0, 1.0, 2.0))
    assert_near(*tensors, rtol=0, atol=0)


class TestModule:
    """Attributes, registration and what it refuses."""

    CASES = [
        "m.register_parameter('a.b', None)",
        "m.register_parameter('', None)",
        "m.register_parameter(3, None)",
        "m.register_parameter('weight', lib.ones(2))",
        "m.register_parameter('forward', lib.nn.Parameter(lib.ones(2)))",
        "m.register_parameter('w', lib.nn.Parameter(lib.ones(2)) * 2)",
        "m.register_buffer('a.b', None)",
        "m.register_buffer('weight', None)",
        "m.register_buffer('x', 3)",
        "m.add_module('x', 3)",
        "m.add_module('weight', lib.nn.ReLU())",
        "m.add_module('a.b', lib.nn.ReLU())",
        "setattr(m, 'weight', lib.ones(2))",
        "setattr(m, 'weight', 3)",
        "setattr(m, 'child', 3)",
        "setattr(m, 'buffer', 3)",
        "m.missing",
        "delattr(m, 'missing')",
        "m.get_submodule('nowhere.x')",
        "m.get_submodule('weight')",
        "m.get_parameter('child')",
        "m.get_buffer('weight')",
        "m.train('yes')",
        "m.to(lib.int64)",
        "lib.nn.Module()(1)",
        "lib.nn.Module(1)",
        "lib.nn.Module(x=1)",
        "lib.nn.Dropout(1.5)",
        "lib.nn.functional.dropout(lib.ones(2), 1.5)",
        "lib.nn.Sequential(lib.nn.ReLU())[1]",
        "lib.nn.Sequential() + 3",
        "lib.nn.Sequential() * 0",
        "lib.nn.ModuleList([lib.nn.ReLU()])[-2]",
        "lib.nn.ModuleList(3)",
        "lib.nn.ModuleDict(3)",
        "lib.nn.ModuleDict([(1, 2, 3)])",
        "lib.nn.Embedding(3, 2, padding_idx=3)",
        "lib.nn.MSELoss(reduction='most')(lib.ones(2), lib.ones(2))",
        "lib.nn.functional.mse_loss(lib.ones(2), lib.ones(3))",
        "lib.nn.functional.binary_cross_entropy_with_logits(lib.ones(2), lib.ones(3))",
    ]

    @staticmethod
    def module(lib):
        module = lib.nn.Linear(2, 2)
        module.child = lib.nn.ReLU()
        module.register_buffer("buffer", lib.ones(1))
        return module

    @pytest.mark.parametrize("call", CASES)
    def test_refusals(self, call):
        """The same exception with the same message."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, theirs = both(lambda lib: eval(call, {"m": self.module(lib), "lib": lib}))
        assert isinstance(theirs, tuple), theirs
        assert ours == theirs

    def test_assignment_before_init(self):
        def early(value):
            class Model(value.nn.Module):
                def __init__(self):
                    self.weight = value.nn.Parameter(value.ones(1))
                    super().__init__()

            return Model()

        ours, theirs = both(early)
        assert ours == theirs

    def test_attributes_move_between_tables(self):
        """A name lives in one table only: the last assignment decides."""
        module = self.module(gradus)
        module.weight = None
        assert module.weight is None and list(module._parameters) == ["weight", "bias"]
        module.plain = 3
        module.plain = gradus.nn.Parameter(gradus.ones(1))
        assert "plain" not in module.__dict__ and "plain" in module._parameters
        module.other = 3
        module.other = gradus.nn.ReLU()
        assert "other" not in module.__dict__ and "other" in module._modules
        module.other = gradus.nn.Parameter(gradus.ones(1))
        assert "other" not in module._modules and "other" in module._parameters
        del module.plain, module.other, module.child, module.buffer, module.bias
        assert not module._modules and not module._buffers and list(module._parameters) == ["weight"]
        module.register_buffer("aside", gradus.ones(1), persistent=False)
        assert "aside" not in module.state_dict() and dict(module.named_buffers()).keys() == {"aside"}

    def test_shared_parameters_are_listed_once(self):
        first = gradus.nn.Linear(2, 2)
        second = gradus.nn.Linear(2, 2)
        second.weight = first.weight
        model = gradus.nn.Sequential(first, second, first)
        assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
        assert len(list(model.named_parameters(remove_duplicate=False))) == 6
        assert [name for name, _ in model.named_children()] == ["0", "1"]

    def test_conversion_keeps_the_parameter_objects(self):
        module = self.module(gradus)
        weight = module.weight
        (module(gradus.ones(1, 2))).sum().backward()
        module.to(gradus.float64)
        assert module.weight is weight and weight.dtype == gradus.float64
        assert weight.grad.dtype == gradus.float64 and module.buffer.dtype == gradus.float64
        assert module.half().weight.dtype == gradus.float16
        assert module.float().bias.dtype == gradus.float32

    def test_train_eval_requires_grad_zero_grad_apply(self):
        model = gradus.nn.Sequential(gradus.nn.Linear(2, 2), gradus.nn.Sequential(gradus.nn.Dropout()))
        assert not model.eval()[1][0].training and model.train()[1][0].training
        model(gradus.ones(1, 2)).sum().backward()
        model.zero_grad(set_to_none=False)
        assert all(bool((p.grad == 0).all()) for p in model.parameters())
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())
        assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())
        seen = []
        model.apply(lambda module: seen.append(type(module).__name__))
        assert seen == ["Linear", "Dropout", "Sequential", "Sequential"]

    def test_deepcopy(self):
        model = gradus.nn.Sequential(gradus.nn.Linear(2, 2), gradus.nn.ReLU())
        other = copy.deepcopy(model)
        assert isinstance(other[0].weight, gradus.nn.Parameter) and other[0].weight is not model[0].weight
        assert_same(other[0].weight, model[0].weight)
        with gradus.no_grad():
            other[0].weight.zero_()
        assert bool((model[0].weight != 0).any())

    def test_forward_hooks(self):
        """Hooks see and replace arguments and results, in order of registration, until they are removed."""

        def run(lib):
            module = lib.nn.Identity()
            log = []

            def before(module, args):
                log.append(("before", args[0].item()))
                return args[0] + 1

            def before_kwargs(module, args, kwargs):
                log.append(("kwargs", kwargs))
                return args, {}

            def after(module, args, output):
                log.append(("after", args[0].item(), output.item()))
                return output * 10

            handles = [
                module.register_forward_pre_hook(before),
                module.register_forward_hook(after),
                module.register_forward_pre_hook(before_kwargs, with_kwargs=True, prepend=True),
            ]
            log.append(module(lib.tensor(1.0), extra=2).item())
            for handle in handles:
                handle.remove()
            log.append(module(lib.tensor(1.0)).item())
            failing = lib.nn.Linear(2, 2)
            failing.register_forward_hook(lambda *_: log.append("always"), always_call=True)
            with pytest.raises(RuntimeError):
                failing(lib.ones(3))
            return log

        ours, theirs = both(run)
        assert ours == theirs


class TestStateDict:
    """Names, copies, and the report of everything that does not fit."""

    @staticmethod
    def model(lib, seed=0):
        lib.manual_seed(seed)
        model = lib.nn.Sequential(OrderedDict(body=lib.nn.Linear(3, 4), head=lib.nn.Linear(4, 2)))
        model.register_buffer("scale", lib.ones(()))
        return model

    def test_loads_from_pytorch(self):
        theirs = self.model(torch, seed=7)
        ours = self.model(gradus)
        result = ours.load_state_dict({name: to_gradus(value) for name, value in theirs.state_dict().items()})
        assert repr(result) == "<All keys matched successfully>"
        for name, value in theirs.state_dict().items():
            assert_same(ours.state_dict()[name], value)

    def test_values_share_storage(self):
        model = self.model(gradus)
        saved = model.state_dict()
        with gradus.no_grad():
            model.body.weight.zero_()
        assert bool((saved["body.weight"] == 0).all()) and not saved["body.weight"].requires_grad

    @pytest.mark.parametrize(
        "change",
        [
            "del state['body.weight']",
            "state['other'] = state['scale']; state['head.more'] = state['scale']; state['x.y'] = state['scale']",
            "state['body.weight'] = lib.ones(2, 2); state['head.bias'] = 3",
            "state['scale'] = lib.ones(1)",
            "state['scale'] = lib.ones(2); del state['head.bias']; state['new'] = lib.ones(1)",
        ],
    )
    @pytest.mark.parametrize("strict", [True, False])
    def test_report_of_what_does_not_fit(self, change, strict):
        def run(lib):
            state = self.model(lib, 1).state_dict()
            exec(change, {"state": state, "lib": lib})
            result = self.model(lib).load_state_dict(state, strict=strict)
            return result.missing_keys, result.unexpected_keys, repr(result)

        ours, theirs = both(run)
        assert ours == theirs

    def test_assign_takes_the_given_tensors(self):
        model = self.model(gradus)
        state = {name: value.to(gradus.float64) for name, value in self.model(gradus, 3).state_dict().items()}
        model.load_state_dict(state, assign=True)
        assert model.body.weight.dtype == gradus.float64 and isinstance(model.body.weight, gradus.nn.Parameter)
        assert model.body.weight.data_ptr() == state["body.weight"].data_ptr()

    def test_extra_state_and_hooks(self):
        def run(lib):
            class Counter(lib.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.count = 0

                def get_extra_state(self):
                    return self.count

                def set_extra_state(self, state):
                    self.count = state

            log = []
            source, target = lib.nn.Sequential(Counter()), lib.nn.Sequential(Counter())
            source[0].count = 5
            source.register_state_dict_post_hook(lambda m, state, prefix, meta: log.append(sorted(state)))
            target.register_load_state_dict_pre_hook(lambda m, *rest: log.append(rest[1:4]))
            target.register_load_state_dict_post_hook(lambda m, keys: log.append(tuple(keys)))
            target.load_state_dict(source.state_dict())
            with pytest.raises(RuntimeError) as failure:
                target.load_state_dict({})
            return target[0].count, log, str(failure.value)

        ours, theirs = both(run)
        assert ours == theirs

    def test_refuses_what_is_no_mapping(self):
        ours, theirs = both(lambda lib: self.model(lib).load_state_dict([1]))
        assert ours == theirs


def forward_and_backward(lib, text, inputs):
    """Output and gradients of a module, for inputs given as tensors of PyTorch."""
    module = build(lib, text)
    convert = to_gradus if lib is gradus else to_torch
    values = [convert(value) for value in inputs]
    for value, source in zip(values, inputs):
        value.requires_grad_(source.requires_grad)
    lib.manual_seed(11)
    out = module(*values)
    (out * out).sum().backward()
    grads = [value.grad for value, source in zip(values, inputs) if source.requires_grad]
    return [out, *grads, *(param.grad for param in module.parameters())]


def randn(*shape, grad=True):
    torch.manual_seed(len(shape) + sum(shape))
    return torch.randn(*shape).requires_grad_(grad)


CLASSES = torch.tensor([0, 2, 1, 2, 0])
FORWARD = [
    ("Linear(3, 2)", [randn(5, 3)]),
    ("Linear(3, 2, bias=False)", [randn(4, 5, 3)]),
    ("Embedding(7, 3)", [torch.tensor([[1, 2, 6], [0, 1, 1]])]),
    ("Embedding(7, 3, padding_idx=1)", [torch.tensor([1, 2, 1, 3])]),
    ("ReLU()", [randn(4, 5)]),
    ("Tanh()", [randn(4, 5)]),
    ("Sigmoid()", [randn(4, 5)]),
    ("GELU()", [randn(4, 5)]),
    ("GELU('tanh')", [randn(4, 5)]),
    ("Softmax(dim=1)", [randn(4, 5)]),
    ("LogSoftmax(dim=0)", [randn(4, 5)]),
    ("Dropout(0.3)", [randn(40, 5)]),
    ("Flatten()", [randn(4, 5, 2)]),
    ("Unflatten(1, (2, -1))", [randn(4, 6)]),
    ("Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))", [randn(6, 3)]),
    ("MSELoss()", [randn(4, 5), randn(4, 5, grad=False)]),
    ("MSELoss(reduction='sum')", [randn(4, 5), randn(4, 5, grad=False)]),
    ("MSELoss(reduction='none')", [randn(4, 5), randn(5, 4, grad=False).t()]),
    ("L1Loss()", [randn(4, 5), randn(4, 5, grad=False)]),
    ("CrossEntropyLoss()", [randn(5, 3), CLASSES]),
    ("CrossEntropyLoss(reduction='none', ignore_index=2)", [randn(5, 3), CLASSES]),
    ("CrossEntropyLoss(torch.tensor([0.2, 1.0, 3.0]), label_smoothing=0.1)", [randn(5, 3), CLASSES]),
    ("CrossEntropyLoss(reduction='sum')", [randn(5, 3), torch.softmax(randn(5, 3, grad=False), 1)]),
    ("NLLLoss(torch.tensor([0.2, 1.0, 3.0]))", [randn(5, 3), CLASSES]),
    ("BCEWithLogitsLoss()", [randn(5, 3), torch.rand(5, 3)]),
    ("BCEWithLogitsLoss(pos_weight=torch.tensor([0.2, 1.0, 3.0]))", [randn(5, 3), torch.rand(5, 3)]),
]


@pytest.mark.parametrize("text, inputs", FORWARD, ids=[text for text, _ in FORWARD])
def test_values_and_gradients(text, inputs):
    if not hasattr(gradus.nn, text.partition("(")[0]):
        pytest.skip(f"the core has no operator for {text} yet")
    ours = forward_and_backward(gradus, text, inputs)
    theirs = forward_and_backward(torch, text, inputs)
    assert len(ours) == len(theirs)
    for actual, expected in zip(ours, theirs):
        assert_near(actual, expected, rtol=2e-5, atol=1e-6)


def test_functional_extras():
    """Weighted losses, broadcasting with its warning, implicit softmax dimensions."""
    x, y, w = randn(4, 5, grad=False), randn(4, 1, grad=False), torch.rand(4, 5)

    def run(lib, convert):
        F = lib.nn.functional
        caught = []
        with warnings.catch_warnings(record=True) as log:
            warnings.simplefilter("always")
            for reduction in ("none", "sum", "mean"):
                caught.append(F.mse_loss(convert(x), convert(x * 2), reduction=reduction, weight=convert(w)))
            caught.append(F.mse_loss(convert(x), convert(y)))
            caught.append(F.softmax(convert(x)))
            caught.append(F.log_softmax(convert(x[0]), dtype=lib.float64, dim=0))
            caught.append(F.mse_loss(convert(x), convert(x + 1), size_average=False))
        return caught, [names(entry.message) for entry in log]

    (ours, said), (theirs, expected) = run(gradus, to_gradus), run(torch, to_torch)
    assert said == expected
    for actual, wanted in zip(ours, theirs):
        assert_near(actual, wanted, rtol=1e-5)


class TestGradientClipping:
    @staticmethod
    def parameters(lib):
        torch.manual_seed(2)
        params = []
        for shape in ((3, 4), (5,), ()):
            param = lib.nn.Parameter(lib.zeros(shape))
            grad = torch.randn(shape)
            param.grad = grad if lib is torch else to_gradus(grad)
            params.append(param)
        return params

    @pytest.mark.parametrize("order", [2.0, 1.0, float("inf"), 3.0, 0.0])
    def test_norm(self, order):
        ours, theirs = self.parameters(gradus), self.parameters(torch)
        total = gradus.nn.utils.clip_grad_norm_(ours, 0.5, order)
        assert_near(total, torch.nn.utils.clip_grad_norm_(theirs, 0.5, order))
        for a, b in zip(ours, theirs):
            assert_near(a.grad, b.grad)

    def test_value_and_vectors(self):
        ours, theirs = self.parameters(gradus), self.parameters(torch)
        gradus.nn.utils.clip_grad_value_(ours, 0.3)
        torch.nn.utils.clip_grad_value_(theirs, 0.3)
        for a, b in zip(ours, theirs):
            assert_same(a.grad, b.grad)
        vector = gradus.nn.utils.parameters_to_vector(ours)
        gradus.nn.utils.vector_to_parameters(vector + 1, ours)
        assert vector.shape == (18,) and all(bool((p == 1).all()) for p in ours)

    def test_nonfinite_norm(self):
        def run(lib):
            params = self.parameters(lib)
            params[0].grad.fill_(float("nan"))
            return lib.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)

        ours, theirs = both(run)
        assert ours == theirs


def test_missing_names_say_so():
    for holder, name in ((gradus.nn, "FractionalMaxPool3d"), (gradus.nn.functional, "fractional_max_pool3d")):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}': Gradus does not have it yet"):
            getattr(holder, name)
    for holder, name in ((gradus.nn, "Conv9d"), (gradus.nn.functional, "conv9d"), (gradus.nn.init, "wild_")):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
            getattr(holder, name)

"""Features and gradients looked at through hooks of modules and tensors."""

from collections import OrderedDict, defaultdict

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(
    OrderedDict([("fc1", nn.Linear(4, 8)), ("act", nn.ReLU()), ("fc2", nn.Linear(8, 3)), ("sm", nn.LogSoftmax(dim=-1))])
)
activation, order = {}, []


def get_activation(name):
    def hook(module, input, output):
        activation[name] = output.detach()
        order.append(name)

    return hook


handles = [m.register_forward_hook(get_activation(n)) for n, m in model.named_children()]
x = torch.randn(2, 4, requires_grad=True)
out = model(x)
print(order, activation["act"].shape, activation["fc2"].requires_grad)
for h in handles:
    h.remove()
model(x)
print(len(order))
norms = defaultdict(list)
for name, p in model.named_parameters():
    p.register_hook(lambda g, name=name: norms[name].append(round(g.norm().item(), 5)))
h = model.fc1.weight.register_hook(lambda g: g * 2)
model.fc2.register_forward_pre_hook(lambda m, args: (args[0] * 0.5,))
seen = []
model.act.register_full_backward_hook(
    lambda m, gi, go: seen.append((gi[0].shape, go[0].shape, gi[0].sum().item() <= go[0].abs().sum().item()))
)
loss = -model(x)[:, 1].mean()
loss.backward()
print(dict(norms))
print(seen)
first = model.fc1.weight.grad.clone()
h.remove()
model.zero_grad()
loss = -model(x)[:, 1].mean()
loss.backward()
print(torch.allclose(first, 2 * model.fc1.weight.grad))
y = (x * 2).sum(1)
y.retain_grad()
y.register_hook(lambda g: print("grad of y", g))
(y**2).sum().backward()
print(y.grad)
w = torch.ones(3, requires_grad=True)
w.register_post_accumulate_grad_hook(lambda p: print("accumulated", p.grad.tolist()))
(w * 3).sum().backward()
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.double(), lambda t: t.float()):
    z = (w.exp() * w).sum()
z.backward()
print(w.grad.dtype)


def swap(module, args, kwargs, output):
    return output + kwargs.get("shift", 0)


class Shifted(nn.Linear):
    def forward(self, x, shift=0):
        return super().forward(x)


lin = Shifted(2, 2)
lin.register_forward_hook(swap, with_kwargs=True)
print((lin(torch.ones(1, 2), shift=10.0) - lin(torch.ones(1, 2))).round())
node = (w * 2).sum().grad_fn
print(
    node.name(),
    [n.name() for n, _ in node.next_functions],
    [n.name() for n, _ in node.next_functions[0][0].next_functions if n],
)

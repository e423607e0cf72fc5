"""Whole training steps: a classifier, a variational autoencoder, a recurrent loop, a stack of transformer blocks."""

from __future__ import annotations

import math

from programs.program import Program, same
from programs.small import trained

MS = 1e-3


def classifier(lib, compiled=same, sizes=(784, 256, 128, 10), batch=64):
    """A network with ReLU on data of MNIST's shape, Adam."""
    lib.manual_seed(0)
    nn = lib.nn
    layers = [nn.Linear(sizes[0], sizes[1])]
    for inner, outer in zip(sizes[1:], sizes[2:]):
        layers += [nn.ReLU(), nn.Linear(inner, outer)]
    model = nn.Sequential(*layers)
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    x, y = lib.rand(batch, sizes[0]), lib.randint(0, sizes[-1], (batch,))
    return trained(lib, model, nn.CrossEntropyLoss(), optimizer, x, y, compiled)


def autoencoder(lib, compiled=same, pixels=784, hidden=400, code=20, batch=128):
    """A variational autoencoder with one hidden layer on either side, Adam."""
    lib.manual_seed(0)
    nn, functional = lib.nn, lib.nn.functional

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(pixels, hidden)
            self.mean = nn.Linear(hidden, code)
            self.logvar = nn.Linear(hidden, code)
            self.decode = nn.Linear(code, hidden)
            self.paint = nn.Linear(hidden, pixels)

        def forward(self, x):
            h = functional.relu(self.encode(x))
            mean, logvar = self.mean(h), self.logvar(h)
            std = lib.exp(0.5 * logvar)
            z = mean + lib.randn_like(std) * std
            return lib.sigmoid(self.paint(functional.relu(self.decode(z)))), mean, logvar

    def loss(found, x):
        image, mean, logvar = found
        likeness = functional.binary_cross_entropy(image, x, reduction="sum")
        return likeness - 0.5 * lib.sum(1 + logvar - mean.pow(2) - logvar.exp())

    model = Autoencoder()
    x = lib.rand(batch, pixels)
    return trained(lib, model, loss, lib.optim.Adam(model.parameters(), lr=1e-3), x, x, compiled)


def recurrent(lib, compiled=same, steps=50, batch=8, inputs=32, hidden=64):
    """A recurrent network as a loop in Python, SGD."""
    lib.manual_seed(0)
    nn = lib.nn

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.from_input = nn.Linear(inputs, hidden)
            self.from_state = nn.Linear(hidden, hidden)

        def forward(self, sequence):
            state = lib.zeros(batch, hidden)
            for x in sequence:
                state = lib.tanh(self.from_input(x) + self.from_state(state))
            return state

    model = Recurrent()
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01)
    x, y = lib.randn(steps, batch, inputs), lib.randn(batch, hidden)
    return trained(lib, model, nn.MSELoss(), optimizer, x, y, compiled)


def transformer_block(lib, width, heads, length, fused):
    """LayerNorm, causal attention, LayerNorm, two layers with GELU; attention of products and softmax, or PyTorch's."""
    nn, functional = lib.nn, lib.nn.functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attend, self.project = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
            self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.register_buffer("future", lib.ones(length, length, dtype=lib.bool).triu(1))

        def attention(self, x):
            batch = x.shape[0]
            q, k, v = (
                part.view(batch, length, heads, width // heads).transpose(1, 2)
                for part in self.attend(x).split(width, 2)
            )
            if fused:
                mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            else:
                scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(width // heads))
                mixed = functional.softmax(scores.masked_fill(self.future, -math.inf), -1) @ v
            return self.project(mixed.transpose(1, 2).contiguous().view(batch, length, width))

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.narrow(functional.gelu(self.widen(self.norm2(x))))

    return Block()


def gpt(lib, compiled=same, layers=4, width=128, heads=4, batch=12, length=64, words=65, fused=False):
    """A small language model on random tokens, AdamW."""
    lib.manual_seed(0)
    nn, functional = lib.nn, lib.nn.functional

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
            self.blocks = nn.ModuleList([transformer_block(lib, width, heads, length, fused) for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

        def forward(self, tokens):
            x = self.words(tokens) + self.places(lib.arange(length))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    def loss(scores, targets):
        return functional.cross_entropy(scores.view(-1, words), targets.view(-1))

    model = Gpt()
    optimizer = lib.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    tokens = lib.randint(0, words, (batch, length + 1))
    x, y = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    return trained(lib, model, loss, optimizer, x, y, compiled)


GPT_SMALL = {"layers": 2, "width": 16, "heads": 2, "batch": 3, "length": 7, "words": 11}
TRAINING = [
    Program(
        "mlp",
        "MLP 784-256-128-10, batch 64, Adam",
        classifier,
        1.1 * MS,
        1.87 * MS,
        small={"sizes": (9, 7, 6, 4), "batch": 5},
        training=True,
    ),
    Program(
        "vae",
        "VAE 784-400-20, batch 128, Adam",
        autoencoder,
        5 * MS,
        7.0 * MS,
        small={"pixels": 12, "hidden": 8, "code": 3, "batch": 5},
        training=True,
    ),
    Program(
        "recurrent",
        "recurrent loop of 50 steps, batch 8, 32 to 64, SGD",
        recurrent,
        1.2 * MS,
        5.6 * MS,
        small={"steps": 4, "batch": 2, "inputs": 3, "hidden": 5},
        training=True,
    ),
    Program(
        "gpt",
        "GPT, 4 layers of 128, attention by hand, AdamW (PyTorch: fused attention)",
        gpt,
        36 * MS,
        47 * MS,
        small=GPT_SMALL,
        torch_size={"fused": True},
        training=True,
    ),
    Program(
        "gpt-by-hand",
        "the same, PyTorch's attention by hand too",
        gpt,
        36 * MS,
        47 * MS,
        small=GPT_SMALL,
        compile=False,
        training=True,
    ),
]

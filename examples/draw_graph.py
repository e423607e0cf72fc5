"""Draws the computation graph behind a loss: python examples/draw_graph.py FILE.svg."""

import sys

import gradus
from gradus import nn, viz

gradus.manual_seed(1)
model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
images = gradus.rand(32, 64)
labels = gradus.randint(0, 10, (32,))
loss = nn.functional.cross_entropy(model(images), labels)

viz.save(sys.argv[1], loss, model.named_parameters())

"""Linear regression as written for PyTorch: run it with `python` or, unchanged, with `python -m gradus`."""

import torch

torch.manual_seed(1)
X = torch.randn(100, 1) * 10
y = X * 3 + torch.randn(100, 1) * 2


class LinearRegression(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(1, requires_grad=True))
        self.bias = torch.nn.Parameter(torch.randn(1, requires_grad=True))

    def forward(self, x):
        return x * self.weight + self.bias


model = LinearRegression()
criterion = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

epochs = 1000
for epoch in range(epochs):
    outputs = model(X)
    loss = criterion(outputs, y)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    if (epoch + 1) % 100 == 0:
        print(f"Epoch [{epoch + 1}/{epochs}], Loss: {loss.item():.4f}")

print(f"Weight: {model.weight.item():.4f}")
print(f"Bias: {model.bias.item():.4f}")

"""A variational autoencoder of linear layers on synthetic stripes."""

import torch
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(1)
side = 8


def stripes(n):
    phase = torch.randint(0, 4, (n, 1, 1))
    across = torch.rand(n, 1, 1) > 0.5
    rows = torch.arange(side).view(1, side, 1).expand(n, side, side)
    columns = torch.arange(side).view(1, 1, side).expand(n, side, side)
    return ((torch.where(across, columns, rows) + phase) % 4 < 2).float()


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(side * side, 40)
        self.fc21 = nn.Linear(40, 4)
        self.fc22 = nn.Linear(40, 4)
        self.fc3 = nn.Linear(4, 40)
        self.fc4 = nn.Linear(40, side * side)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, side * side))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, side * side), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


data = stripes(256)
model = VAE().to(torch.device("cpu"))
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(1, 7):
    model.train()
    train_loss = 0
    for start in range(0, len(data), 64):
        batch = data[start : start + 64]
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss = loss_function(recon, batch, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
    print("====> Epoch: {} Average loss: {:.3f}".format(epoch, train_loss / len(data)))
with torch.no_grad():
    sample = model.decode(torch.randn(3, 4)).view(3, side, side)
print((sample > 0.5).int().sum((1, 2)).shape, sample.min() >= 0, f"{sample.mean():.3f}")

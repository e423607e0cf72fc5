"""A generator and a discriminator of linear layers that learn a ring of points."""

import math

import torch
import torch.nn as nn

torch.manual_seed(42)
latent = 3
G = nn.Sequential(nn.Linear(latent, 16), nn.LeakyReLU(0.2), nn.Linear(16, 16), nn.ReLU(inplace=True), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(16, 1), nn.Sigmoid())


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight.data, 0.0, 0.2)
        nn.init.constant_(m.bias.data, 0)


G.apply(weights_init)
D.apply(weights_init)
criterion = nn.BCELoss()
optimizer_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizer_g = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))


def real_batch(n):
    angle = 2 * math.pi * torch.rand(n)
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.02 * torch.randn(n, 2)


fixed = torch.randn(5, latent)
n = 32
for step in range(60):
    D.zero_grad()
    label = torch.full((n,), 1.0)
    out_real = D(real_batch(n)).view(-1)
    err_real = criterion(out_real, label)
    err_real.backward()
    fake = G(torch.randn(n, latent))
    label.fill_(0.0)
    out_fake = D(fake.detach()).view(-1)
    err_fake = criterion(out_fake, label)
    err_fake.backward()
    optimizer_d.step()
    G.zero_grad()
    label.fill_(1.0)
    err_g = criterion(D(fake).view(-1), label)
    err_g.backward()
    optimizer_g.step()
    if step % 15 == 14:
        print(
            f"[{step}] loss_D {(err_real + err_fake).item():.4f} loss_G {err_g.item():.4f} "
            f"D(x) {out_real.mean().item():.4f} D(G(z)) {out_fake.mean().item():.4f}"
        )
with torch.no_grad():
    print(G(fixed).norm(dim=1))

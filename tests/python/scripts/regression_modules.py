"""A deeper regression: dataset class, batch and layer norms, schedulers chained, weighted losses, a parameter table."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.rand(n, 6, generator=g) * 2 - 1
        self.y = (self.x[:, 0] * self.x[:, 1] + self.x[:, 2].sin() + 0.05 * torch.randn(n, generator=g)).unsqueeze(1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "y": self.y[i], "i": i}


class Residual(nn.Module):
    def __init__(self, width, norm):
        super().__init__()
        self.norm = norm(width)
        self.body = nn.Sequential(nn.Linear(width, width), nn.ELU(), nn.Linear(width, width))
        self.scale = nn.Parameter(torch.tensor(0.1))

    def forward(self, x):
        return x + self.scale * self.body(self.norm(x))

    def extra_repr(self):
        return f"scale={self.scale.item():.1f}"


torch.manual_seed(11)
model = nn.Sequential(
    nn.Linear(6, 16), Residual(16, nn.BatchNorm1d), Residual(16, nn.LayerNorm), nn.Hardswish(), nn.Linear(16, 1)
)
print(model)
for name, p in model.named_parameters():
    if "body" not in name:
        print(f"{name:16s} {str(tuple(p.shape)):10s} {p.numel():4d}")
train = DataLoader(Noisy(128, 0), batch_size=32, shuffle=True)
test = DataLoader(Noisy(64, 1), batch_size=64)
optimizer = optim.NAdam(
    [{"params": model[0].parameters(), "lr": 5e-3}, {"params": [p for m in model[1:] for p in m.parameters()]}], lr=1e-2
)
warm = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=3)
decay = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
schedule = optim.lr_scheduler.SequentialLR(optimizer, [warm, decay], milestones=[3])
losses = {"l1": nn.L1Loss(), "mse": nn.MSELoss(), "smooth": nn.SmoothL1Loss(beta=0.5), "huber": nn.HuberLoss()}
for epoch in range(8):
    model.train()
    for batch in train:
        loss = losses["smooth"](model(batch["x"]), batch["y"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    schedule.step()
    model.eval()
    with torch.inference_mode():
        batch = next(iter(test))
        out = model(batch["x"])
        report = {k: round(f(out, batch["y"]).item(), 4) for k, f in losses.items()}
    if epoch % 4 == 3:
        print(epoch, report, [f"{lr:.5f}" for lr in schedule.get_last_lr()], batch["i"][:3])
print(out.is_inference(), out.requires_grad, sorted(model.state_dict())[:3], model[1].norm.num_batches_tracked.item())
half = model.to(torch.float64)
print(next(half.parameters()).dtype, half(torch.zeros(2, 6, dtype=torch.float64)).shape, model.training)

"""A recurrent cell written with linear layers, unrolled over a text, with clipped gradients and sampling."""

import torch
import torch.nn as nn

text = "hello world, hello gradient, hello chain rule. " * 3
vocab = sorted(set(text))
index = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([index[c] for c in text])
torch.manual_seed(5)


class RNN(nn.Module):
    def __init__(self, n, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.i2h = nn.Linear(n + hidden, hidden)
        self.h2o = nn.Linear(hidden, n)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, x, hidden):
        hidden = torch.tanh(self.i2h(torch.cat((x, hidden), 1)))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


rnn = RNN(len(vocab), 32)
criterion = nn.NLLLoss()
optimizer = torch.optim.Adagrad(rnn.parameters(), lr=0.03)
eye = torch.eye(len(vocab))
length = 24
for step in range(40):
    start = (step * length) % (len(data) - length - 1)
    hidden = rnn.initHidden()
    loss = torch.zeros(1)
    for t in range(length):
        output, hidden = rnn(eye[data[start + t]].unsqueeze(0), hidden)
        loss += criterion(output, data[start + t + 1].unsqueeze(0))
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(rnn.parameters(), 5.0)
    optimizer.step()
    if step % 10 == 9:
        print(f"{step + 1} loss {loss.item() / length:.4f} norm {norm:.4f}")
with torch.no_grad():
    hidden, letter, out = rnn.initHidden(), index["h"], "h"
    for _ in range(20):
        output, hidden = rnn(eye[letter][None], hidden)
        letter = int(output.topk(1)[1][0][0])
        out += vocab[letter]
print(out)

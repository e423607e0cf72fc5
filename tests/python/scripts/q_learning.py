"""Deep Q-learning on a chain of states: replay memory, target network, smooth L1 loss, clipped gradients."""

import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
random.seed(0)
torch.manual_seed(0)
n_states, n_actions = 6, 2


def one_hot(s):
    return F.one_hot(torch.tensor([s]), n_states).float()


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(n_states, 24)
        self.layer2 = nn.Linear(24, n_actions)

    def forward(self, x):
        return self.layer2(F.relu(self.layer1(x)))


policy_net, target_net = DQN(), DQN()
target_net.load_state_dict(policy_net.state_dict())
optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = deque([], maxlen=500)


def act(state, eps):
    if random.random() > eps:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randrange(n_actions)]], dtype=torch.long)


def optimize_model():
    if len(memory) < 32:
        return None
    batch = Transition(*zip(*random.sample(memory, 32)))
    non_final_mask = torch.tensor(tuple(s is not None for s in batch.next_state), dtype=torch.bool)
    non_final = torch.cat([s for s in batch.next_state if s is not None])
    state, action, reward = torch.cat(batch.state), torch.cat(batch.action), torch.cat(batch.reward)
    values = policy_net(state).gather(1, action)
    next_values = torch.zeros(32)
    with torch.no_grad():
        next_values[non_final_mask] = target_net(non_final).max(1).values
    expected = next_values * 0.9 + reward
    loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


for episode in range(25):
    s, loss = 0, None
    for t in range(20):
        a = act(one_hot(s), 0.9 * 0.9**episode)
        move = 1 if a.item() == 1 else -1
        s2 = min(max(s + move, 0), n_states - 1)
        done = s2 == n_states - 1
        memory.append(Transition(one_hot(s), a, None if done else one_hot(s2), torch.tensor([1.0 if done else 0.0])))
        s = s2
        loss = optimize_model()
        target, source = target_net.state_dict(), policy_net.state_dict()
        for key in source:
            target[key] = source[key] * 0.05 + target[key] * 0.95
        target_net.load_state_dict(target)
        if done:
            break
    if episode % 6 == 5:
        print(f"episode {episode} steps {t + 1} loss {loss:.5f}")
with torch.no_grad():
    print(policy_net(torch.eye(n_states)).argmax(1))

"""REINFORCE on a cart-pole written here: sampled actions, returns, normalised advantages."""

import math

import torch
import torch.nn as nn
import torch.optim as optim


class CartPole:
    def __init__(self, generator):
        self.generator = generator

    def reset(self):
        self.state = (torch.rand(4, generator=self.generator) * 0.1 - 0.05).tolist()
        self.steps = 0
        return self.state

    def step(self, action):
        x, v, angle, w = self.state
        force = 10.0 if action == 1 else -10.0
        cos, sin = math.cos(angle), math.sin(angle)
        temp = (force + 0.05 * w**2 * sin) / 1.1
        acc = (9.8 * sin - cos * temp) / (0.5 * (4.0 / 3.0 - 0.1 * cos**2 / 1.1))
        x_acc = temp - 0.05 * acc * cos / 1.1
        self.state = [x + 0.02 * v, v + 0.02 * x_acc, angle + 0.02 * w, w + 0.02 * acc]
        self.steps += 1
        done = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095 or self.steps >= 60
        return self.state, 1.0, done


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 32)
        self.dropout = nn.Dropout(p=0.2)
        self.affine2 = nn.Linear(32, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        x = torch.relu(self.dropout(self.affine1(x)))
        return torch.softmax(self.affine2(x), dim=1)


torch.manual_seed(543)
env = CartPole(torch.Generator().manual_seed(0))
policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
eps = torch.finfo(torch.float32).eps


def select_action(state):
    probs = policy(torch.tensor(state).float().unsqueeze(0))
    action = torch.multinomial(probs, 1)
    policy.saved_log_probs.append(probs.gather(1, action).log().squeeze(1))
    return action.item()


def finish_episode():
    R, returns = 0, []
    for r in policy.rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_loss = [-log_prob * R for log_prob, R in zip(policy.saved_log_probs, returns)]
    optimizer.zero_grad()
    loss = torch.cat(policy_loss).sum()
    loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]
    return loss.item()


running = 10.0
for episode in range(12):
    state, total = env.reset(), 0
    for t in range(1, 100):
        state, reward, done = env.step(select_action(state))
        policy.rewards.append(reward)
        total += reward
        if done:
            break
    running = 0.05 * total + 0.95 * running
    loss = finish_episode()
    if episode % 3 == 2:
        print(f"Episode {episode}\tLast reward: {total:.2f}\tAverage reward: {running:.2f}\tloss {loss:.3f}")

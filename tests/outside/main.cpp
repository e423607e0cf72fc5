// A program of an outside project: one gradient, checked against its closed form.
#include <gradus/gradus.h>

#include <cstdio>

int main() {
  auto x = gradus::tensor({1.0, 2.0, 3.0}).requires_grad_();
  (x * x).sum().backward();
  double sum = x.grad().sum().item<double>();  // d/dx sum x^2 = 2x
  std::printf("%g\n", sum);
  return sum == 12.0 ? 0 : 1;
}

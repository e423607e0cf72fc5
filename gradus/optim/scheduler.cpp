// The schedules, by the recurrences PyTorch uses: the same learning rates to the bit.
#include "gradus/optim/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "gradus/core/format.h"

namespace gradus::optim {

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(&optimizer) {
  for (int64_t g = 0; g < optimizer.n_groups(); ++g) base_lrs_.push_back(optimizer.lr(g));
}

void LRScheduler::start() { step(); }

void LRScheduler::step() {
  ++last_epoch_;
  last_lr_.clear();
  for (int64_t g = 0; g < static_cast<int64_t>(base_lrs_.size()); ++g) {
    double& lr = optimizer_->lr(g);
    lr = rate(g, lr);
    last_lr_.push_back(lr);
  }
}

void LRScheduler::resume(int64_t epoch, const std::vector<double>& lr) {
  check_as(ErrorKind::Value, lr.size() == base_lrs_.size(), "expected ", base_lrs_.size(),
           " learning rates, one per parameter group, got ", lr.size());
  last_epoch_ = epoch;
  last_lr_ = lr;
  for (size_t g = 0; g < lr.size(); ++g) optimizer_->lr(static_cast<int64_t>(g)) = lr[g];
}

StepLR::StepLR(Optimizer& optimizer, int64_t step_size, double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  check_as(ErrorKind::Value, step_size > 0, "step_size must be positive, got ", step_size);
  start();
}
double StepLR::rate(int64_t, double lr) const {
  return last_epoch() == 0 || last_epoch() % step_size_ != 0 ? lr : lr * gamma_;
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, double gamma)
    : LRScheduler(optimizer), milestones_(std::move(milestones)), gamma_(gamma) {
  start();
}
double MultiStepLR::rate(int64_t, double lr) const {
  const auto n = std::count(milestones_.begin(), milestones_.end(), last_epoch());
  return n ? lr * std::pow(gamma_, n) : lr;
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma) : LRScheduler(optimizer), gamma_(gamma) { start(); }
double ExponentialLR::rate(int64_t, double lr) const { return last_epoch() == 0 ? lr : lr * gamma_; }

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t t_max, double eta_min)
    : LRScheduler(optimizer), t_max_(t_max), eta_min_(eta_min) {
  check_as(ErrorKind::Value, t_max > 0, "t_max must be positive, got ", t_max);
  start();
}
double CosineAnnealingLR::rate(int64_t group, double lr) const {
  if (last_epoch() == 0) return lr;
  const auto period = static_cast<double>(t_max_), epoch = static_cast<double>(last_epoch());
  const double pi = std::numbers::pi;
  if ((last_epoch() - 1 - t_max_) % (2 * t_max_) == 0)  // just past the bottom, where the ratio below is undefined
    return lr + (base_lr(group) - eta_min_) * (1 - std::cos(pi / period)) / 2;
  const double ratio = (1 + std::cos(pi * epoch / period)) / (1 + std::cos(pi * (epoch - 1) / period));
  return ratio * (lr - eta_min_) + eta_min_;
}

LinearLR::LinearLR(Optimizer& optimizer, double start_factor, double end_factor, int64_t total_iters)
    : LRScheduler(optimizer), start_(start_factor), end_(end_factor), total_(total_iters) {
  check_as(ErrorKind::Value, start_ > 0 && start_ <= 1,
           "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
  check_as(ErrorKind::Value, end_ >= 0 && end_ <= 1, "Ending multiplicative factor expected to be between 0 and 1.");
  start();
}
double LinearLR::rate(int64_t, double lr) const {
  if (last_epoch() == 0) return lr * start_;
  if (last_epoch() > total_) return lr;
  const double rise = end_ - start_;
  return lr * (1 + rise / (static_cast<double>(total_) * start_ + static_cast<double>(last_epoch() - 1) * rise));
}

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, PlateauOptions options)
    : optimizer_(&optimizer), options_(options) {
  check_as(ErrorKind::Value, options.factor < 1, "Factor should be < 1.0.");
  best_ = std::numeric_limits<double>::infinity() * (options.maximize ? -1 : 1);
}

bool ReduceLROnPlateau::better(double measure) const {
  const double t = options_.threshold;
  if (options_.maximize) return measure > (options_.absolute ? best_ + t : best_ * (t + 1));
  return measure < (options_.absolute ? best_ - t : best_ * (1 - t));
}

void ReduceLROnPlateau::step(double measure) {
  if (better(measure)) {
    best_ = measure;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience) return;
  for (int64_t g = 0; g < optimizer_->n_groups(); ++g) {
    double& lr = optimizer_->lr(g);
    const double after = std::max(lr * options_.factor, options_.min_lr);
    if (lr - after > options_.eps) lr = after;
  }
  cooldown_ = options_.cooldown;
  bad_epochs_ = 0;
}

}  // namespace gradus::optim

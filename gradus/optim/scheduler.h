// Schedules that move the learning rates of an optimizer: call step() after the optimizer's, once an epoch or a batch.
#pragma once
#include <cstdint>
#include <vector>

#include "gradus/optim/optimizer.h"

namespace gradus::optim {

/// Counts steps and sets the learning rate of every group. The optimizer must outlive it.
class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  LRScheduler(const LRScheduler&) = delete;
  /// Moves on by one.
  void step();
  /// The learning rates set last, one per group.
  const std::vector<double>& last_lr() const { return last_lr_; }
  int64_t last_epoch() const { return last_epoch_; }
  /// Continues after `epoch` steps with these learning rates, as get_last_lr and last_epoch gave them.
  void resume(int64_t epoch, const std::vector<double>& lr);

 protected:
  explicit LRScheduler(Optimizer& optimizer);
  /// The learning rate of epoch last_epoch() for a group, given its present one.
  virtual double rate(int64_t group, double lr) const = 0;
  double base_lr(int64_t group) const { return base_lrs_[static_cast<size_t>(group)]; }
  /// Sets the rates of epoch 0; the constructor of the schedule calls it last.
  void start();

 private:
  Optimizer* optimizer_;
  std::vector<double> base_lrs_, last_lr_;
  int64_t last_epoch_ = -1;
};

/// lr = initial lr · f(epoch), f being any function of an int64_t.
class LambdaLR : public LRScheduler {
 public:
  template <class F>
  LambdaLR(Optimizer& optimizer, F f)
      : LRScheduler(optimizer),
        held_(new F(static_cast<F&&>(f))),
        call_([](void* held, int64_t epoch) -> double { return (*static_cast<F*>(held))(epoch); }),
        drop_([](void* held) { delete static_cast<F*>(held); }) {
    start();
  }
  ~LambdaLR() override { drop_(held_); }

 protected:
  double rate(int64_t group, double) const override { return base_lr(group) * call_(held_, last_epoch()); }

 private:
  void* held_;
  double (*call_)(void*, int64_t);
  void (*drop_)(void*);
};

/// Multiplies by gamma every `step_size` epochs. ValueError unless step_size is positive.
class StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, int64_t step_size, double gamma = 0.1);

 protected:
  double rate(int64_t group, double lr) const override;

 private:
  int64_t step_size_;
  double gamma_;
};

/// Multiplies by gamma at every milestone; one that is given twice counts twice.
class MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, double gamma = 0.1);

 protected:
  double rate(int64_t group, double lr) const override;

 private:
  std::vector<int64_t> milestones_;
  double gamma_;
};

/// Multiplies by gamma every epoch.
class ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma);

 protected:
  double rate(int64_t group, double lr) const override;

 private:
  double gamma_;
};

/// Half a cosine from the initial learning rate to eta_min in t_max epochs, and back (Loshchilov and Hutter, 2017).
/// ValueError unless t_max is positive.
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, int64_t t_max, double eta_min = 0);

 protected:
  double rate(int64_t group, double lr) const override;

 private:
  int64_t t_max_;
  double eta_min_;
};

/// A factor that goes from start_factor to end_factor in total_iters epochs. ValueError for factors out of range.
class LinearLR : public LRScheduler {
 public:
  LinearLR(Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int64_t total_iters = 5);

 protected:
  double rate(int64_t group, double lr) const override;

 private:
  double start_, end_;
  int64_t total_;
};

/// Options of ReduceLROnPlateau.
struct PlateauOptions {
  bool maximize = false;  // the measure is better when it is larger
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
  bool absolute = false;  // the threshold is a difference, not a share of the best measure
  int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;  // reductions of at most this are not made
};

/// Multiplies by `factor` after `patience` epochs without a better measure. ValueError for a factor of one or more.
class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, PlateauOptions options = {});
  /// Takes the measure of an epoch.
  void step(double measure);
  double best() const { return best_; }
  bool in_cooldown() const { return cooldown_ > 0; }

 private:
  bool better(double measure) const;
  Optimizer* optimizer_;
  PlateauOptions options_;
  double best_;
  int64_t cooldown_ = 0, bad_epochs_ = 0;
};

}  // namespace gradus::optim

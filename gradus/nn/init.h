// Ways to fill parameters in place, draw for draw as PyTorch fills them. No gradient is recorded.
#pragma once
#include <string_view>

#include "gradus/core/rng.h"
#include "gradus/core/tensor.h"

/// Every function returns its tensor. Without a generator the default one is drawn from.
namespace gradus::nn::init {

/// The side of a weight (out, in, …) whose size the variance is kept through.
enum class Fan : uint8_t { In, Out };

const Tensor& uniform_(const Tensor& t, double a = 0, double b = 1, Generator* generator = nullptr);
const Tensor& normal_(const Tensor& t, double mean = 0, double std = 1, Generator* generator = nullptr);
const Tensor& constant_(const Tensor& t, double value);
const Tensor& ones_(const Tensor& t);
const Tensor& zeros_(const Tensor& t);
/// The identity; ValueError unless there are two dims.
const Tensor& eye_(const Tensor& t);

/// The factor on the standard deviation that keeps the variance through a nonlinearity: "linear", "conv2d", …,
/// "sigmoid", "tanh", "relu", "leaky_relu" (`param` is its slope), "selu". ValueError for others.
double calculate_gain(std::string_view nonlinearity, double param = 0.01);

/// Variance gain² · 2 / (fan_in + fan_out) (Glorot and Bengio, 2010). ValueError below two dims.
const Tensor& xavier_uniform_(const Tensor& t, double gain = 1, Generator* generator = nullptr);
const Tensor& xavier_normal_(const Tensor& t, double gain = 1, Generator* generator = nullptr);

/// Variance gain² / fan (He et al., 2015); `a` is the slope of a leaky rectifier. ValueError below two dims.
const Tensor& kaiming_uniform_(const Tensor& t, double a = 0, Fan mode = Fan::In,
                               std::string_view nonlinearity = "leaky_relu", Generator* generator = nullptr);
const Tensor& kaiming_normal_(const Tensor& t, double a = 0, Fan mode = Fan::In,
                              std::string_view nonlinearity = "leaky_relu", Generator* generator = nullptr);

/// N(mean, std²) kept within [a, b]. Where [a, b] holds more than 0.3 of the probability, draws outside it are drawn
/// again; otherwise candidates are uniform on [a, b] and accepted with the density's ratio to its peak.
const Tensor& trunc_normal_(const Tensor& t, double mean = 0, double std = 1, double a = -2, double b = 2,
                            Generator* generator = nullptr);

/// A (semi-)orthogonal matrix times `gain`: the Q of a normal matrix (out, everything else), in the turn that makes the
/// diagonal of R positive (Saxe et al., 2014). ValueError below two dims.
const Tensor& orthogonal_(const Tensor& t, double gain = 1, Generator* generator = nullptr);
/// Normal, then in each column a share `sparsity` of the rows, picked at random, is set to zero. ValueError unless
/// there are two dims.
const Tensor& sparse_(const Tensor& t, double sparsity, double std = 0.01, Generator* generator = nullptr);
/// A convolution weight (out, in, field...) that passes as many channels through as it can, in each of `groups` groups.
/// ValueError unless there are 3 to 5 dims and out is a multiple of groups.
const Tensor& dirac_(const Tensor& t, int64_t groups = 1);

/// Sizes of the two sides of a weight (out, in, …), times the size of its field. ValueError below two dims.
struct Fans {
  int64_t in, out;
};
Fans fans(const Tensor& t);

}  // namespace gradus::nn::init

// Pictures of the graph behind a tensor.
#pragma once
#include <string>

#include "gradus/nn/module.h"

namespace gradus::viz {

/// Operations with shape and dtype of their results and the bytes they keep for the backward pass, and the leaves they
/// start from, with the names given to them. Graphs of more than `limit` operations are cut off; the picture says so.
/// ValueError for an undefined tensor.
///
///     viz::svg(loss, nn::named_parameters(model))
std::string svg(const Tensor& root, const nn::NamedTensors& names = {}, int64_t limit = 400);

/// The same graph in the language of Graphviz.
std::string dot(const Tensor& root, const nn::NamedTensors& names = {}, int64_t limit = 400);

}  // namespace gradus::viz

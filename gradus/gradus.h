// All of Gradus for C++: tensors, operators, autograd, modules, optimizers, data.
#pragma once
#include "gradus/autograd/engine.h"
#include "gradus/core/rng.h"
#include "gradus/core/tensor.h"
#include "gradus/gen/functions.h"

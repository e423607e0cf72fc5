// All of Gradus for C++: tensors, operators, autograd, modules, optimizers, data, pictures.
#pragma once
#include "gradus/autograd/engine.h"
#include "gradus/core/rng.h"
#include "gradus/core/tensor.h"
#include "gradus/data/dataloader.h"
#include "gradus/data/progress.h"
#include "gradus/gen/functions.h"
#include "gradus/io/values.h"
#include "gradus/nn/init.h"
#include "gradus/nn/layers.h"
#include "gradus/nn/loss.h"
#include "gradus/nn/sequential.h"
#include "gradus/optim/optimizer.h"

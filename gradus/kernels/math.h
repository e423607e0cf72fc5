// Elementary functions for kernels: vectorisable by the compiler, the same bits on every target.
#pragma once

#include "gradus/kernels/math_base.h"
#include "gradus/kernels/math_f32.h"
#include "gradus/kernels/math_f64.h"
#include "gradus/kernels/math_inverse_f64.h"
#include "gradus/kernels/math_tile.h"
#include "gradus/kernels/math_trig_f32.h"
#include "gradus/kernels/math_trig_f64.h"

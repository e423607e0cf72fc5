// The loops of a fused program: dims ordered and merged once, when it is planned.
#include <algorithm>

#include "gradus/kernels/fused.h"
#include "gradus/kernels/nest.h"

namespace gradus {
namespace {

static_assert(Program::kMaxLoads + Program::kMaxStores <= WideNest::kMaxArrays);

// Appends dims [from, to) of the shape to the nest, innermost first. A Row array has one element per row.
void add_dims(WideNest& nest, const Program& p, const Segment& s, int from, int to) {
  const View& shape = s.view(p.shape);
  int64_t row_step = 1;
  for (int d = to - 1; d >= from; --d) {
    const int64_t size = shape.size_data()[d];
    if (size == 1) continue;
    const int at = nest.ndim++;
    nest.size[at] = size;
    int k = 0;
    const auto add = [&](uint16_t view, Program::Space space) {
      const View& v = s.view(view);
      const int own = d - (shape.ndim - v.ndim);
      if (space == Program::Row) nest.stride[k][at] = p.split >= 0 && d < p.split ? row_step : 0;
      else nest.stride[k][at] = own < 0 || v.size_data()[own] == 1 ? 0 : v.stride_data()[own];
      ++k;
    };
    for (const Program::Store& store : p.stores) add(store.view, store.space);
    for (const Program::Load& load : p.loads) add(load.layout, load.space);
    row_step *= size;
  }
}

void keep(Program& p, const WideNest& nest) {
  for (int d = 0; d < nest.ndim; ++d) p.sizes.push_back(nest.size[d]);
  p.n_dims += nest.ndim;
}

// The canonical order of reduce.h.
void prepare_fold(Program& p, Program::Accumulator& a, int64_t numel) {
  const int64_t item = item_size(a.dtype), lanes = gradus::lanes(item == 8 ? Acc::Double : Acc::Float);
  int64_t rows = 1;
  while (!a.all && rows * a.width < lanes) rows *= 2;
  a.lanes = a.all ? lanes : rows * a.width;
  a.chunk = kReduceChunk / lanes * a.lanes;
  a.n_chunks = (numel + a.chunk - 1) / a.chunk;
  a.count = numel / a.width;
  a.partials = p.partial_bytes;
  p.partial_bytes += (a.n_chunks * a.width * item + 63) / 64 * 64;
}

}  // namespace

void prepare_program(Program& p, const Segment& s) {
  if (p.entry >= 0) return;
  const int n = static_cast<int>(p.stores.size() + p.loads.size()), ndim = s.view(p.shape).ndim;
  WideNest parts[2];
  parts[0].n = parts[1].n = n;
  add_dims(parts[0], p, s, p.split < 0 ? 0 : p.split, ndim);
  arrange(parts[0]);
  if (p.split >= 0) {
    add_dims(parts[1], p, s, 0, p.split);
    arrange(parts[1]);
  }
  for (const WideNest& part : parts) keep(p, part);
  for (int k = 0; k < n; ++k)
    for (const WideNest& part : parts)
      for (int d = 0; d < part.ndim; ++d) p.strides.push_back(part.stride[k][d]);
  const auto widen = [&](DType t) { p.widest = item_size(t) > p.widest ? item_size(t) : p.widest; };
  for (const Program::Step& step : p.steps) widen(step.to);
  for (const Program::Load& load : p.loads) widen(load.as);
  for (Program::Accumulator& a : p.accumulators) prepare_fold(p, a, s.view(p.shape).numel);
  const int64_t row = p.split >= 0 && !p.sizes.empty() ? p.sizes[0] : 0;
  p.workspace = workspace_bytes(p, std::max(row, Program::kMaxTile));
}

}  // namespace gradus

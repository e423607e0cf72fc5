// How the loop of a fused program is cut, and the last step of its reductions.
#include <algorithm>
#include <numeric>

#include "gradus/kernels/fused.h"
#include "gradus/kernels/pool.h"

namespace gradus {
namespace {

constexpr int64_t kCacheBytes = 32 << 10;            // for the registers and buffers of a program
constexpr int64_t kRowBytes = 80 << 10;              // of rows, which have more to do at their ends
constexpr int64_t kNear = 2 << 20;                   // bytes of a loop that the second cache may still hold
constexpr int64_t kPastCaches = int64_t{128} << 20;  // bytes of a loop that no cache keeps
constexpr int64_t kMinTile = 256, kMaxTile = 2048;
constexpr double kStepNs = 0.12, kStreamNs = 0.12;  // per element, roughly: a cheap operation, an array

// Buffers of a tile's length: registers, what is loaded, numbers that are operands, columns.
int64_t buffers(const Program& p) {
  int64_t n = p.n_registers + static_cast<int64_t>(p.loads.size()) + 1;
  for (const Program::Const& c : p.consts) n += c.tiled;
  return n;
}

}  // namespace

FusedLoop::FusedLoop(const Program& program, const Segment& segment, char* partial_memory)
    : p(program), s(segment), partials(partial_memory) {
  inner = p.n_dims ? p.sizes[0] : 1;
  add_arrays();
  tile = tile_override();
  if (!tile) tile = choose_tile();
  const bool rows = p.split >= 0 || (p.n_dims > 1 && inner <= tile / 2);
  at_once = rows ? std::max<int64_t>(1, tile / inner) : 0;
  const int64_t all = p.n_dims > 1 ? p.sizes[1] : 1;
  first_outer = rows ? 2 : 1;
  per_outer = rows ? (all + at_once - 1) / at_once : (inner + tile - 1) / tile;
  if (rows) tile = std::max(tile, inner);
  blocks = per_outer;
  for (int d = first_outer; d < p.n_dims; ++d) blocks *= p.sizes[static_cast<size_t>(d)];
  streams = at_once == 0 && bytes >= kPastCaches && !overwrites();
  for (size_t i = 0; i < p.consts.size(); ++i) numbers[i] = s.entries[p.consts[i].entry].splats[p.consts[i].arg];
}

void FusedLoop::add_arrays() {
  int k = 0;
  bytes = 0;
  const auto add = [&](const View& v) {
    base[k] = v.raw();
    dtype[k++] = v.dtype;
    bytes += item_size(v.dtype) * s.view(p.shape).numel;
  };
  for (const Program::Store& store : p.stores) add(s.view(store.view));
  for (const Program::Load& load : p.loads) add(s.view(load.view));
}

// Short tiles leave no pauses in the stream from far memory, long ones cost fewer calls.
int64_t FusedLoop::choose_tile() const {
  if (p.n_dims < 2 && bytes >= kNear) return kMinTile;
  const int64_t one = p.widest * buffers(p), room = p.split < 0 ? kCacheBytes : kRowBytes;
  int64_t t = kMaxTile;
  while (t > kMinTile && t * one > room) t /= 2;
  return t;
}

// What is also read is in the cache anyway.
bool FusedLoop::overwrites() const {
  const auto n_stores = static_cast<int>(p.stores.size());
  for (int k = 0; k < n_stores; ++k)
    for (int i = n_stores; i < n_arrays(); ++i)
      if (base[k] == base[i]) return true;
  return false;
}

int64_t workspace_bytes(const Program& p, int64_t tile) {
  int64_t bytes = buffers(p) * (tile * 8 + 64);
  for (const Program::Accumulator& a : p.accumulators) bytes += a.lanes * 8 + 64;
  return bytes;
}

double FusedLoop::element_cost() const {
  return kStepNs * static_cast<double>(p.steps.size()) + kStreamNs * n_arrays();
}

int64_t FusedLoop::grain() const {
  const int64_t block = at_once ? at_once * inner : std::min(tile, inner);
  int64_t grain = std::max<int64_t>(1, grain_for(element_cost()) / block);
  for (const Program::Accumulator& a : p.accumulators) {
    const int64_t whole = std::lcm(a.chunk, block) / block;
    grain = (grain + whole - 1) / whole * whole;
  }
  return grain;
}

// Chunks combine as a pairwise tree over their index, in place.
void finish_folds(const FusedLoop& loop) {
  for (const Program::Accumulator& a : loop.p.accumulators) {
    const Acc acc = a.dtype == DType::Float64 ? Acc::Double : Acc::Float;
    const int m = static_cast<int>(monoid_of(a.reduction)), t = static_cast<int>(acc);
    const int64_t bytes = a.width * acc_size(acc);
    char* stack[64];
    int depth = 0;
    const auto merge = [&] {
      --depth;
      reductions().accumulate[m][t](stack[depth - 1], stack[depth], 1, 0, a.width);
    };
    for (int64_t c = 0; c < a.n_chunks; ++c) {
      stack[depth++] = loop.partials + a.partials + c * bytes;
      for (int64_t i = c; i & 1; i >>= 1) merge();
    }
    while (depth > 1) merge();
    if (a.reduction == Reduction::Mean) divide(stack[0], a.width, a.count, acc);
    __builtin_memcpy(loop.s.view(a.view).raw(), stack[0], static_cast<size_t>(bytes));
  }
}

}  // namespace gradus

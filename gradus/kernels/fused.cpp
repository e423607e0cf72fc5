// Runs fused programs: tile after tile through all steps, so that intermediate values stay in the cache.
#include "gradus/kernels/fused.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <new>

#include "gradus/kernels/pool.h"
#include "gradus/kernels/scratch.h"

namespace gradus {
namespace {

// Memory for tiles.
char* workspace(int64_t bytes) {
  static thread_local Scratch scratch;
  return scratch.get(bytes);
}

// Copies past the caches: nothing is read to be overwritten.
void stream_store(char* to, const char* from, int64_t bytes) {
#if defined(__SSE2__)
  if (reinterpret_cast<uintptr_t>(to) % sizeof(__m128i) == 0) {
    for (; bytes >= 64; bytes -= 64, from += 64, to += 64)
      for (int i = 0; i < 64; i += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
  }
#endif
  __builtin_memcpy(to, from, static_cast<size_t>(bytes));
}

class Runner {
 public:
  explicit Runner(const FusedLoop& loop, bool dense = false)
      : l_(loop), p_(loop.p), n_stores_(static_cast<int>(loop.p.stores.size())) {
    at_ = workspace(workspace_bytes(p_, loop.tile));
    step_ = loop.tile * 8;
    for (int i = 0; i < p_.n_registers; ++i) registers_[i] = take(step_);
    prepare_feeds(dense);
    prepare_numbers();
    for (size_t i = 0; i < p_.accumulators.size(); ++i) lanes_[i] = take(p_.accumulators[i].lanes * 8);
    column_ = take(step_);
  }

  Runner(const Runner&) = delete;
  /// What went past the caches is there before anybody is told that the loop is done.
  ~Runner() {
#if defined(__SSE2__)
    if (l_.streams) _mm_sfence();
#endif
  }

  /// Elements [begin, end) of all sets in turn.
  void run_over(const Strips& strips, int64_t begin, int64_t end) {
    const auto n = static_cast<size_t>(l_.n_arrays());
    auto set =
        static_cast<size_t>(std::upper_bound(strips.ends.begin(), strips.ends.end(), begin) - strips.ends.begin());
    for (int64_t first = set ? strips.ends[set - 1] : 0; first < end; first = strips.ends[set++]) {
      std::copy_n(strips.arrays.data() + set * n, n, at_array_);
      const int64_t from = std::max(begin, first) - first, to = std::min(end, strips.ends[set]) - first;
      for (int64_t start = from; start < to; start += l_.tile) run_piece(start, std::min(to - start, l_.tile), start);
    }
  }

  void run(int64_t begin, int64_t end) {
    const int n = l_.n_arrays(), first = l_.first_outer, nd = p_.n_dims;
    int64_t outer = begin / l_.per_outer, index[64];
    for (int k = 0; k < n; ++k) at_array_[k] = l_.base[k];
    for (int d = first; d < nd; ++d) {
      index[d] = outer % p_.sizes[d];
      outer /= p_.sizes[d];
      for (int k = 0; k < n; ++k) at_array_[k] += index[d] * p_.stride(k, d) * feeds_[k].bytes;
    }
    for (int64_t u = begin; u < end; ++u) {
      const int64_t inside = u % l_.per_outer;
      const int64_t start = inside * l_.tile;
      if (l_.at_once) run_block(u, inside * l_.at_once);
      else run_piece(start, std::min(l_.inner - start, l_.tile), u / l_.per_outer * l_.inner + start);
      if (inside + 1 < l_.per_outer) continue;
      for (int d = first; d < nd; ++d) {
        for (int k = 0; k < n; ++k) at_array_[k] += p_.stride(k, d) * feeds_[k].bytes;
        if (++index[d] < p_.sizes[d]) break;
        for (int k = 0; k < n; ++k) at_array_[k] -= p_.stride(k, d) * feeds_[k].bytes * p_.sizes[d];
        index[d] = 0;
      }
    }
    for (size_t i = 0; i < p_.accumulators.size(); ++i)
      if (position_ % p_.accumulators[i].chunk) close_chunk(static_cast<int>(i), position_ / p_.accumulators[i].chunk);
  }

 private:
  char* take(int64_t bytes) {
    char* p = at_;
    at_ += (bytes + 63) / 64 * 64;
    return p;
  }

  void prepare_feeds(bool dense) {
    const int next = p_.n_dims > 1 ? 1 : -1;
    for (int k = 0; k < l_.n_arrays(); ++k) {
      const bool store = k < n_stores_;
      const auto i = static_cast<size_t>(store ? k : k - n_stores_);
      const DType dtype = l_.dtype[k];
      const bool row = (store ? p_.stores[i].space : p_.loads[i].space) == Program::Row;
      const int64_t inner = dense ? 1 : p_.n_dims ? p_.stride(k, 0) : 0;
      const int64_t outer = next < 0 ? 0 : p_.stride(k, next);
      new (feeds_ + k) Feed;
      prepare(feeds_[k], inner, outer, dtype, store ? dtype : p_.loads[i].as, store, store ? nullptr : take(step_));
      if (!store && p_.loads[i].index != Program::Load::kNone) choose_rows(feeds_[k], p_.loads[i]);
      if (row) feeds_[k].direct = dtype == (store ? dtype : p_.loads[i].as) && outer == 1;
    }
  }

  void choose_rows(Feed& f, const Program::Load& load) const {
    const View &table = l_.s.view(load.view), &index = l_.s.view(load.index), &chosen = l_.s.view(load.layout);
    f.chosen = {reinterpret_cast<const int64_t*>(index.raw()), table.raw(), table.size_data()[0],
                table.stride_data()[0], chosen.numel / index.numel};
    f.direct = f.splat = false;
  }

  void prepare_numbers() {
    const int64_t n = l_.tile;
    for (size_t i = 0; i < p_.consts.size(); ++i) {
      const Program::Const& c = p_.consts[i];
      const Splat& splat = l_.numbers[i];
      numbers_[i] = splat.bytes;
      if (!c.tiled) continue;
      for (size_t j = 0; j < i; ++j) {
        const Program::Const& d = p_.consts[j];
        if (d.tiled && d.dtype == c.dtype && !__builtin_memcmp(l_.numbers[j].bytes, splat.bytes, sizeof splat.bytes))
          numbers_[i] = numbers_[j];
      }
      if (numbers_[i] != splat.bytes) continue;
      char* tile = take(step_);
      convert_fn(c.dtype, c.dtype)(tile, 1, splat.bytes, 0, n);
      numbers_[i] = tile;
    }
  }

  const void* argument(Program::Arg a) const {
    return a.kind == Program::Arg::Register ? values_[a.index]
           : a.kind == Program::Arg::Load   ? loaded_[a.index]
                                            : numbers_[a.index];
  }

  // All steps on `rows` rows of n elements; direct_[i] is where store i may be written at once.
  void steps(int64_t rows, int64_t n, int64_t position) {
    const int64_t all = rows * n;
    for (const Program::Step& s : p_.steps) {
      const void* in[kMaxFuseArgs];
      for (int k = 0; k < s.n_args; ++k) in[k] = argument(s.args[k]);
      if (s.accumulator >= 0) {
        accumulate(s.accumulator, in[0], all, position);
        continue;
      }
      void* out = s.store >= 0 && direct_[s.store] ? direct_[s.store] : registers_[s.dst];
      values_[s.dst] = out;
      const int64_t count = s.space == Program::Row ? rows : all;
      switch (s.kind) {
        case Program::Step::Tile: s.tile(out, in, count); break;
        case Program::Step::Convert:
          convert_fn(s.to, s.from)(out, 1, in[0], s.args[0].kind == Program::Arg::Const ? 0 : 1, count);
          break;
        case Program::Step::Widen: widen_rows(out, in[0], item_size(s.to), rows, n); break;
        case Program::Step::RowWise: row_wise(s, out, in[0], in[s.n_args - 1], rows, n); break;
        default: fold_rows(s, out, in[0], rows, n);
      }
    }
    position_ = position + all;
  }

  static void row_wise(const Program::Step& s, void* out, const void* a, const void* b, int64_t rows, int64_t n) {
    const int64_t bytes = n * item_size(s.to);
    for (int64_t r = 0; r < rows; ++r)
      s.row(static_cast<const char*>(a) + r * bytes, static_cast<const char*>(b) + r * bytes,
            static_cast<char*>(out) + r * bytes, n);
  }

  // One result per row: chunks of a row combine as a pairwise tree.
  static void fold_rows(const Program::Step& s, void* out, const void* in, int64_t rows, int64_t n) {
    const Acc acc = s.to == DType::Float64 ? Acc::Double : Acc::Float;
    const int m = static_cast<int>(monoid_of(s.reduction)), t = static_cast<int>(acc);
    const int64_t item = acc_size(acc);
    if (n <= kReduceChunk) {
      reductions().rows[m][t](in, rows, n, n, out);
    } else {
      for (int64_t r = 0; r < rows; ++r) {
        double slots[32];
        char* stack = reinterpret_cast<char*>(slots);
        int depth = 0;
        const auto merge = [&] {
          --depth;
          reductions().accumulate[m][t](stack + (depth - 1) * item, stack + depth * item, 1, 0, 1);
        };
        for (int64_t from = 0, chunk = 0; from < n; from += kReduceChunk, ++chunk) {
          const char* x = static_cast<const char*>(in) + (r * n + from) * item;
          reductions().rows[m][t](x, 1, std::min(n - from, kReduceChunk), 0, stack + depth++ * item);
          for (int64_t c = chunk; c & 1; c >>= 1) merge();
        }
        while (depth > 1) merge();
        __builtin_memcpy(static_cast<char*>(out) + r * item, stack, static_cast<size_t>(item));
      }
    }
    if (s.reduction == Reduction::Mean) divide(out, rows, n, acc);
  }

  // Element i of the loop goes to lane i mod `lanes` of its chunk.
  void accumulate(int index, const void* x, int64_t n, int64_t position) {
    const Program::Accumulator& a = p_.accumulators[static_cast<size_t>(index)];
    const Acc acc = a.dtype == DType::Float64 ? Acc::Double : Acc::Float;
    const int m = static_cast<int>(monoid_of(a.reduction)), t = static_cast<int>(acc);
    const int64_t item = acc_size(acc);
    const char* at = static_cast<const char*>(x);
    const auto add = [&](int64_t lane, int64_t rows, int64_t cols) {
      reductions().accumulate[m][t](lanes_[index] + lane * item, at, rows, cols, cols);
      at += rows * cols * item;
    };
    while (n > 0) {
      const int64_t in_chunk = position % a.chunk, lane = in_chunk % a.lanes;
      if (in_chunk == 0) reductions().identity[m][t](lanes_[index], a.lanes);
      const int64_t len = std::min(n, a.chunk - in_chunk), head = std::min(len, lane ? a.lanes - lane : 0);
      if (head) add(lane, 1, head);
      const int64_t body = (len - head) / a.lanes, tail = (len - head) % a.lanes;
      if (body) add(0, body, a.lanes);
      if (tail) add(0, 1, tail);
      position += len;
      n -= len;
      if (position % a.chunk == 0) close_chunk(index, position / a.chunk - 1);
    }
  }

  void close_chunk(int index, int64_t chunk) {
    const Program::Accumulator& a = p_.accumulators[static_cast<size_t>(index)];
    const Acc acc = a.dtype == DType::Float64 ? Acc::Double : Acc::Float;
    const int64_t item = acc_size(acc);
    for (int64_t half = a.lanes / 2; half >= a.width && half > 0; half /= 2)
      reductions().accumulate[static_cast<int>(monoid_of(a.reduction))][static_cast<int>(acc)](
          lanes_[index], lanes_[index] + half * item, 1, 0, half);
    __builtin_memcpy(l_.partials + a.partials + chunk * a.width * item, lanes_[index],
                     static_cast<size_t>(a.width * item));
  }

  // `position`: that of the first element in the whole loop.
  void run_piece(int64_t start, int64_t len, int64_t position) {
    for (size_t i = 0; i < p_.loads.size(); ++i) {
      Feed& f = feeds_[n_stores_ + static_cast<int>(i)];
      char* src = at_array_[n_stores_ + static_cast<int>(i)] + start * f.stride * f.bytes;
      loaded_[i] = f.direct ? src : f.buffer;
      if (f.chosen.index) {
        load_chosen(f, f.buffer, src, len);
        continue;
      }
      if (f.direct || (f.splat && f.held == src)) continue;
      f.convert(f.buffer, 1, src, f.stride, f.splat ? std::min(l_.inner, l_.tile) : len);
      f.held = src;
    }
    for (int i = 0; i < n_stores_; ++i)
      direct_[i] = feeds_[i].direct && !l_.streams ? at_array_[i] + start * feeds_[i].bytes : nullptr;
    steps(1, len, position);
    for (int i = 0; i < n_stores_; ++i) {
      const Feed& f = feeds_[i];
      const void* value = values_[p_.stores[static_cast<size_t>(i)].value];
      if (value == direct_[i]) continue;
      char* to = at_array_[i] + start * f.stride * f.bytes;
      if (f.direct && l_.streams) stream_store(to, static_cast<const char*>(value), len * f.bytes);
      else f.convert(to, f.stride, value, 1, len);
    }
  }

  void run_block(int64_t unit, int64_t start) {
    const int64_t all = p_.n_dims > 1 ? p_.sizes[1] : 1, n = l_.inner, rows = std::min(all - start, l_.at_once);
    for (size_t i = 0; i < p_.loads.size(); ++i) {
      Feed& f = feeds_[n_stores_ + static_cast<int>(i)];
      char* src = at_array_[n_stores_ + static_cast<int>(i)] + start * f.row * f.bytes;
      if (p_.loads[i].space == Program::Full) {
        loaded_[i] = load_block(f, src, rows, n, column_);
      } else {
        loaded_[i] = f.direct ? src : f.buffer;
        if (!f.direct) f.convert(f.buffer, 1, src, f.row, rows);
      }
    }
    for (int i = 0; i < n_stores_; ++i) {
      const Feed& f = feeds_[i];
      const bool dense = p_.stores[static_cast<size_t>(i)].space == Program::Row || f.row == n || all == 1;
      direct_[i] = f.direct && dense ? at_array_[i] + start * f.row * f.bytes : nullptr;
    }
    steps(rows, n, (unit / l_.per_outer * all + start) * n);
    for (int i = 0; i < n_stores_; ++i) {
      const Feed& f = feeds_[i];
      const void* value = values_[p_.stores[static_cast<size_t>(i)].value];
      if (value == direct_[i]) continue;
      char* dst = at_array_[i] + start * f.row * f.bytes;
      if (p_.stores[static_cast<size_t>(i)].space == Program::Row) f.convert(dst, f.row, value, 1, rows);
      else store_block(f, dst, value, rows, n);
    }
  }

  const FusedLoop& l_;
  const Program& p_;
  int n_stores_;
  int64_t step_, position_ = 0;
  char *at_, *column_;
  char* at_array_[Program::kMaxStores + Program::kMaxLoads];
  char* registers_[Program::kMaxSteps];
  char* lanes_[Program::kMaxStores];
  const void* values_[Program::kMaxSteps];  // what a register number stands for: a buffer, or memory written at once
  const void* loaded_[Program::kMaxLoads];
  const void* numbers_[Program::kMaxConsts];
  void* direct_[Program::kMaxStores];
  // Not initialised: a program pays for the arrays it has.
  alignas(Feed) unsigned char feed_memory_[(Program::kMaxStores + Program::kMaxLoads) * sizeof(Feed)];
  Feed* feeds_ = reinterpret_cast<Feed*>(feed_memory_);
};

// An entry alone in its group has a kernel of its own.
void run_alone(const Entry& e, const Segment& s) {
  View* in[kMaxFuseArgs];
  for (int k = 0; k < e.n_in; ++k) in[k] = e.in[k] == Entry::kNumber ? nullptr : s.views[e.in[k]].view;
  View* out[] = {s.views[e.out].view};
  Record r;
  r.run = e.run;
  r.info = e.info;
  r.out = out;
  r.in = in;
  r.splats = e.splats;
  r.splat_dtype = e.splat_dtype;
  r.n_out = 1;
  r.n_in = e.n_in;
  r.ints = e.ints;
  run_now(r);
}

}  // namespace

void reserve_workspace(int64_t bytes) {
  if (bytes) workspace(bytes);
}

void run_program(const Program& p, const Segment& s, char* partials) {
  if (p.entry >= 0) return run_alone(s.entries[static_cast<size_t>(p.entry)], s);
  const FusedLoop loop(p, s, partials);
  parallel_for(loop.blocks, loop.grain(), [&](int64_t begin, int64_t end) { Runner(loop).run(begin, end); });
  if (!p.accumulators.empty()) finish_folds(loop);
}

struct StripRun {
  Strips strips;
  FusedLoop fused;
  SplitLoop loop;
};

StripRun* start_program_over(const Program& p, const Segment& s, Strips&& strips) {
  auto* run = new StripRun{static_cast<Strips&&>(strips), FusedLoop(p, s, nullptr), {}};
  const FusedLoop& f = run->fused;
  const int64_t all = run->strips.ends.back();
  const int64_t grain = std::max(int64_t{1}, grain_for(f.element_cost()) / f.tile) * f.tile;
  const auto body = [](const void* x, int64_t begin, int64_t end) {
    const auto& self = *static_cast<const StripRun*>(x);
    Runner(self.fused, true).run_over(self.strips, begin, end);
  };
  run->loop.start(all, grain, static_cast<double>(all) * f.element_cost(), body, run);
  return run;
}

void finish_program_over(StripRun* run) noexcept { delete run; }

void run_program_on_this_thread(const Program& p, const Segment& s, char* partials) {
  const OnThisThread alone;
  run_program(p, s, partials);
}

}  // namespace gradus

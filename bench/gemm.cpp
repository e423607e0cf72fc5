// Matrix products on one thread against oneDNN (if its headers are there): GFLOP/s, measured in turns in one run.
#include "gradus/kernels/gemm.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <vector>

#include "gradus/kernels/target.h"

#if __has_include(<dnnl.hpp>)
#include <dnnl.hpp>
#include <unordered_map>
#define GRADUS_BENCH_ONEDNN 1
#endif

namespace {

using gradus::Gemm;

struct Case {
  int64_t m, n, k;
  bool transposed_b = false;
  gradus::DType dtype = gradus::kFloat32;
};

/// This thread's own time: what other programs take from the machine does not count.
double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

double seconds(const std::function<void()>& call, int64_t repeats) {
  const double begin = thread_seconds();
  for (int64_t i = 0; i < repeats; ++i) call();
  return (thread_seconds() - begin) / double(repeats);
}

constexpr int kRounds = 15;

/// Median seconds of each call over rounds in which the calls take turns.
std::vector<double> compete(const std::vector<std::function<void()>>& calls) {
  std::vector<int64_t> repeats;
  for (const auto& call : calls) {
    seconds(call, 3);
    repeats.push_back(std::max<int64_t>(1, int64_t(0.003 / seconds(call, 3))));
  }
  std::vector<std::vector<double>> times(calls.size());
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < calls.size(); ++i) times[i].push_back(seconds(calls[i], repeats[i]));
  std::vector<double> medians;
  for (auto& t : times) {
    std::nth_element(t.begin(), t.begin() + kRounds / 2, t.end());
    medians.push_back(t[kRounds / 2]);
  }
  return medians;
}

/// Memory aligned as a tensor's.
struct Buffer {
  void* data;
  explicit Buffer(int64_t bytes) : data(std::aligned_alloc(64, size_t(bytes + 63) / 64 * 64)) {}
  Buffer(const Buffer&) = delete;
  ~Buffer() { std::free(data); }
};

template <class T>
void fill(Buffer& to, int64_t n, std::mt19937& rng) {
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < n; ++i) static_cast<T*>(to.data)[i] = T(normal(rng));
}

struct Operands {
  Buffer a, b, c, d;  // c is ours, d the peer's
  explicit Operands(const Case& s) : a(s.m * s.k * 8), b(s.k * s.n * 8), c(s.m * s.n * 8), d(s.m * s.n * 8) {
    std::mt19937 rng(1);
    const auto set = [&](Buffer& to, int64_t n) {
      if (s.dtype == gradus::kFloat64) fill<double>(to, n, rng);
      else if (s.dtype == gradus::kBFloat16) fill<gradus::BFloat16>(to, n, rng);
      else fill<float>(to, n, rng);
    };
    set(a, s.m * s.k);
    set(b, s.k * s.n);
  }
};

Gemm describe(const Case& s, const Operands& o) {
  Gemm g;
  g.dtype = s.dtype;
  g.m = s.m, g.n = s.n, g.k = s.k;
  g.a = o.a.data, g.a_row = s.k, g.a_col = 1;
  g.b = o.b.data, g.b_row = s.transposed_b ? 1 : s.n, g.b_col = s.transposed_b ? s.k : 1;
  g.c = o.c.data, g.c_row = s.n, g.c_col = 1;
  return g;
}

#ifdef GRADUS_BENCH_ONEDNN
/// A prepared oneDNN product, its cheapest form of call.
std::function<void()> peer(const Case& s, Operands& o) {
  using namespace dnnl;
  static engine cpu(engine::kind::cpu, 0);
  static stream queue(cpu);
  const auto f32 = memory::data_type::f32;
  const memory::desc a({s.m, s.k}, f32, memory::format_tag::ab), c({s.m, s.n}, f32, memory::format_tag::ab);
  const memory::desc b({s.k, s.n}, f32, s.transposed_b ? memory::format_tag::ba : memory::format_tag::ab);
#if DNNL_VERSION_MAJOR >= 3
  const matmul product(matmul::primitive_desc(cpu, a, b, c));
#else
  const matmul product(matmul::primitive_desc(matmul::desc(a, b, c), cpu));
#endif
  const std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(a, cpu, o.a.data)},
                                                  {DNNL_ARG_WEIGHTS, memory(b, cpu, o.b.data)},
                                                  {DNNL_ARG_DST, memory(c, cpu, o.d.data)}};
  return [product, arguments] { product.execute(queue, arguments); };
}
#endif

void report(const Case& s) {
  Operands o(s);
  const Gemm g = describe(s, o);
  std::vector<std::function<void()>> calls{[g] { gradus::gemm(g); }};
#ifdef GRADUS_BENCH_ONEDNN
  if (s.dtype == gradus::kFloat32) calls.push_back(peer(s, o));
#endif
  const std::vector<double> t = compete(calls);
  const double flops = 2.0 * double(s.m) * double(s.n) * double(s.k);
  char shape[64];
  std::snprintf(shape, sizeof shape, "%ldx%ldx%ld%s", long(s.m), long(s.k), long(s.n), s.transposed_b ? "^T" : "");
  std::printf("%-18s %-8s %10.1f ns %8.1f", shape, gradus::name(s.dtype).data(), t[0] * 1e9, flops / t[0] / 1e9);
  if (t.size() > 1) std::printf(" %8.1f %6.2f", flops / t[1] / 1e9, t[1] / t[0]);
  std::printf("\n");
}

}  // namespace

int main(int, char** argv) {
  if (!std::getenv("OMP_NUM_THREADS")) {  // read when the peer's library is loaded: start over with one thread
    setenv("OMP_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
  }
  std::printf("target %s; rows x chain x columns; GFLOP/s\n", gradus::target_name());
  std::printf("%-18s %-8s %13s %8s %8s %6s\n", "shape", "type", "time", "gradus", "oneDNN", "ratio");
  const Case cases[] = {{8, 8, 8},
                        {16, 16, 16},
                        {32, 32, 32},
                        {64, 64, 64},
                        {100, 100, 100},
                        {128, 128, 128},
                        {256, 256, 256},
                        {512, 512, 512},
                        {1536, 1536, 1536},
                        {1, 256, 256},
                        {1, 256, 256, true},
                        {1, 4096, 4096},
                        {1, 4096, 4096, true},
                        {4, 256, 256},
                        {8, 4096, 1024},
                        {16, 1024, 1024, true},
                        {256, 1, 256},
                        {768, 512, 128},
                        {768, 128, 512},
                        {128, 512, 768, true},
                        {64, 10, 784},
                        {64, 128, 784, true},
                        {64, 64, 64, true},
                        {512, 512, 512, true},
                        {64, 64, 64, false, gradus::kFloat64},
                        {512, 512, 512, false, gradus::kFloat64},
                        {1, 256, 256, false, gradus::kFloat64},
                        {512, 512, 512, false, gradus::kBFloat16},
                        {512, 512, 512, false, gradus::kInt32}};
  for (const Case& c : cases) report(c);
  return 0;
}

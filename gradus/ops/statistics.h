// Counts and statistics: sums without NaN, quantiles, histograms, binary search, differences, covariance.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

/// x, with 0 for NaN.
struct NanToZero {
  static constexpr Op op{"_gradus_nan_to_zero(Tensor self) -> Tensor", "x, with 0 for NaN.", Kind::Promote, ""};
  static auto value(auto x) { return x != x ? decltype(x)(0) : x; }
};

struct Nansum {
  static constexpr Op op{
      "nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      "Sum over dims, NaN counting as 0.", Kind::Compound, "fmo"};
  static Tensor forward(const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<bool, 2>& keepdim);
};
struct Nanmean {
  static constexpr Op op{
      "nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      "Mean over dims of what is not NaN.", Kind::Composite, "fmo"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result);
};

struct CountNonzero {
  static constexpr Op op{"count_nonzero(Tensor self, int? dim=None) -> Tensor", "How many elements are not zero.",
                         Kind::Composite, "fm"};
};
inline constexpr Op count_nonzero_dims_op{"count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor",
                                          "How many elements over dims are not zero.", Kind::Composite, "fmp"};

struct Quantile {
  static constexpr Op op{
      "quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor",
      "Quantiles along a dim, or of all elements; NaN where there is one. The dim of q comes first.", Kind::Composite,
      "fmo"};
  static bool copies_out(const Tensor&, const Tensor&, std::optional<int64_t>, bool, std::string_view) { return true; }
  static void check_out(const Tensor& out, DType result);
};
struct QuantileScalar {
  static constexpr Op op{
      "quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> "
      "Tensor",
      "A quantile along a dim, or of all elements; NaN where there is one.", Kind::Composite, "fmo"};
  static bool copies_out(const Tensor&, double, std::optional<int64_t>, bool, std::string_view) { return true; }
  static void check_out(const Tensor& out, DType result) { Quantile::check_out(out, result); }
};
struct Nanquantile {
  static constexpr Op op{
      "nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor",
      "Quantiles of what is not NaN, along a dim or of all elements.", Kind::Composite, "fmo"};
  static bool copies_out(const Tensor&, const Tensor&, std::optional<int64_t>, bool, std::string_view) { return true; }
  static void check_out(const Tensor& out, DType result) { Quantile::check_out(out, result); }
};
struct NanquantileScalar {
  static constexpr Op op{
      "nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> "
      "Tensor",
      "A quantile of what is not NaN, along a dim or of all elements.", Kind::Composite, "fmo"};
  static bool copies_out(const Tensor&, double, std::optional<int64_t>, bool, std::string_view) { return true; }
  static void check_out(const Tensor& out, DType result) { Quantile::check_out(out, result); }
};

struct Bincount {
  static constexpr Op op{"bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor",
                         "How often each number occurs in a vector, or the sum of its weights.", Kind::Compound, "fm",
                         "torch::autograd::NotImplemented"};
  static Tensor forward(const Tensor& self, const Tensor& weights, int64_t minlength);
  static Tensor d1(const Tensor& g);
};
struct Histc {
  static constexpr Op op{"histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor",
                         "How many elements lie in each of the bins of equal width; min = max stands for the extrema.",
                         Kind::Composite, "fmo"};
  static void check_out(const Tensor& out, DType result);
};
/// Bins between given edges; from `range` on the edges are made. Python's front is torch.histogram.
struct HistogramBins {
  static constexpr Op op{
      "histogram.bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> (Tensor hist, "
      "Tensor bin_edges)",
      "How many elements, or how much weight, lies between neighbouring edges.", Kind::Compound, "fmo",
      "torch::autograd::NotImplemented"};
  static std::tuple<Tensor, Tensor> forward(const Tensor& self, const Tensor& bins, const Tensor& weight, bool density);
  static void write_out(const Tensor* outs, const Tensor& self, const Tensor& bins, const Tensor& weight, bool density);
  static Tensor d0(const Tensor& g);
};
struct HistogramCount {
  static constexpr Op op{
      "histogram.bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> "
      "(Tensor hist, Tensor bin_edges)",
      "How many elements, or how much weight, lies in each of the bins of equal width.", Kind::Compound, "fmop",
      "torch::autograd::NotImplemented"};
  static std::tuple<Tensor, Tensor> forward(const Tensor& self, int64_t bins, const OptFloatList& range,
                                            const Tensor& weight, bool density);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t bins, const OptFloatList& range,
                        const Tensor& weight, bool density);
  static Tensor d0(const Tensor& g);
};

struct Searchsorted {
  static constexpr Op op{
      "searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? "
      "side=None, Tensor? sorter=None) -> Tensor",
      "Where each value would be inserted into a sorted sequence: before its equals, or behind them.", Kind::Structured,
      "fo"};
  static void infer(Call& c, const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    const std::optional<std::string_view>& side, const Tensor& sorter);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& sorted_sequence, const Tensor& self, bool out_int32,
                        bool right, const std::optional<std::string_view>& side, const Tensor& sorter);
};
struct SearchsortedScalar {
  static constexpr Op op{
      "searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? "
      "side=None, Tensor? sorter=None) -> Tensor",
      "Where a number would be inserted into a sorted vector.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Tensor& sorted_sequence, Scalar self, bool out_int32, bool right,
                        const std::optional<std::string_view>& side, const Tensor& sorter);
};
struct Bucketize {
  static constexpr Op op{
      "bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
      "The bucket between sorted boundaries that each value falls into.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Tensor& self, const Tensor& boundaries, bool out_int32, bool right);
};
inline constexpr Op bucketize_scalar_op{
    "bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    "The bucket between sorted boundaries that a number falls into.", Kind::Composite, "f"};

struct IsinTensors {
  static constexpr Op op{
      "isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> "
      "Tensor",
      "Which elements are among the test elements.", Kind::Composite, "fo"};
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
};
struct IsinScalar {
  static constexpr Op op{
      "isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> "
      "Tensor",
      "Which elements equal a number.", Kind::Composite, "fo"};
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
};
struct ScalarIsin {
  static constexpr Op op{
      "isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> "
      "Tensor",
      "Whether a number is among the test elements.", Kind::Composite, "fo"};
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
};

struct Diff {
  static constexpr Op op{"diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor",
                         "Differences of neighbours along a dim, n times over.", Kind::Composite, "fmo"};
  static bool differentiable(const Tensor&, int64_t n, int64_t, const Tensor&, const Tensor&) { return n != 0; }
  static bool copies_out(const Tensor&, int64_t n, int64_t, const Tensor&, const Tensor&) { return n == 0; }
};
inline constexpr Op trapezoid_x_op{"trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
                                   "Integral of y over x by the trapezoidal rule.", Kind::Composite, "f"};
inline constexpr Op trapezoid_dx_op{"trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
                                    "Integral of y by the trapezoidal rule, samples dx apart.", Kind::Composite, "fp"};
inline constexpr Op trapz_x_op{"trapz.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", "Same as trapezoid.",
                               Kind::Composite, "f"};
inline constexpr Op trapz_dx_op{"trapz.dx(Tensor y, *, float dx=1., int dim=-1) -> Tensor", "Same as trapezoid.",
                                Kind::Composite, "fp"};
inline constexpr Op cumulative_trapezoid_x_op{"cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
                                              "Integrals of y over x up to each sample.", Kind::Composite, "f"};
inline constexpr Op cumulative_trapezoid_dx_op{
    "cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
    "Integrals of y up to each sample, samples dx apart.", Kind::Composite, "fp"};

inline constexpr Op gradient_int_op{
    "gradient.scalarint(Tensor self, *, Scalar? spacing=None, int? dim=None, int edge_order=1) -> Tensor[]",
    "Derivatives by central differences, along one dim or all.", Kind::Composite, "fp"};
inline constexpr Op gradient_array_op{"gradient.array(Tensor self, *, int[] dim, int edge_order=1) -> Tensor[]",
                                      "Derivatives by central differences along dims, samples one apart.",
                                      Kind::Composite, "fp"};
inline constexpr Op gradient_scalararray_op{
    "gradient.scalararray(Tensor self, *, Scalar spacing, int[] dim, int edge_order=1) -> Tensor[]",
    "Derivatives by central differences along dims, samples equally spaced.", Kind::Composite, "fp"};
inline constexpr Op gradient_scalarrayint_op{
    "gradient.scalarrayint(Tensor self, *, Scalar[] spacing, int? dim=None, int edge_order=1) -> Tensor[]",
    "Derivatives by central differences, a spacing for each dim.", Kind::Composite, "fp"};
inline constexpr Op gradient_scalarrayarray_op{
    "gradient.scalarrayarray(Tensor self, *, Scalar[] spacing, int[] dim, int edge_order=1) -> Tensor[]",
    "Derivatives by central differences along dims, a spacing for each.", Kind::Composite, "fp"};
inline constexpr Op gradient_tensorarrayint_op{
    "gradient.tensorarrayint(Tensor self, *, Tensor[] spacing, int? dim=None, int edge_order=1) -> Tensor[]",
    "Derivatives by differences, coordinates given for each dim.", Kind::Composite, "fp"};
inline constexpr Op gradient_tensorarray_op{
    "gradient.tensorarray(Tensor self, *, Tensor[] spacing, int[] dim, int edge_order=1) -> Tensor[]",
    "Derivatives by differences along dims, coordinates given for each.", Kind::Composite, "fp"};

inline constexpr Op cov_op{
    "cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor",
    "Covariances of the rows of a matrix; columns are observations.", Kind::Composite, "fm"};
inline constexpr Op corrcoef_op{"corrcoef(Tensor self) -> Tensor", "Correlations of the rows of a matrix.",
                                Kind::Composite, "fm"};

}  // namespace gradus

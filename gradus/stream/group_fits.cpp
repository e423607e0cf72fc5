// Whether an entry can join a group.
#include "gradus/stream/group.h"

namespace gradus {
namespace {

// Sizes and strides of a view over the dims of a shape that it broadcasts to.
int64_t size_at(const View& v, const View& shape, int d) {
  const int own = d - (shape.ndim - v.ndim);
  return own < 0 ? 1 : v.size_data()[own];
}
int64_t stride_at(const View& v, const View& shape, int d) {
  const int own = d - (shape.ndim - v.ndim);
  return own < 0 || v.size_data()[own] == 1 ? 0 : v.stride_data()[own];
}

// The dims [from, to) of the shape are one loop for the view.
bool merges(const View& v, const View& shape, int from, int to) {
  int64_t expected = -1;
  for (int d = to - 1; d >= from; --d) {
    const int64_t n = shape.size_data()[d];
    if (n == 1) continue;
    const int64_t stride = stride_at(v, shape, d);
    if (expected >= 0 && stride != expected) return false;
    expected = stride * n;
  }
  return true;
}

int64_t product(const View& v, int from, int to) {
  int64_t n = 1;
  for (int d = from; d < to; ++d) n *= v.size_data()[d];
  return n;
}

}  // namespace

int64_t Group::rows() const { return product(shape(), 0, p_.split); }
int64_t Group::columns() const { return product(shape(), p_.split, shape().ndim); }

bool Group::full_fits(uint16_t v, int split, bool in_order) const {
  const View &w = view(v), &s = shape();
  if (split < 0) return !in_order || merges(w, s, 0, s.ndim);
  return merges(w, s, split, s.ndim) && (!in_order || merges(w, s, 0, split));
}

// What the group has so far, seen as rows from `split` on.
bool Group::all_fit(int split, bool in_order) const {
  for (const Program::Load& l : p_.loads)
    if (l.space == Program::Full && !full_fits(l.layout, split, in_order)) return false;
  for (const Out& o : outs_)
    if (!o.folded && o.space == Program::Full && !full_fits(o.view, split, in_order)) return false;
  return true;
}

// `in` gives every row of the shape the element of `written`, one per row and dense, that belongs to it.
bool Group::is_row_of(const View& in, const View& written) const {
  const View& s = shape();
  if (in.offset != written.offset || in.dtype != written.dtype || in.ndim > s.ndim) return false;
  for (int d = p_.split; d < s.ndim; ++d)
    if (size_at(in, s, d) != 1 && stride_at(in, s, d) != 0) return false;
  int64_t step = 1;
  for (int d = p_.split - 1; d >= 0; --d) {
    const int64_t n = s.size_data()[d];
    if (n == 1) continue;
    if (stride_at(in, s, d) != step) return false;
    step *= n;
  }
  return true;
}

// Computed once per row: dense, one element per row, from at least one such value of the group.
bool Group::is_row_entry(const Entry& e) const {
  if (p_.split < 0 || (e.fuse->kind != FuseInfo::Pointwise && e.fuse->kind != FuseInfo::Copy)) return false;
  const View& out = view(e.out);
  if (out.numel != rows() || !out.contiguous) return false;
  bool uses = false;
  for (int k = 0; k < e.n_in; ++k) {
    if (e.in[k] == Entry::kNumber) continue;
    const View& in = view(e.in[k]);
    if (in.numel != rows() || !in.contiguous || !(in.sizes() == out.sizes())) return false;
    if (const Out* o = out_of(slot(e.in[k]))) uses |= o->space == Program::Row && !o->folded;
  }
  return uses;
}

bool Group::loads_slot(uint16_t slot) const {
  for (const Program::Load& l : p_.loads)
    if (this->slot(l.view) == slot || (l.index != l.kNone && this->slot(l.index) == slot)) return true;
  return false;
}

bool Group::relates(const Entry& e) const {
  for (int k = 0; k < e.n_in; ++k)
    if (e.in[k] != Entry::kNumber && (out_of(slot(e.in[k])) || loads_slot(slot(e.in[k])))) return true;
  return out_of(slot(e.out));
}

bool Group::reads_fit(const Entry& e, Program::Space space) const {
  for (int k = 0; k < e.n_in; ++k) {
    if (e.in[k] == Entry::kNumber) continue;
    const View& in = view(e.in[k]);
    if (const Out* o = out_of(slot(e.in[k]))) {
      if (o->folded) return false;
      if (o->space == Program::Full && (space != Program::Full || !same_layout(in, view(o->view)))) return false;
      if (o->space == Program::Row && space == Program::Full && !is_row_of(in, view(o->view))) return false;
      if (o->space == Program::Row && space == Program::Row &&
          (in.offset != view(o->view).offset || in.dtype != view(o->view).dtype))
        return false;
    } else if (space == Program::Full && !full_fits(e.in[k], p_.split, p_.in_order)) {
      return false;
    }
  }
  return true;
}

// Rows are chosen from memory that the group leaves alone.
bool Group::chooses_from_outside(const Entry& e) const {
  return !out_of(slot(e.in[0])) && !out_of(slot(e.in[1])) && slot(e.in[0]) != slot(e.out) &&
         slot(e.in[1]) != slot(e.out);
}

bool Group::write_fits(const Entry& e, Program::Space space) const {
  const View& out = view(e.out);
  if (const Out* o = out_of(slot(e.out)))
    if (o->folded || o->space != space || !same_layout(out, view(o->view))) return false;
  for (const Program::Load& l : p_.loads)
    if (l.index != l.kNone ? slot(l.view) == slot(e.out) || slot(l.index) == slot(e.out)
                           : slot(l.view) == slot(e.out) && (l.space != space || !same_layout(view(l.view), out)))
      return false;
  return space == Program::Row || full_fits(e.out, p_.split, p_.in_order);
}

bool Group::has_room(const Entry& e) const {
  size_t loads = 0, consts = 0;
  for (int k = 0; k < e.n_in; ++k)
    if (e.in[k] == Entry::kNumber) ++consts;
    else if (!out_of(slot(e.in[k]))) ++loads;
  return p_.loads.size() + loads <= Program::kMaxLoads && p_.consts.size() + consts <= Program::kMaxConsts &&
         p_.steps.size() + 2 * e.n_in + 2 <= Program::kMaxSteps && outs_.size() < Program::kMaxStores;
}

bool Group::fold_fits(const Entry& e, int& split, bool& in_order) const {
  const View& in = view(e.in[0]);
  if (!(in.sizes() == shape().sizes())) return false;
  const Fold f = fold_of(in.sizes(), static_cast<uint64_t>(e.ints[0]));
  split = p_.split;
  in_order = p_.in_order || f.kind != Fold::Row;
  if (f.kind == Fold::All) {
    if (all_fit(split, true)) return true;
    if (p_.split >= 0) return false;
    split = in.ndim - 1;
    return in.size_data()[split] > 1 && in.size_data()[split] <= kMaxFusedRow && all_fit(split, true);
  }
  if (p_.split >= 0 && product(in, f.split, in.ndim) != columns()) return false;
  if (p_.split < 0) split = f.split;
  return all_fit(split, in_order);
}

// Seen as rows of the last dim.
bool Group::row_wise_fits(const Entry& e, int& split) const {
  const View& out = view(e.out);
  split = p_.split < 0 ? out.ndim - 1 : p_.split;
  if (product(out, split, out.ndim) != out.size_data()[out.ndim - 1] || !all_fit(split, p_.in_order)) return false;
  for (int k = 0; k < e.n_in; ++k)
    if (!out_of(slot(e.in[k])) && !full_fits(e.in[k], split, p_.in_order)) return false;
  return full_fits(e.out, split, p_.in_order);
}

bool Group::fits(const Entry& e) const {
  if (!has_room(e) || n_entries_ >= Program::kMaxSteps) return false;
  if (e.fuse->kind == FuseInfo::Reduce) {
    int split;
    bool in_order;
    if (out_of(slot(e.out)) || loads_slot(slot(e.out)) || !fold_fits(e, split, in_order)) return false;
    return reads_fit(e, Program::Full);
  }
  int split;
  if (e.fuse->kind == FuseInfo::RowWise && !(view(e.out).sizes() == shape().sizes() && row_wise_fits(e, split)))
    return false;
  if (view(e.out).sizes() == shape().sizes())
    return (e.fuse->kind == FuseInfo::Lookup ? chooses_from_outside(e) : reads_fit(e, Program::Full)) &&
           write_fits(e, Program::Full);
  return is_row_entry(e) && reads_fit(e, Program::Row) && write_fits(e, Program::Row);
}

}  // namespace gradus

// Appending entries to a group, and the program that comes of it.
#include "gradus/stream/group.h"

#include <algorithm>

namespace gradus {

Group::Group(const Segment& segment, const Entry& first, int index, std::vector<Place>& places)
    : s_(segment), places_(places), index_(index) {
  p_.shape = first.fuse->kind == FuseInfo::Reduce ? first.in[0] : first.out;
  p_.loads.reserve(4);
  p_.consts.reserve(8);
  p_.steps.reserve(16);
  outs_.reserve(16);
}

// An earlier step that computes what `wanted` would.
const Program::Step* Group::same_step(const Step& wanted) const {
  for (const Step& s : p_.steps) {
    if (s.kind != wanted.kind || s.tile != wanted.tile || s.row != wanted.row || s.to != wanted.to ||
        s.from != wanted.from || s.space != wanted.space || s.reduction != wanted.reduction ||
        s.n_args != wanted.n_args)
      continue;
    if (std::equal(s.args, s.args + s.n_args, wanted.args)) return &s;
  }
  return nullptr;
}

// The step with a register of its own.
Program::Step& Group::add(const Step& s) {
  Step& added = p_.steps.emplace_back(s);
  dtype_[n_values_] = s.to;
  space_[n_values_] = s.space;
  added.dst = static_cast<uint8_t>(n_values_++);
  return added;
}

// The value in another type, converted once.
Program::Arg Group::converted(Arg a, DType to) {
  if (a.kind != Arg::Register || dtype_[a.index] == to) return a;
  const Step wanted{
      .kind = Step::Convert, .space = space_[a.index], .to = to, .from = dtype_[a.index], .n_args = 1, .args = {a}};
  const Step* same = same_step(wanted);
  return {Arg::Register, same ? same->dst : add(wanted).dst};
}

// A value per row as one per element.
Program::Arg Group::widened(Arg a) {
  const DType type = dtype_[a.index];
  const Step wanted{.kind = Step::Widen, .to = type, .from = type, .n_args = 1, .args = {a}};
  const Step* same = same_step(wanted);
  return {Arg::Register, same ? same->dst : add(wanted).dst};
}

Program::Arg Group::load(const Program::Load& wanted) {
  for (size_t i = 0; i < p_.loads.size(); ++i) {
    const Program::Load& l = p_.loads[i];
    if (l.as == wanted.as && l.space == wanted.space && l.view == wanted.view && l.index == wanted.index)
      return {Arg::Load, static_cast<uint8_t>(i)};
  }
  p_.loads.push_back(wanted);
  return {Arg::Load, static_cast<uint8_t>(p_.loads.size() - 1)};
}

Program::Arg Group::number(const Entry& e, int index, int k) {
  const bool tiled = e.fuse->kind == FuseInfo::Copy || e.fuse->moves(k);
  p_.consts.push_back({static_cast<uint16_t>(index), static_cast<uint8_t>(k), tiled, e.splat_dtype});
  return {Arg::Const, static_cast<uint8_t>(p_.consts.size() - 1)};
}

// Operands are read in the compute type; copies convert straight to the type of the result.
Program::Arg Group::argument(const Entry& e, int index, int k, Program::Space space) {
  if (e.in[k] == Entry::kNumber) return number(e, index, k);
  const DType as = e.fuse->kind == FuseInfo::Pointwise ? e.fuse->compute : view(e.out).dtype;
  const Out* o = out_of(slot(e.in[k]));
  if (!o) return load({e.in[k], space, as, e.in[k]});
  const Arg a = converted({Arg::Register, o->value}, as);
  return space == Program::Full && o->space == Program::Row ? widened(a) : a;
}

void Group::set_out(const Entry& e, uint8_t value, Program::Space space, bool folded) {
  Out* o = out_of(slot(e.out));
  if (!o) {
    places_[slot(e.out)] = {index_, static_cast<int>(outs_.size())};
    o = &outs_.emplace_back(Out{slot(e.out), e.out, value, space, folded});
  }
  o->value = value;
  o->view = e.out;
}

void Group::append_fold(const Entry& e, int index) {
  int split;
  bool in_order;
  fold_fits(e, split, in_order);
  p_.split = static_cast<int8_t>(split);
  p_.in_order = in_order;
  const Fold f = fold_of(shape().sizes(), static_cast<uint64_t>(e.ints[0]));
  const Arg from = argument(e, index, 0, Program::Full);
  const DType type = view(e.out).dtype;
  Step s{.to = type, .from = type, .reduction = e.fuse->reduction, .n_args = 1, .args = {from}};
  if (f.kind == Fold::Row) {
    s.kind = Step::FoldRow;
    s.space = Program::Row;
    return set_out(e, add(s).dst, Program::Row, false);
  }
  s.kind = f.kind == Fold::All ? Step::FoldAll : Step::FoldColumn;
  s.accumulator = static_cast<int8_t>(p_.accumulators.size());
  p_.accumulators.push_back(
      {e.out, f.kind == Fold::All, type, e.fuse->reduction, f.kind == Fold::All ? 1 : view(e.out).numel});
  set_out(e, add(s).dst, Program::Full, true);
}

// What the entry computes, element by element or row by row.
Program::Step Group::step_of(const Entry& e, int index, Program::Space space) {
  const FuseInfo& f = *e.fuse;
  const bool pointwise = f.kind == FuseInfo::Pointwise, copies = f.kind == FuseInfo::Copy || f.kind == FuseInfo::Lookup;
  const DType made = !pointwise ? view(e.out).dtype : f.bool_result ? DType::Bool : f.compute;
  Step s{.kind = copies      ? Step::Convert
                 : pointwise ? Step::Tile
                             : Step::RowWise,
         .space = space,
         .to = made,
         .from = made,
         .n_args = e.n_in,
         .tile = f.tile,
         .row = f.row};
  if (f.kind == FuseInfo::Lookup) {
    s.n_args = 1;
    s.args[0] = load({e.in[0], space, made, e.out, e.in[1]});
  } else {
    for (int k = 0; k < e.n_in; ++k) s.args[k] = argument(e, index, k, space);
  }
  return s;
}

bool Group::append(const Entry& e, int index) {
  only_ = n_entries_++ == 0 ? index : -1;
  if (e.fuse->kind == FuseInfo::Reduce) return append_fold(e, index), true;
  if (e.fuse->kind == FuseInfo::RowWise) {
    int split;
    row_wise_fits(e, split);
    p_.split = static_cast<int8_t>(split);
  }
  const auto space = view(e.out).sizes() == shape().sizes() ? Program::Full : Program::Row;
  const Step wanted = step_of(e, index, space);
  if (wanted.kind == Step::Convert && wanted.args[0].kind == Arg::Register) {  // it is there already
    set_out(e, wanted.args[0].index, space, false);
    return true;
  }
  const Step* same = same_step(wanted);
  const uint8_t value = same ? same->dst : add(wanted).dst;
  set_out(e, converted({Arg::Register, value}, view(e.out).dtype).index, space, false);
  return !same;
}

// Whether a step behind this one reads memory of the slot.
bool Group::reads_later(size_t step, uint16_t slot) const {
  for (size_t i = step + 1; i < p_.steps.size(); ++i)
    for (int k = 0; k < p_.steps[i].n_args; ++k) {
      const Arg a = p_.steps[i].args[k];
      if (a.kind == Arg::Load && this->slot(p_.loads[a.index].view) == slot) return true;
    }
  return false;
}

// A register is free after the last step that reads it; what is stored stays to the end.
void Group::assign_registers() {
  int last_use[kMaxValues], free_after[kMaxValues];
  uint8_t assigned[kMaxValues];
  int8_t store_of[kMaxValues];
  std::fill_n(last_use, n_values_, -1);
  std::fill_n(store_of, n_values_, int8_t{-1});
  const int n_steps = static_cast<int>(p_.steps.size());
  for (int i = 0; i < n_steps; ++i)
    for (int k = 0; k < p_.steps[i].n_args; ++k)
      if (p_.steps[i].args[k].kind == Arg::Register) last_use[p_.steps[i].args[k].index] = i;
  for (size_t i = 0; i < p_.stores.size(); ++i) {
    last_use[p_.stores[i].value] = n_steps;
    store_of[p_.stores[i].value] = static_cast<int8_t>(i);
  }
  int n = 0;
  for (int i = 0; i < n_steps; ++i) {
    Step& s = p_.steps[i];
    for (int k = 0; k < s.n_args; ++k)
      if (s.args[k].kind == Arg::Register) s.args[k].index = assigned[s.args[k].index];
    if (s.accumulator >= 0) continue;
    int r = 0;
    while (r < n && free_after[r] >= i) ++r;
    if (r == n) ++n;
    free_after[r] = std::max(last_use[s.dst], i);
    assigned[s.dst] = static_cast<uint8_t>(r);
    s.store = store_of[s.dst];
    if (s.store >= 0 && reads_later(static_cast<size_t>(i), slot(p_.stores[s.store].view))) s.store = -1;
    s.dst = static_cast<uint8_t>(r);
  }
  for (Program::Store& store : p_.stores) store.value = assigned[store.value];
  p_.n_registers = n;
}

Program Group::finish() {
  if (n_entries_ == 1 && !s_.traced) {
    Program alone;
    alone.entry = only_;
    alone.shape = p_.shape;
    return alone;
  }
  for (const Out& o : outs_)
    if (!o.folded && o.needed) p_.stores.push_back({o.view, o.space, o.value});
  assign_registers();
  return static_cast<Program&&>(p_);
}

}  // namespace gradus

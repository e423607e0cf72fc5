// A group under construction: entries are appended one by one as long as they fit.
#pragma once
#include "gradus/stream/plan.h"

namespace gradus {

/// Where the newest value of a storage is: which result of which group.
struct Place {
  int group = -1;
  int out = 0;
};

class Group {
 public:
  /// A value that the group gives to a storage.
  struct Out {
    uint16_t slot, view;
    uint8_t value;
    Program::Space space;
    bool folded;          // it is there only when the group has run
    bool needed = false;  // in memory
  };

  /// `places`: of all slots, kept up to date as entries are appended. A group is only asked for slots that no later
  /// group has written.
  Group(const Segment& segment, const Entry& first, int index, std::vector<Place>& places);
  /// Whether the entry can be computed along: its shape, the layouts in which it uses memory that the group uses, room.
  bool fits(const Entry& e) const;
  /// Whether the group has something that the entry reads.
  bool relates(const Entry& e) const;
  /// False if an earlier step has computed the same.
  bool append(const Entry& e, int index);
  Out* out_of(uint16_t slot) {
    return places_[slot].group == index_ ? &outs_[static_cast<size_t>(places_[slot].out)] : nullptr;
  }
  const Out* out_of(uint16_t slot) const { return const_cast<Group*>(this)->out_of(slot); }
  std::vector<Out>& outs() { return outs_; }
  const std::vector<Program::Load>& loads() const { return p_.loads; }
  bool loads_slot(uint16_t slot) const;
  /// The program; `outs()` must say by then what is needed.
  Program finish();

 private:
  static constexpr int kMaxValues = Program::kMaxSteps;
  using Arg = Program::Arg;
  using Step = Program::Step;
  const View& view(uint16_t v) const { return s_.view(v); }
  uint16_t slot(uint16_t v) const { return s_.views[v].slot; }
  const View& shape() const { return view(p_.shape); }
  int64_t rows() const;
  int64_t columns() const;
  bool full_fits(uint16_t v, int split, bool in_order) const;
  bool all_fit(int split, bool in_order) const;
  bool is_row_of(const View& in, const View& written) const;
  bool is_row_entry(const Entry& e) const;
  bool chooses_from_outside(const Entry& e) const;
  bool row_wise_fits(const Entry& e, int& split) const;
  bool reads_fit(const Entry& e, Program::Space space) const;
  bool write_fits(const Entry& e, Program::Space space) const;
  bool has_room(const Entry& e) const;
  bool fold_fits(const Entry& e, int& split, bool& in_order) const;
  Arg argument(const Entry& e, int index, int k, Program::Space space);
  Arg load(const Program::Load& wanted);
  Arg number(const Entry& e, int index, int k);
  Arg widened(Arg a);
  Arg converted(Arg a, DType to);
  Step& add(const Step& s);
  const Step* same_step(const Step& wanted) const;
  void append_fold(const Entry& e, int index);
  Step step_of(const Entry& e, int index, Program::Space space);
  void set_out(const Entry& e, uint8_t value, Program::Space space, bool folded);
  bool reads_later(size_t step, uint16_t slot) const;
  void assign_registers();

  const Segment& s_;
  std::vector<Place>& places_;
  Program p_;
  std::vector<Out> outs_;
  int index_, n_values_ = 0, n_entries_ = 0, only_ = -1;
  DType dtype_[kMaxValues];
  Program::Space space_[kMaxValues];
};

}  // namespace gradus

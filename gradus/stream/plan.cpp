// Planning of a segment: dead entries out, the rest into groups, in one pass.
#include "gradus/stream/plan.h"

#include <algorithm>
#include <memory>

#include "gradus/stream/group.h"

namespace gradus {
namespace {

constexpr int kLookBack = 6;  // groups that an entry may still join

bool covers_storage(const View& v) {
  return v.contiguous && v.offset == 0 && v.numel * item_size(v.dtype) == v.storage->bytes;
}

class Planner {
 public:
  explicit Planner(const Segment& s)
      : s_(s), needed_(s.entries.size()), slots_(s.slots.size()), places_(s.slots.size()) {}

  Plan run() {
    Plan plan;
    plan.dead = find_needed();
    plan.group_of.assign(s_.entries.size(), -1);
    for (size_t i = 0; i < s_.entries.size(); ++i)
      if (needed_[i]) place(s_.entries[i], static_cast<int>(i), plan);
    for (size_t slot = 0; slot < slots_.size(); ++slot)
      if (s_.live[slot] && places_[slot].group >= 0) need(static_cast<uint16_t>(slot));
    plan.programs.reserve(groups_.size());
    for (auto& g : groups_) {
      for (const Group::Out& o : g->outs())
        if (o.needed) slots_[o.slot].memory = true;
      plan.programs.push_back(g->finish());
    }
    place_in_memory(plan);
    for (Program& p : plan.programs) {
      prepare_program(p, s_);
      plan.partials = std::max(plan.partials, p.partial_bytes);
      plan.workspace = std::max(plan.workspace, p.workspace);
    }
    plan.key = s_.key;
    return plan;
  }

 private:
  struct SlotState {
    int reader = -1, first = -1;  // the last group that reads it, the first that uses it
    bool wanted = false, memory = false;
  };

  uint16_t slot(uint16_t v) const { return s_.views[v].slot; }

  // Backwards: an entry is needed if somebody can see what it writes.
  int find_needed() {
    for (size_t i = 0; i < slots_.size(); ++i) slots_[i].wanted = s_.live[i];
    int dead = 0;
    for (size_t i = s_.entries.size(); i-- > 0;) {
      const Entry& e = s_.entries[i];
      SlotState& out = slots_[slot(e.out)];
      needed_[i] = out.wanted;
      if (!out.wanted) {
        ++dead;
        continue;
      }
      if (covers_storage(s_.view(e.out))) out.wanted = false;
      for (int k = 0; k < e.n_in; ++k)
        if (e.in[k] != Entry::kNumber) slots_[slot(e.in[k])].wanted = true;
    }
    return dead;
  }

  // A slot that nobody sees afterwards may take the memory of one that is done with before it begins.
  void place_in_memory(Plan& plan) {
    std::vector<uint16_t> passing;
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      if (!slots_[slot].memory) continue;
      const auto number = static_cast<uint16_t>(slot);
      (s_.live[slot] ? plan.slots : passing).push_back(number);
    }
    std::sort(passing.begin(), passing.end(), [&](auto a, auto b) { return slots_[a].first < slots_[b].first; });
    struct Room {
      uint16_t owner;
      int free_after;
    };
    std::vector<Room> rooms;
    for (uint16_t slot : passing) {
      const SlotState& state = slots_[slot];
      const int last = std::max(places_[slot].group, state.reader);
      const auto fits = [&](const Room& r) {
        return r.free_after < state.first && s_.slots[r.owner].storage->bytes == s_.slots[slot].storage->bytes;
      };
      const auto room = std::find_if(rooms.begin(), rooms.end(), fits);
      if (room == rooms.end()) {
        rooms.push_back({slot, last});
        plan.slots.push_back(slot);
      } else {
        plan.reuses.emplace_back(slot, room->owner);
        room->free_after = last;
      }
    }
  }

  // What the last writer gives to the slot has to be in memory.
  void need(uint16_t slot) {
    const int writer = places_[slot].group;
    if (writer >= 0) groups_[static_cast<size_t>(writer)]->out_of(slot)->needed = true;
    slots_[slot].memory = true;
  }

  // No later group writes what the entry reads, or uses what it writes.
  bool may_move_to(const Entry& e, int group) const {
    for (int k = 0; k < e.n_in; ++k)
      if (e.in[k] != Entry::kNumber && places_[slot(e.in[k])].group > group) return false;
    return places_[slot(e.out)].group <= group && slots_[slot(e.out)].reader <= group;
  }

  void place(const Entry& e, int index, Plan& plan) {
    const int n = static_cast<int>(groups_.size());
    int chosen = n;
    for (int g = n - 1; g >= 0 && g >= n - kLookBack; --g) {
      if (!may_move_to(e, g)) break;
      const Group& group = *groups_[static_cast<size_t>(g)];
      if ((s_.traced || group.relates(e)) && group.fits(e)) {
        chosen = g;
        break;
      }
    }
    if (chosen == n) groups_.push_back(std::make_unique<Group>(s_, e, n, places_));
    Group& group = *groups_[static_cast<size_t>(chosen)];
    for (int k = 0; k < e.n_in; ++k) {
      if (e.in[k] == Entry::kNumber) continue;
      const uint16_t in = slot(e.in[k]);
      slots_[in].reader = std::max(slots_[in].reader, chosen);
      if (slots_[in].first < 0) slots_[in].first = chosen;
      if (places_[in].group != chosen) need(in);
    }
    const uint16_t out = slot(e.out);
    if (places_[out].group >= 0 && places_[out].group != chosen && !covers_storage(s_.view(e.out))) need(out);
    if (!group.append(e, index)) ++plan.shared;
    plan.group_of[static_cast<size_t>(index)] = static_cast<int16_t>(chosen);
    if (slots_[out].first < 0) slots_[out].first = chosen;
  }

  const Segment& s_;
  std::vector<uint8_t> needed_;
  std::vector<SlotState> slots_;
  std::vector<Place> places_;  // of what each slot holds: the last group that writes it
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace

Fold fold_of(const IntList& sizes, uint64_t mask) {
  const int n = sizes.size();
  int first_reduced = n, last_reduced = -1, first_kept = n, last_kept = -1;
  for (int d = 0; d < n; ++d) {
    if (sizes[d] == 1) continue;
    const bool reduced = mask >> d & 1;
    int &first = reduced ? first_reduced : first_kept, &last = reduced ? last_reduced : last_kept;
    first = std::min(first, d);
    last = d;
  }
  if (last_reduced < 0) return {};
  if (last_kept < 0) return {Fold::All, 0};
  Fold f;
  if (last_kept < first_reduced) f = {Fold::Row, first_reduced};
  else if (last_reduced < first_kept) f = {Fold::Column, first_kept};
  else return {};
  int64_t columns = 1;
  for (int d = f.split; d < n; ++d) columns *= sizes[d];
  return columns <= kMaxFusedRow ? f : Fold{};
}

Plan make_plan(const Segment& segment) { return Planner(segment).run(); }

}  // namespace gradus

// Finding, keeping and forgetting plans.
#include "gradus/stream/cache.h"

namespace gradus {

uint64_t PlanCache::hash(const std::vector<uint64_t>& key) {
  const auto mixed = [](uint64_t h, uint64_t word) {
    h = (h ^ word) * 0xff51afd7ed558ccdu;
    return h ^ h >> 32;
  };
  uint64_t h[4] = {0x9e3779b97f4a7c15u ^ key.size(), 1, 2, 3};  // four chains, as a product takes its time
  const size_t n = key.size();
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; ++k) h[k] = mixed(h[k], key[i + k]);
  for (; i < n; ++i) h[0] = mixed(h[0], key[i]);
  return mixed(mixed(mixed(h[0], h[1]), h[2]), h[3]);
}

const Plan* PlanCache::find(uint64_t hash, const std::vector<uint64_t>& key) {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || found->second->plan.key != key) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return &found->second->plan;
}

const Plan* PlanCache::insert(uint64_t hash, Plan&& plan) {
  const auto drop = [this](std::list<Item>::iterator item) {
    bytes_ -= item->plan.bytes;
    by_hash_.erase(item->hash);
    order_.erase(item);
  };
  if (const auto same = by_hash_.find(hash); same != by_hash_.end()) drop(same->second);
  plan.bytes = static_cast<int64_t>(sizeof(Item) + plan.key.size() * sizeof(uint64_t) +
                                    (plan.slots.size() + plan.group_of.size()) * 2) +
               64;
  for (const Program& p : plan.programs) plan.bytes += p.bytes();
  bytes_ += plan.bytes;
  order_.push_front({hash, static_cast<Plan&&>(plan)});
  by_hash_[hash] = order_.begin();
  while (bytes_ > kMaxBytes && order_.size() > 1) drop(std::prev(order_.end()));
  return &order_.front().plan;
}

int64_t Program::bytes() const {
  const auto of = [](const auto& v) { return static_cast<int64_t>(v.capacity() * sizeof(v[0])); };
  return static_cast<int64_t>(sizeof(Program)) + of(loads) + of(stores) + of(steps) + of(consts) + of(accumulators) +
         of(sizes) + of(strides);
}

}  // namespace gradus

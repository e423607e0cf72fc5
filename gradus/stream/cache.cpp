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

const Plan* PlanCache::use(Place item) {
  if (!order_.empty()) {
    Item& before = order_.front();
    before.next = item;
    before.knows_next = drops_;
  }
  order_.splice(order_.begin(), order_, item);
  return &item->plan;
}

void PlanCache::drop(Place item) {
  bytes_ -= item->plan.bytes;
  by_hash_.erase(item->hash);
  order_.erase(item);
  ++drops_;
}

const Plan* PlanCache::find(const std::vector<uint64_t>& key) {
  if (!order_.empty() && order_.front().knows_next == drops_)
    if (const Place guess = order_.front().next; guess->plan.key == key) return use(guess);
  hash_ = hash(key);
  const auto found = by_hash_.find(hash_);
  return found == by_hash_.end() || found->second->plan.key != key ? nullptr : use(found->second);
}

const Plan* PlanCache::insert(Plan&& plan) {
  if (const auto same = by_hash_.find(hash_); same != by_hash_.end()) drop(same->second);
  plan.bytes = static_cast<int64_t>(sizeof(Item) + plan.key.size() * sizeof(uint64_t) +
                                    (plan.slots.size() + plan.group_of.size()) * 2) +
               64;
  for (const Program& p : plan.programs) plan.bytes += p.bytes();
  bytes_ += plan.bytes;
  order_.push_back({hash_, static_cast<Plan&&>(plan)});
  const Plan* kept = use(by_hash_[hash_] = std::prev(order_.end()));
  while (bytes_ > kMaxBytes && order_.size() > 1) drop(std::prev(order_.end()));
  return kept;
}

int64_t Program::bytes() const {
  const auto of = [](const auto& v) { return static_cast<int64_t>(v.capacity() * sizeof(v[0])); };
  return static_cast<int64_t>(sizeof(Program)) + of(loads) + of(stores) + of(steps) + of(consts) + of(accumulators) +
         of(sizes) + of(strides);
}

}  // namespace gradus

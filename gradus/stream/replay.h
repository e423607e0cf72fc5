// The same work on many lists of tensors, as one loop over all their memory.
#pragma once
#include <cstdint>
#include <vector>

#include "gradus/core/impl.h"

namespace gradus {

struct StripRun;

/// `work(context, list, numbers)` does the work for one list by ordinary operators. Lists of dense tensors of one
/// shape, without memory in common, only have it done for the first of them and take over the program that comes of it:
/// the same operations with the same numbers on other memory. Every other list has it done for itself. Results, errors
/// and versions are those of one list after the other.
class Replay {
 public:
  static constexpr int kMaxArgs = 6;
  using Work = void (*)(void* context, TensorImpl* const* list, uint64_t numbers);
  /// `n_lists`: how many lists will be added, at most.
  Replay(Work work, void* context, size_t n_lists) : work_(work), context_(context), n_lists_(n_lists) {}
  Replay(const Replay&) = delete;
  ~Replay() { join(); }

  /// Adds a list: all n tensors that the work reads and writes, those first that it only reads. `numbers` stands for
  /// all numbers that the work uses: lists for which they differ don't go together. Somebody else must keep the tensors
  /// until finish().
  void add(TensorImpl* const* list, int n, int n_read, uint64_t numbers);
  /// Does all work that is still to be done.
  void finish();

 private:
  struct Batch {
    uint64_t numbers;
    int n;  // tensors of a list
    DType dtypes[kMaxArgs];
    std::vector<TensorImpl*> tensors;  // list by list
    size_t n_lists() const { return tensors.size() / static_cast<size_t>(n); }
  };
  struct Mark {
    const Storage* storage;
    bool written;
  };
  bool is_used(const Storage* s, bool written) const;
  Batch& batch_for(TensorImpl* const* list, int n, uint64_t numbers);
  void run(const Batch& batch);
  void run_batches();
  void join();
  size_t replay(const Batch& batch);  // how many lists are done

  Work work_;
  void* context_;
  size_t n_lists_;
  std::vector<Batch> batches_;
  int64_t elements_ = 0;
  StripRun* running_ = nullptr;  // other threads are at it while lists are added
  std::vector<Mark> marks_;      // of the memory that batches use; a storage has the number of its own as `slot`
};

}  // namespace gradus

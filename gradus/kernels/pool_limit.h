// How many threads this process may sensibly run.
#pragma once

namespace gradus {

/// GRADUS_NUM_THREADS if it is a positive number; else the smaller of OMP_NUM_THREADS and what the processor affinity
/// and the control group's quota (rounded up) allow. At least 1.
int default_threads() noexcept;

}  // namespace gradus

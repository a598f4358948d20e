// Several adapters made into one that says the same as all of them together, and adapters made smaller. The sum of B A
// is exact: the ranks of all lie side by side. It can then be cut to a lower rank, each matrix to its best
// approximation (svd.hpp). Not here: merging into the model itself (fuse.hpp).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ggml.hpp"

namespace engram {

struct WeightedAdapter {
  std::string path;
  double weight = 1;  // its share; negative takes away what it taught
};

struct MergeOptions {
  int rank = 0;    // most of any matrix; 0: no limit
  int budget = 0;  // as many numbers as an adapter of this rank throughout, spread where they matter; 0: no limit
  std::function<bool(double share)> on_progress = {};  // return false to cancel; may be empty
};

struct MergedPair {
  std::string weight;
  int64_t rank_before = 0, rank = 0;  // rank 0: left out
  double error = 0;                   // what was cut off: its share of the Frobenius norm of scale · B A
};

struct MergeReport {
  std::vector<MergedPair> pairs;
  double alpha = 0;        // as stored
  double error = 0;        // of all matrices together
  int64_t parameters = 0;  // numbers in the new adapter
};

// Writes the new adapter to `output`, whole or not at all. Throws `usage`, `mismatch` (adapters of different
// architectures or shapes), `cancelled`, and what reading and writing throw.
MergeReport merge_adapters(const std::vector<WeightedAdapter>& inputs, const std::string& output, const Ggml& ggml,
                           const MergeOptions& options);

}  // namespace engram

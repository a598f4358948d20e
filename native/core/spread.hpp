// Ranks spread over the matrices of an adapter where they matter most, as AdaLoRA does (Zhang et al. 2023, arXiv
// 2303.10512), but at one moment and by what each rank costs: a rank of a large matrix must bring more. Not here: what
// a rank brings (merge.cpp: what it holds of the product).
#pragma once

#include <cstdint>
#include <vector>

namespace engram {

struct SpreadMatrix {
  int64_t cost;               // numbers that one rank takes: n_in + n_out
  std::vector<double> gains;  // of its first rank, its second, …; at least 0
};

// The rank of each matrix, 0 or more and at most as many as it has gains. Together they cost at most what all matrices
// of rank `budget` would. Takes the best gain for its cost, then the next: optimal but for the last few that no longer
// fit (the greedy solution of a knapsack).
std::vector<int64_t> spread_ranks(const std::vector<SpreadMatrix>& matrices, int64_t budget);

}  // namespace engram

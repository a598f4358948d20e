// Greedy (see spread.hpp).
#include "spread.hpp"

#include <algorithm>

namespace engram {

std::vector<int64_t> spread_ranks(const std::vector<SpreadMatrix>& matrices, int64_t budget) {
  struct Candidate {
    size_t matrix;
    double worth;
  };
  std::vector<Candidate> candidates;
  int64_t left = 0;
  for (size_t m = 0; m < matrices.size(); m++) {
    left += budget * matrices[m].cost;
    double before = matrices[m].gains.empty() ? 0 : matrices[m].gains[0];
    for (const double gain : matrices[m].gains) {
      before = std::min(before, gain);  // a later rank cannot be had without those before it
      candidates.push_back({m, before / static_cast<double>(matrices[m].cost)});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.worth > b.worth; });
  std::vector<int64_t> ranks(matrices.size(), 0);
  for (const Candidate& c : candidates) {
    if (matrices[c.matrix].cost > left) continue;
    left -= matrices[c.matrix].cost;
    ranks[c.matrix]++;
  }
  return ranks;
}

}  // namespace engram

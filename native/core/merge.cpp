// Sums adapters and cuts them to rank (see merge.hpp).
#include "merge.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "adapter.hpp"
#include "error.hpp"
#include "spread.hpp"
#include "svd.hpp"

namespace engram {
namespace {

// The pairs of all inputs that adapt one weight, side by side: A's rows and B's columns of one after those of the
// other.
AdapterPair side_by_side(const std::vector<AdapterPair>& parts) {
  if (parts.size() == 1) return parts[0];
  AdapterPair out{parts[0].weight, parts[0].n_in, parts[0].n_out, 0, 1, {}, {}};
  for (const AdapterPair& part : parts) {
    out.A.insert(out.A.end(), part.A.begin(), part.A.end());
    out.rank += part.rank;
  }
  out.B.resize(out.n_out * out.rank);
  int64_t at = 0;
  for (const AdapterPair& part : parts) {
    for (int64_t o = 0; o < out.n_out; o++) {
      for (int64_t k = 0; k < part.rank; k++)
        out.B[o * out.rank + at + k] = static_cast<float>(part.scale * part.B[o * part.rank + k]);
    }
    at += part.rank;
  }
  return out;
}

// The leading `rank` parts of the product, their size shared evenly between A and B.
AdapterPair leading(const std::string& weight, const ProductSvd& svd, int64_t rank) {
  AdapterPair out{weight, svd.n_in, svd.n_out, rank, 1, {}, {}};
  out.A.resize(rank * svd.n_in);
  out.B.resize(svd.n_out * rank);
  for (int64_t k = 0; k < rank; k++) {
    const double root = std::sqrt(svd.s[k]);
    for (int64_t i = 0; i < svd.n_in; i++) out.A[k * svd.n_in + i] = static_cast<float>(root * svd.V[k * svd.n_in + i]);
    for (int64_t o = 0; o < svd.n_out; o++) out.B[o * rank + k] = static_cast<float>(root * svd.U[k * svd.n_out + o]);
  }
  return out;
}

double norm_of(const std::vector<double>& s, int64_t from) {
  double squares = 0;
  for (size_t k = static_cast<size_t>(from); k < s.size(); k++) squares += s[k] * s[k];
  return std::sqrt(squares);
}

class Merger {
 public:
  Merger(const std::vector<WeightedAdapter>& inputs, const Ggml& ggml, const MergeOptions& options)
      : options_(options) {
    if (inputs.empty()) throw Error("usage", "There are no adapters to merge.");
    if (options.rank < 0 || options.budget < 0) throw Error("usage", "A rank must be at least 1.");
    for (const WeightedAdapter& input : inputs) {
      if (!std::isfinite(input.weight)) throw Error("usage", "A weight is not a number.");
      take(Adapter::read(input.path, ggml), input);
    }
  }

  MergeReport run(const std::string& output) {
    Adapter out;
    out.architecture = architecture_;
    MergeReport report;
    if (options_.rank == 0 && options_.budget == 0) {
      for (const std::vector<AdapterPair>& part : parts_) {
        out.pairs.push_back(side_by_side(part));
        report.pairs.push_back({part[0].weight, out.pairs.back().rank, out.pairs.back().rank, 0});
      }
    } else {
      cut(out, report);
    }
    for (const AdapterPair& pair : out.pairs) report.parameters += pair.rank * (pair.n_in + pair.n_out);
    report.alpha = out.write(output);
    return report;
  }

 private:
  void take(Adapter adapter, const WeightedAdapter& input) {
    if (architecture_.empty()) architecture_ = adapter.architecture;
    if (adapter.architecture != architecture_) {
      throw Error("mismatch", "The adapter " + input.path + " is for the architecture " + adapter.architecture +
                                  ", another is for " + architecture_ + ".");
    }
    for (AdapterPair& pair : adapter.pairs) {
      pair.scale *= input.weight;
      const auto [at, is_new] = index_.emplace(pair.weight, parts_.size());
      if (is_new) parts_.emplace_back();
      std::vector<AdapterPair>& part = parts_[at->second];
      if (!part.empty() && (part[0].n_in != pair.n_in || part[0].n_out != pair.n_out))
        throw Error("mismatch", "The adapters have matrices of different sizes for " + pair.weight + ".",
                    "They belong to different models.");
      part.push_back(std::move(pair));
    }
  }

  ProductSvd svd_of(const AdapterPair& pair) {
    ProductSvd svd = svd_of_product(pair.A.data(), pair.B.data(), pair.n_in, pair.n_out, pair.rank);
    if (pair.scale < 0) {
      for (double& u : svd.U) u = -u;
    }
    for (double& s : svd.s) s *= std::abs(pair.scale);
    done_++;
    if (options_.on_progress && !options_.on_progress(static_cast<double>(done_) / static_cast<double>(parts_.size())))
      throw Error("cancelled", "Cancelled.");
    return svd;
  }

  void cut(Adapter& out, MergeReport& report) {
    std::vector<ProductSvd> svds;
    std::vector<SpreadMatrix> matrices;
    for (const std::vector<AdapterPair>& part : parts_) {
      const AdapterPair pair = side_by_side(part);
      svds.push_back(svd_of(pair));
      const ProductSvd& svd = svds.back();
      matrices.push_back({svd.n_in + svd.n_out, {}});
      const size_t most = options_.rank == 0 ? svd.s.size() : std::min<size_t>(svd.s.size(), options_.rank);
      for (size_t k = 0; k < most; k++) matrices.back().gains.push_back(svd.s[k] * svd.s[k]);
    }
    std::vector<int64_t> ranks;
    if (options_.budget > 0) {
      ranks = spread_ranks(matrices, options_.budget);
    } else {
      for (const SpreadMatrix& m : matrices) ranks.push_back(static_cast<int64_t>(m.gains.size()));
    }
    double all = 0, lost = 0;
    for (size_t i = 0; i < svds.size(); i++) {
      const std::string& weight = parts_[i][0].weight;
      const double norm = norm_of(svds[i].s, 0), error = norm_of(svds[i].s, ranks[i]);
      all = std::hypot(all, norm), lost = std::hypot(lost, error);
      report.pairs.push_back({weight, svds[i].rank, ranks[i], norm > 0 ? error / norm : 0});
      if (ranks[i] > 0) out.pairs.push_back(leading(weight, svds[i], ranks[i]));
    }
    report.error = all > 0 ? lost / all : 0;
  }

  const MergeOptions& options_;
  std::string architecture_;
  std::vector<std::vector<AdapterPair>> parts_;  // of each weight, in the order of their first appearance
  std::map<std::string, size_t> index_;
  size_t done_ = 0;
};

}  // namespace

MergeReport merge_adapters(const std::vector<WeightedAdapter>& inputs, const std::string& output, const Ggml& ggml,
                           const MergeOptions& options) {
  return Merger(inputs, ggml, options).run(output);
}

}  // namespace engram

// The forward and backward pass of a frozen transformer with LoRA pairs. A batch is a list of sequences
// laid end to end without padding; what all of them begin with is computed once. Not here: losses and the optimizer
// (trainer.cpp).
//
// Sizes: T rows (tokens) of the batch, n of them outputs, D model width, S head size, Q = heads · S, K = key/value
// heads · S, F width of the feed-forward layer, r LoRA rank.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "aligned.hpp"
#include "lora.hpp"
#include "model.hpp"
#include "ops/ops.hpp"

namespace engram {

// What the base model has computed of a sequence's beginning: keys and values of each layer [rows, 2 K].
struct Prefix {
  std::vector<int32_t> tokens;  // [rows]
  std::vector<std::vector<float>> layers;
  int64_t rows() const { return static_cast<int64_t>(tokens.size()); }
};

// What was computed of a sequence, to be gone on from: keys and values of each layer [rows, 2 K], as F16.
struct KvCache {
  std::vector<std::vector<uint16_t>> layers;
  int64_t rows = 0;
};

// Sequences laid end to end.
struct Rows {
  std::vector<int32_t> tokens, positions;  // [T]
  std::vector<Segment> segments;
  struct Seen {
    const Prefix* context;
    int64_t rows;  // of it
  };
  std::vector<Seen> contexts;  // what segments see beside the batch, as rows from T on, one after the other
  std::vector<int64_t>
      outputs;  // [n] rows whose final hidden state is wanted, ascending; in a training, those of losses
  // Of each segment, or none at all: its tokens come after the first `prefix` ones in its cache, and run() adds them to
  // each layer of it (not to its `rows`, since it may be cancelled). What they look back at is as the cache has it,
  // themselves too. Two segments may follow each other in one cache.
  std::vector<KvCache*> caches;
  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  int64_t n_outputs() const { return static_cast<int64_t>(outputs.size()); }
};

// A mask for the inputs of A that can be made again at any time.
struct Dropout {
  double share = 0;
  uint64_t seed = 0;  // differs from step to step
};

class Transformer {
 public:
  // `lora` may be null: then only run() is of use, and gives the base model's hidden states. It may be another for each
  // run(), see adapt().
  Transformer(const Model& model, Lora* lora, ThreadPool& pool, const std::atomic<bool>& cancelled)
      : model_(model), lora_(lora), pool_(pool), cancelled_(cancelled) {}

  void adapt(Lora* lora) { lora_ = lora; }
  // x [T, D]: the embedding of each token.
  void embed(const Rows& rows, float* x);
  // Runs layers [first, last) on x [T, D] in place, with the adapter if `adapted`. Keeps nothing. After the last layer
  // of the model only the rows of `outputs` are left: x [n, D]. `look` is shown each layer's qkv [T, Q + 2 K].
  void run(const Rows& rows, int64_t first, int64_t last, float* x, bool adapted,
           const std::function<void(int64_t layer, const float* qkv)>& look = {});
  // The same for [first, n_layers) with the adapter, keeping what backward() needs: everything for the uppermost `keep`
  // layers; below, only each layer's input, from which backward() runs the layer again (Chen et al. 2016, arXiv
  // 1604.06174).
  void forward(const Rows& rows, int64_t first, float* x, const Dropout& dropout, int64_t keep);
  // dx is the gradient [n, D] of forward()'s result, in a buffer of [T, D]; adds to the gradients of the adapter. dx is
  // overwritten; the gradient of the input of layer `first` is not computed.
  void backward(const Rows& rows, int64_t first, float* dx, const Dropout& dropout);

  // Of all that passes work with and keep; it never shrinks but where forward() changes `keep`.
  int64_t bytes() const;
  // Floating-point operations of matrix products done so far.
  double flop() const { return flop_; }

 private:
  // What a half of a layer adds to the residual, before its norm [T or n, D], and that norm's rstd: of some
  // architectures only.
  struct Half {
    Floats added, rstd;
  };

  // What one layer keeps of its forward pass. Norms and SwiGLU are cheap and computed again.
  struct Kept {
    Floats x;                        // [T, D] input of the layer
    Floats rstd1, qkv, o, lse;       // [T], [T and contexts, Q + 2 K], [T, Q], [heads, T]
    Floats mid, rstd2, gate_up;      // [T or n, D], [T or n], [T or n, 2 F]
    std::array<Floats, kTargets> h;  // x Aᵀ of each pair [T or n, r]
    // Of some architectures only: q and k before their norm [T, Q + 2 K], its rstd [T, heads + 2 key/value heads].
    Floats unnormed, rstd_heads;
    Half attention, feed_forward;
  };

  void layer_forward(const Rows& rows, int64_t layer, float* x, bool adapted, const Dropout& dropout, Kept& kept);
  void layer_backward(const Rows& rows, int64_t layer, float* dx, bool needs_dx, const Dropout& dropout, Kept& kept);
  void attend(const Rows& rows, int64_t layer, Kept& kept);
  void attend_to_caches(const Rows& rows, int64_t layer, Kept& kept);
  void project(int64_t layer, const Projection& projection, const float* x, float* y, int64_t T, bool accumulate,
               bool adapted, const Dropout& dropout, Kept& kept);
  void project_backward(int64_t layer, const Projection& projection, const float* x, const float* dy, float* dx,
                        int64_t T, const Dropout& dropout, Kept& kept);
  bool is_adapted(int64_t layer, const Projection& projection) const;
  // Only the outputs are computed beyond the last attention.
  bool narrows(const Rows& rows, int64_t layer) const {
    return layer + 1 == model_.config.n_layers && rows.n_outputs() < rows.size();
  }
  void project_onto(int64_t layer, const Projection& projection, const float* x, float* residual, int64_t T,
                    bool adapted, const Dropout& dropout, Kept& kept, Half& half,
                    const std::vector<float>& norm_weights);
  const float* d_added(const float* dx, const Half& half, const std::vector<float>& norm_weights, int64_t T);
  void check_cancelled() const;

  const Model& model_;
  Lora* lora_;
  ThreadPool& pool_;
  const std::atomic<bool>& cancelled_;
  RopeTable rope_, local_rope_;
  std::vector<Kept> kept_;
  int64_t keep_ = 0;
  Kept scratch_;  // for layers that keep nothing
  Floats norm_, act_, dnorm_, dmid_, d_o_, dqkv_, dh_, o_rows_, dropped_, ddropped_, dpost_, shares_;
  double flop_ = 0;
};

}  // namespace engram

// Adapters merged, cut to rank and fused into a model, on tiny models: what comes out says the same as what went in, as
// far as it must. Not here: llama.cpp's word on it (test/model).
#include "merge.hpp"

#include <cstring>
#include <deque>

#include "adapter.hpp"
#include "adapter_file.hpp"
#include "check.hpp"
#include "fuse.hpp"
#include "golden.hpp"
#include "random.hpp"
#include "spread.hpp"
#include "svd.hpp"

using namespace engram;
using Floats = std::vector<float>;

namespace {

constexpr const char* kModel = "tiny-tied";
const std::vector<int32_t> kText = {1, 17, 42, 5, 88, 63, 9, 30, 71, 2};

const Ggml& ggml() {
  static const Ggml library(golden::ggml_library());
  return library;
}

Floats random_values(int64_t n, uint64_t seed) {
  Random random(seed);
  Floats out(n);
  for (float& x : out) x = static_cast<float>(random.uniform() - 0.5);
  return out;
}

// An adapter whose every value is random.
std::unique_ptr<Trainer> random_trainer(const LoraConfig& config, uint64_t seed, const std::string& model = kModel) {
  auto out = std::make_unique<Trainer>(golden::model(model), config, OptimizerConfig{}, 2);
  for (const Lora::Parameter& p : out->lora().parameters())
    *p.value = random_values(static_cast<int64_t>(p.value->size()), ++seed);
  return out;
}

LoraConfig of_rank(int rank, double alpha = 2) {
  LoraConfig out;
  out.rank = rank;
  out.alpha = alpha;
  return out;
}

// scale · B A of one pair [n_out, n_in], in double.
std::vector<double> product(const AdapterPair& pair) {
  std::vector<double> out(pair.n_out * pair.n_in, 0);
  for (int64_t o = 0; o < pair.n_out; o++) {
    for (int64_t k = 0; k < pair.rank; k++) {
      for (int64_t i = 0; i < pair.n_in; i++)
        out[o * pair.n_in + i] += pair.scale * pair.B[o * pair.rank + k] * pair.A[k * pair.n_in + i];
    }
  }
  return out;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (size_t i = 0; i < a.size(); i++) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

Floats base_logits(const std::shared_ptr<const Model>& model) {
  return Trainer(model, of_rank(1), {}, 2).logits(kText);  // B is zero
}

}  // namespace

TEST(svd_is_one) {
  for (const auto& [n_in, n_out, rank] : {std::array<int64_t, 3>{12, 9, 4}, {5, 40, 5}, {6, 7, 11}, {3, 3, 1}}) {
    Floats A = random_values(rank * n_in, 3), B = random_values(n_out * rank, 4);
    if (rank > 3) std::copy_n(A.data(), n_in, &A[n_in]);  // two rows alike: of lower rank than it seems
    const ProductSvd svd = svd_of_product(A.data(), B.data(), n_in, n_out, rank);
    std::vector<double> rebuilt(n_out * n_in, 0);
    for (int64_t k = 0; k < rank; k++) {
      CHECK(k == 0 || svd.s[k] <= svd.s[k - 1]);
      for (int64_t o = 0; o < n_out; o++) {
        for (int64_t i = 0; i < n_in; i++)
          rebuilt[o * n_in + i] += svd.s[k] * svd.U[k * n_out + o] * svd.V[k * n_in + i];
      }
      for (int64_t j = 0; j <= k; j++) {
        if (svd.s[k] < 1e-9) continue;
        double u = 0, v = 0;
        for (int64_t o = 0; o < n_out; o++) u += svd.U[k * n_out + o] * svd.U[j * n_out + o];
        for (int64_t i = 0; i < n_in; i++) v += svd.V[k * n_in + i] * svd.V[j * n_in + i];
        CHECK_NEAR(u, j == k, 1e-12);
        CHECK_NEAR(v, j == k, 1e-12);
      }
    }
    CHECK(golden::relative_error(rebuilt, product({"", n_in, n_out, rank, 1, A, B})) < 1e-13);
    if (rank > 3) CHECK(svd.s[rank - 1] < 1e-12);
  }
  const Floats zeros(12, 0), A = random_values(12, 5);
  CHECK(svd_of_product(A.data(), zeros.data(), 4, 4, 3).s == std::vector<double>(3, 0));
}

TEST(spread_takes_what_is_worth_most) {
  // Costs 10 and 30: a budget of rank 2 is 80 numbers.
  CHECK((spread_ranks({{10, {9, 1, 1}}, {30, {60, 30, 1}}}, 2) == std::vector<int64_t>{2, 2}));
  CHECK((spread_ranks({{10, {9, 8, 7}}, {30, {20, 1, 1}}}, 1) == std::vector<int64_t>{3, 0}));
  // A great gain behind a small one does not come before it.
  CHECK((spread_ranks({{10, {1, 100}}, {10, {2, 2}}}, 1) == std::vector<int64_t>{0, 2}));
  CHECK((spread_ranks({{10, {0, 0}}, {10, {0}}}, 4) == std::vector<int64_t>{2, 1}));
}

TEST(merged_adapters_are_the_sum_of_all) {
  golden::TemporaryFolder folder;
  LoraConfig some = of_rank(3, 5);
  some.targets = {Target::q, Target::down};
  some.ranks = {{1, Target::q, 2}};
  random_trainer(of_rank(4), 1)->save(folder.file("a"));
  random_trainer(some, 100)->save(folder.file("b"));
  const MergeReport report =
      merge_adapters({{folder.file("a"), 0.5}, {folder.file("b"), -2}}, folder.file("c"), ggml(), {});
  CHECK(report.error == 0 && report.pairs.size() == 21);

  const Adapter a = Adapter::read(folder.file("a"), ggml()), b = Adapter::read(folder.file("b"), ggml());
  const Adapter c = Adapter::read(folder.file("c"), ggml());
  int64_t parameters = 0;
  for (size_t i = 0; i < c.pairs.size(); i++) {
    std::vector<double> sum = product(a.pairs[i]);
    for (double& x : sum) x *= 0.5;
    int64_t rank = 4;
    for (const AdapterPair& pair : b.pairs) {
      if (pair.weight != c.pairs[i].weight) continue;
      rank += pair.rank;
      const std::vector<double> other = product(pair);
      for (size_t j = 0; j < sum.size(); j++) sum[j] -= 2 * other[j];
    }
    CHECK(a.pairs[i].weight == c.pairs[i].weight && c.pairs[i].rank == rank);
    CHECK(golden::relative_error(product(c.pairs[i]), sum) < 1e-6);
    parameters += rank * (c.pairs[i].n_in + c.pairs[i].n_out);
  }
  CHECK(report.parameters == parameters);
}

TEST(merged_adapter_gives_the_logits_of_the_sum) {
  golden::TemporaryFolder folder;
  random_trainer(of_rank(2), 1)->save(folder.file("a"));
  random_trainer(of_rank(3), 50)->save(folder.file("b"));
  const MergeReport report = merge_adapters({{folder.file("a")}, {folder.file("b")}}, folder.file("c"), ggml(), {});
  Trainer merged(golden::model(kModel), of_rank(5, report.alpha), {}, 2);
  merged.load(folder.file("c"));
  // Both fused into the weights say what the sum should.
  fuse_adapters(golden::fixture("tiny-tied.gguf"), {{folder.file("a")}, {folder.file("b")}}, folder.file("m"), ggml(),
                {.type = "f32"});
  const Floats sum = base_logits(golden::load_model(folder.file("m")));
  CHECK(golden::relative_error(merged.logits(kText), sum) < 1e-5);
  CHECK(golden::relative_error(base_logits(golden::model(kModel)), sum) > 0.1);
}

TEST(an_adapter_cut_to_rank_is_the_nearest_there_is) {
  golden::TemporaryFolder folder;
  random_trainer(of_rank(6), 7)->save(folder.file("a"));
  const Adapter before = Adapter::read(folder.file("a"), ggml());
  const MergeReport cut = merge_adapters({{folder.file("a")}}, folder.file("b"), ggml(), {.rank = 2});
  const Adapter after = Adapter::read(folder.file("b"), ggml());
  double all = 0, lost = 0;
  for (size_t i = 0; i < before.pairs.size(); i++) {
    const AdapterPair& pair = before.pairs[i];
    CHECK(after.pairs[i].rank == 2 && cut.pairs[i].rank == 2 && cut.pairs[i].rank_before == 6);
    const ProductSvd svd = svd_of_product(pair.A.data(), pair.B.data(), pair.n_in, pair.n_out, 6);
    const double norm = distance(product(pair), std::vector<double>(pair.n_in * pair.n_out, 0));
    const double error = distance(product(pair), product(after.pairs[i]));
    // Eckart and Young: the error is that of the singular values left out.
    CHECK_NEAR(error,
               std::abs(pair.scale) *
                   std::sqrt(svd.s[2] * svd.s[2] + svd.s[3] * svd.s[3] + svd.s[4] * svd.s[4] + svd.s[5] * svd.s[5]),
               1e-5 * norm);
    CHECK_NEAR(cut.pairs[i].error, error / norm, 1e-5);
    all = std::hypot(all, norm), lost = std::hypot(lost, error);
  }
  CHECK_NEAR(cut.error, lost / all, 1e-5);
  // An adapter merged with itself has twice its rank and can be cut back without loss.
  const MergeReport twice =
      merge_adapters({{folder.file("a"), 0.25}, {folder.file("a"), 0.75}}, folder.file("c"), ggml(), {.rank = 6});
  CHECK(twice.error < 1e-6 && twice.pairs[0].rank_before == 12 && twice.pairs[0].rank == 6);
}

TEST(a_budget_is_kept_and_spent_better_than_evenly) {
  golden::TemporaryFolder folder;
  auto trainer = random_trainer(of_rank(6), 7);
  for (float& b : trainer->lora().at(0, Target::v).B) b *= 10;  // one matrix matters more
  trainer->save(folder.file("a"));
  const MergeReport even = merge_adapters({{folder.file("a")}}, folder.file("b"), ggml(), {.rank = 2});
  const MergeReport spread = merge_adapters({{folder.file("a")}}, folder.file("c"), ggml(), {.budget = 2});
  CHECK(spread.parameters <= even.parameters && spread.parameters > 0.9 * static_cast<double>(even.parameters));
  CHECK(spread.error < 0.9 * even.error);
  for (const MergedPair& pair : spread.pairs) CHECK(pair.weight != "blk.0.attn_v.weight" || pair.rank == 6);
  const MergeReport both = merge_adapters({{folder.file("a")}}, folder.file("d"), ggml(), {.rank = 3, .budget = 2});
  for (const MergedPair& pair : both.pairs) CHECK(pair.rank <= 3);
  Adapter::read(folder.file("c"), ggml());
}

TEST(merging_refuses_what_cannot_be) {
  golden::TemporaryFolder folder;
  random_trainer(of_rank(2), 1)->save(folder.file("a"));
  random_trainer(of_rank(2), 1, "tiny-untied")->save(folder.file("b"));
  const auto merge = [&](const std::vector<WeightedAdapter>& inputs, const MergeOptions& options = {}) {
    return merge_adapters(inputs, folder.file("out"), ggml(), options);
  };
  CHECK_THROWS_CODE(merge({}), "usage");
  CHECK_THROWS_CODE(merge({{folder.file("a"), NAN}}), "usage");
  CHECK_THROWS_CODE(merge({{folder.file("a")}}, {.rank = -1}), "usage");
  CHECK_THROWS_CODE(merge({{folder.file("a")}, {folder.file("b")}}), "mismatch");
  CHECK_THROWS_CODE(merge({{folder.file("none")}}), "not_found");
  CHECK_THROWS_CODE(merge({{golden::fixture("tiny-tied.gguf")}}), "mismatch");
  CHECK_THROWS_CODE(merge({{folder.file("a")}}, {.rank = 1, .on_progress = [](double) { return false; }}), "cancelled");
  CHECK(!std::filesystem::exists(folder.file("out")));
  // Cut off anywhere it is an error with a code.
  const std::string bytes = golden::read_file(folder.file("a"));
  for (size_t n = 0; n < bytes.size(); n += 97) {
    golden::write_file(folder.file("cut"), bytes.substr(0, n));
    CHECK_THROWS_CODE(merge({{folder.file("cut")}}), "corrupt");
  }
}

TEST(a_fused_model_gives_the_adapters_logits) {
  golden::TemporaryFolder folder;
  for (const std::string name : {"tiny-tied", "tiny-untied", "tiny-quantised"}) {
    LoraConfig config = of_rank(3);
    config.rank_stabilized = true;
    config.ranks = {{0, Target::down, 5}, {1, Target::q, 1}, {1, Target::up, 0}};
    auto trainer = random_trainer(config, 9, name);
    trainer->save(folder.file("a"));
    const std::string model = golden::fixture(name + ".gguf");
    const FuseReport report =
        fuse_adapters(model, {{folder.file("a")}}, folder.file("m"), ggml(), {.type = "f32", .threads = 2});
    CHECK(report.tensors == static_cast<int64_t>(trainer->lora().parameters().size() / 2));
    CHECK(report.bytes == static_cast<int64_t>(std::filesystem::file_size(folder.file("m"))));
    CHECK(golden::relative_error(base_logits(golden::load_model(folder.file("m"))), trainer->logits(kText)) < 1e-5);

    // Everything else is as it was.
    const GgufFile before = GgufFile::open(model), after = GgufFile::open(folder.file("m"));
    CHECK(before.metadata() == after.metadata() && before.metadata_count() == after.metadata_count());
    CHECK(before.tensors().size() == after.tensors().size());
    for (size_t i = 0; i < before.tensors().size(); i++) {
      const GgufTensor &b = before.tensors()[i], &a = after.tensors()[i];
      CHECK(a.name == b.name && a.shape == b.shape && a.offset % before.alignment() == 0);
      const uint64_t bytes = ggml().type(a.type).bytes(a.elements());
      const bool is_adapted = after.data(a, bytes) != nullptr && a.name.starts_with("blk.") &&
                              a.name.find("norm") == std::string::npos && a.name != "blk.1.ffn_up.weight";
      if (is_adapted)
        CHECK(a.type == 0);
      else
        CHECK(a.type == b.type && std::memcmp(before.data(b, bytes), after.data(a, bytes), bytes) == 0);
    }
  }
}

TEST(a_fused_model_can_be_stored_in_other_types) {
  golden::TemporaryFolder folder;
  auto trainer = random_trainer(of_rank(3, 0.3), 9, "tiny-quantised");
  trainer->save(folder.file("a"));
  const Floats exact = trainer->logits(kText);
  const std::string model = golden::fixture("tiny-quantised.gguf");
  const auto error = [&](const std::string& type, int threads = 2) {
    fuse_adapters(model, {{folder.file("a")}}, folder.file(type), ggml(), {.type = type, .threads = threads});
    return golden::relative_error(base_logits(golden::load_model(folder.file(type))), exact);
  };
  CHECK(error("f16") < 1e-3);
  CHECK(error("bf16") < 2e-2);
  CHECK(error("Q8_0") < 5e-2);
  CHECK(error("own") < 0.5);
  const std::string two = golden::read_file(folder.file("own"));
  error("own", 1);
  CHECK(golden::read_file(folder.file("own")) == two);
  // Twice the adapter less the adapter is the adapter, and none of it is the model as it was.
  fuse_adapters(model, {{folder.file("a"), 2}, {folder.file("a"), -1}}, folder.file("m"), ggml(), {.type = "f32"});
  CHECK(golden::relative_error(base_logits(golden::load_model(folder.file("m"))), exact) < 1e-5);
}

TEST(fusing_refuses_what_cannot_be) {
  golden::TemporaryFolder folder;
  random_trainer(of_rank(2), 1)->save(folder.file("a"));
  random_trainer(of_rank(2), 1, "tiny-untied")->save(folder.file("b"));
  const std::string model = golden::fixture("tiny-tied.gguf");
  const auto fuse = [&](const std::string& base, const std::vector<WeightedAdapter>& adapters,
                        const FuseOptions& options = {}) {
    return fuse_adapters(base, adapters, folder.file("out"), ggml(), options);
  };
  CHECK_THROWS_CODE(fuse(model, {}), "usage");
  CHECK_THROWS_CODE(fuse(model, {{folder.file("a"), INFINITY}}), "usage");
  CHECK_THROWS_CODE(fuse(model, {{folder.file("b")}}), "mismatch");
  CHECK_THROWS_CODE(fuse(folder.file("a"), {{folder.file("a")}}), "usage");
  CHECK_THROWS_CODE(fuse(folder.file("none"), {{folder.file("a")}}), "not_found");
  CHECK_THROWS_CODE(fuse(model, {{folder.file("a")}}, {.type = "q9_9"}), "usage");
  CHECK_THROWS_CODE(fuse(model, {{folder.file("a")}}, {.on_progress = [](double) { return false; }}), "cancelled");
  // A model whose weights are multiplied by a tensor beside them.
  const GgufFile tiny = GgufFile::open(model);
  std::deque<Floats> values;
  GgufWriter scaled;
  scaled.set("general.architecture", tiny.string("general.architecture"));
  for (const GgufTensor& t : tiny.tensors()) scaled.add(t.name, t.shape, values.emplace_back(tiny.floats(t)).data());
  scaled.add("blk.0.attn_q.scale", {1}, values.front().data());
  scaled.write(folder.file("scaled"));
  CHECK_THROWS_CODE(fuse(folder.file("scaled"), {{folder.file("a")}}), "unsupported");
  std::filesystem::copy_file(model, folder.file("out"));
  CHECK_THROWS_CODE(fuse(folder.file("out"), {{folder.file("a")}}), "usage");  // over itself
  CHECK(golden::read_file(folder.file("out")) == golden::read_file(model));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 4);
}

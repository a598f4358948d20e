// Files: adapters saved and loaded (also one written by scripts/golden), and GGUF files that are cut off, garbled or
// absurd: always an error with a code, never a crash, never an adapter half loaded.
#include <cstring>
#include <filesystem>

#include "adapter_file.hpp"
#include "check.hpp"
#include "golden.hpp"
#include "random.hpp"

using namespace engram;
using golden::read_file;
using golden::write_file;

namespace {

constexpr const char* kModel = "tiny-tied";

// Runs `load`; true if it worked. An error must have one of the codes of a bad file.
template <typename F>
bool loads(const F& load, const std::string& what) {
  try {
    load();
    return true;
  } catch (const Error& error) {
    if (error.code != "corrupt" && error.code != "unsupported" && error.code != "mismatch")
      check::fail(__FILE__, __LINE__, what + ": `" + error.code + "`: " + error.what());
  } catch (const std::exception& error) {
    check::fail(__FILE__, __LINE__, what + ": threw " + error.what());
  }
  return false;
}

// Every cut inside the header must be noticed by open(); returns the length of the header.
size_t check_header_cuts(const std::string& bytes, const std::string& scratch) {
  for (size_t n = 0; n < bytes.size(); n++) {
    write_file(scratch, bytes.substr(0, n));
    if (loads([&] { GgufFile::open(scratch); }, "cut at " + std::to_string(n))) return n;
  }
  check::fail(__FILE__, __LINE__, "no cut was sound");
  return 0;
}

// `bytes` with a few bytes of the header overwritten, in a way that depends on `at`.
std::string garbled(std::string bytes, size_t at) {
  constexpr const char* patterns[] = {"\xff", "\x01", "\xff\xff\xff\xff\xff\xff\xff\x7f",
                                      "\xff\xff\xff\xff\xff\xff\xff\xff", "\x81\x80\x80\x80\x80"};
  const char* pattern = patterns[at % std::size(patterns)];
  for (size_t i = 0; pattern[i] != 0 && at + i < bytes.size(); i++) bytes[at + i] = pattern[i];
  return bytes;
}

// A GGUF made by hand.
struct Bytes {
  std::string text;
  template <typename T>
  Bytes& put(T value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& name(const std::string& s) {
    put<uint64_t>(s.size());
    text += s;
    return *this;
  }
};
Bytes header(uint64_t n_tensors, uint64_t n_values, uint32_t version = 3) {
  return Bytes().put<uint32_t>(0x46554747).put(version).put(n_tensors).put(n_values);
}
Bytes tensor(const std::string& name, const std::vector<uint64_t>& shape, uint32_t type = 0, uint64_t offset = 0) {
  Bytes out = header(1, 0);
  out.name(name).put(static_cast<uint32_t>(shape.size()));
  for (const uint64_t n : shape) out.put(n);
  return out.put(type).put(offset);
}

}  // namespace

TEST(adapter_comes_back_as_it_was) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  const auto saved = golden::trainer(kModel, values);
  saved->save(path);
  saved->save(path);                                                                  // over itself
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // and nothing beside it

  LoraConfig config = values.lora();
  config.seed = 99;
  Trainer loaded(golden::model(kModel), config, {}, 2);
  loaded.add(values.example(0));
  loaded.backward({{0}});
  loaded.update();
  loaded.backward({{0}});
  loaded.load(path);
  CHECK(golden::weights(loaded) == golden::weights(*saved));
  CHECK(loaded.logits(values.tokens(0)) == saved->logits(values.tokens(0)));

  // The optimizer starts afresh and old gradients are gone.
  loaded.backward({{0}}), saved->backward({{0}});
  CHECK(loaded.update().step == 1 && saved->update().step == 1);
  CHECK(golden::weights(loaded) == golden::weights(*saved));
}

TEST(adapter_of_any_scale_and_ranks_comes_back) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  for (const bool stabilized : {false, true}) {
    for (const bool mixed : {false, true}) {
      LoraConfig config;
      config.rank = 6;
      config.alpha = 9;
      config.rank_stabilized = stabilized;
      if (mixed) config.ranks = {{0, Target::q, 11}, {1, Target::down, 2}, {2, Target::v, 0}};
      Trainer saved(golden::model(kModel), config, {}, 2), loaded(golden::model(kModel), config, {}, 2);
      uint64_t seed = 1;
      for (const Lora::Parameter& p : saved.lora().parameters()) {
        Random random(seed++);
        for (float& x : *p.value) x = static_cast<float>(random.uniform() - 0.5);
      }
      saved.save(path);
      loaded.load(path);
      // rsLoRA of several ranks is stored times a factor, so its B comes back rounded.
      const double most = stabilized && mixed ? 1e-6 : 0;
      const auto before = golden::weights(saved), after = golden::weights(loaded);
      for (size_t i = 0; i < before.size(); i++) CHECK(golden::relative_error(after[i], before[i]) <= most);
      // llama.cpp's formula on what is stored gives the trainer's product.
      const GgufFile file = GgufFile::open(path);
      const LoraPair& pair = saved.lora().at(1, Target::down);
      const GgufTensor* b = file.find("blk.1.ffn_down.weight.lora_b");
      std::vector<float> stored = file.floats(*b), ours = pair.B;
      for (float& x : stored) x *= static_cast<float>(file.number("adapter.lora.alpha") / b->shape[0]);
      for (float& x : ours) x *= pair.scale;
      CHECK(golden::relative_error(stored, ours) < 1e-6);
    }
  }
}

TEST(adapter_file_is_the_one_of_the_script) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  golden::trainer(kModel, values)->save(path);
  const GgufFile ours = GgufFile::open(path), theirs = GgufFile::open(golden::fixture("tiny-tied.adapter.gguf"));
  for (const char* key : {"general.type", "general.architecture", "adapter.type"})
    CHECK(ours.string(key) == theirs.string(key));
  CHECK(ours.number("adapter.lora.alpha") == theirs.number("adapter.lora.alpha"));
  CHECK(ours.tensors().size() == theirs.tensors().size() && ours.tensors().size() == 42);
  for (const GgufTensor& t : theirs.tensors()) {
    const GgufTensor* found = ours.find(t.name);
    CHECK(found != nullptr && found->type == 0 && found->shape == t.shape && found->offset % 32 == 0);
    if (found != nullptr) CHECK(ours.floats(*found) == theirs.floats(t));
  }

  Trainer loaded(golden::model(kModel), values.lora(), {}, 2);
  loaded.load(golden::fixture("tiny-tied.adapter.gguf"));
  const auto logits = loaded.logits(values.tokens(0));
  CHECK_NEAR(golden::relative_error(logits, values["example.0.adapted_logits"]), 0, 1e-4);
}

TEST(adapter_of_other_settings_is_refused) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  golden::trainer(kModel, values)->save(path);
  const auto refuses = [&](const std::string& model, const LoraConfig& config, const std::string& file) {
    Trainer trainer(golden::model(model), config, {}, 2);
    const auto before = golden::weights(trainer);
    CHECK_THROWS_CODE(trainer.load(file), "mismatch");
    CHECK(golden::weights(trainer) == before);
  };
  LoraConfig other = values.lora();
  other.rank = 3;
  refuses(kModel, other, path);
  other = values.lora();
  other.alpha = 16;
  refuses(kModel, other, path);
  other = values.lora();
  other.targets = {Target::q, Target::v};
  refuses(kModel, other, path);
  other = values.lora();
  other.first_layer = 1;
  refuses(kModel, other, path);
  refuses("tiny-untied", values.lora(), path);
  refuses(kModel, values.lora(), golden::fixture("tiny-tied.gguf"));  // a model

  // The other way round: a file with less in it than is wanted.
  Trainer small(golden::model(kModel), other, {}, 2);
  small.save(path);
  CHECK(GgufFile::open(path).tensors().size() == 28);
  refuses(kModel, values.lora(), path);

  const Lora lora(values.lora(), golden::model(kModel)->shapes());
  ModelConfig gemma = golden::model(kModel)->config;
  gemma.architecture = "gemma3";
  write_adapter(lora, gemma, path);
  refuses(kModel, values.lora(), path);
}

TEST(adapter_whose_alpha_is_no_number_is_refused) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  std::string bytes = read_file(golden::fixture("tiny-tied.adapter.gguf"));
  const float nan = NAN;
  const std::string key = "adapter.lora.alpha";
  std::memcpy(&bytes[bytes.find(key) + key.size() + sizeof(uint32_t)], &nan, sizeof nan);
  write_file(folder.file("adapter.gguf"), bytes);
  const auto trainer = golden::trainer(kModel, values);
  CHECK_THROWS_CODE(trainer->load(folder.file("adapter.gguf")), "mismatch");
}

TEST(adapter_that_cannot_be_read_or_written) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const auto trainer = golden::trainer(kModel, values);
  CHECK_THROWS_CODE(trainer->load(folder.file("none.gguf")), "not_found");
  CHECK_THROWS_CODE(trainer->load(folder.path().string()), "disk");
  CHECK_THROWS_CODE(trainer->save(folder.file("none/adapter.gguf")), "disk");
  std::filesystem::create_directories(folder.path() / "taken.gguf" / "full");
  CHECK_THROWS_CODE(trainer->save(folder.file("taken.gguf")), "disk");                // a folder has that name
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // no temporary file stays

  const std::string path = folder.file("adapter.gguf");
  for (const float bad : {NAN, INFINITY}) {
    const auto broken = golden::trainer(kModel, values);
    broken->lora().at(2, Target::down).B.back() = bad;
    broken->save(path);
    const auto before = golden::weights(*trainer);
    CHECK_THROWS_CODE(trainer->load(path), "corrupt");
    CHECK(golden::weights(*trainer) == before);
  }
}

TEST(adapter_cut_anywhere_is_refused) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf"), bytes = read_file(golden::fixture("tiny-tied.adapter.gguf"));
  const size_t head = check_header_cuts(bytes, path);
  const auto trainer = std::make_unique<Trainer>(golden::model(kModel), values.lora(), OptimizerConfig{}, 1);
  const auto before = golden::weights(*trainer);
  for (size_t n = head; n + 32 < bytes.size(); n += 211) {
    write_file(path, bytes.substr(0, n));
    CHECK_THROWS_CODE(trainer->load(path), "corrupt");
  }
  CHECK(golden::weights(*trainer) == before);
  write_file(path, bytes);
  trainer->load(path);
  CHECK(golden::weights(*trainer) != before);
}

TEST(adapter_garbled_anywhere_is_refused_or_sound) {
  const golden::Values values(kModel);
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf"), bytes = read_file(golden::fixture("tiny-tied.adapter.gguf"));
  const size_t head = check_header_cuts(bytes, path);
  int refused = 0;
  for (size_t at = 0; at < head; at++) {
    write_file(path, garbled(bytes, at));
    Trainer trainer(golden::model(kModel), values.lora(), {}, 1);
    const auto before = golden::weights(trainer);
    if (loads([&] { trainer.load(path); }, "garbled at " + std::to_string(at))) continue;
    refused++;
    CHECK(golden::weights(trainer) == before);
  }
  CHECK(refused > static_cast<int>(head / 2));
}

TEST(gguf_with_absurd_lengths_is_refused) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("absurd.gguf");
  const auto refuses = [&](const Bytes& bytes, const char* code = "corrupt") {
    write_file(path, bytes.text + std::string(64, '\0'));
    CHECK_THROWS_CODE(GgufFile::open(path), code);
  };
  constexpr uint64_t huge = ~uint64_t{0};
  for (const uint64_t n : {huge, huge >> 1, uint64_t{1} << 40, uint64_t{1} << 20}) {
    refuses(header(n, 0));
    refuses(header(0, n));
    refuses(header(0, 1).put(n));                             // key
    refuses(header(0, 1).name("k").put<uint32_t>(8).put(n));  // text
    for (const uint32_t kind : {0, 4, 8, 10, 12})
      refuses(header(0, 1).name("k").put<uint32_t>(9).put(kind).put(n));  // array
    refuses(header(1, 0).put(n));                                         // tensor name
  }
  refuses(header(0, 1).name("k").put<uint32_t>(13));  // unknown kinds
  refuses(header(0, 1).name("k").put<uint32_t>(9).put<uint32_t>(99).put<uint64_t>(1));
  refuses(header(0, 1).name("k").put<uint32_t>(9).put<uint32_t>(9).put<uint64_t>(1).put<uint32_t>(9));  // nested
  refuses(header(0, 1).name("general.alignment").put<uint32_t>(4).put<uint32_t>(0));
  refuses(header(0, 1).name("general.alignment").put<uint32_t>(10).put<uint64_t>(huge));
  for (const uint32_t alignment : {1, 4, 12})
    refuses(header(0, 1).name("general.alignment").put<uint32_t>(4).put(alignment));
  refuses(tensor("t", {1}, 0, 8));  // between two multiples of the alignment
  refuses(tensor("t", {0}));
  refuses(tensor("t", {huge}));
  refuses(tensor("t", {uint64_t{1} << 32, uint64_t{1} << 32}));
  refuses(tensor("t", {1, 1, 1, 1, 1}));
  refuses(header(0, 0, 1), "unsupported");
  refuses(header(0, 0, 4), "unsupported");
  refuses(header(0, 0, 0x03000000), "unsupported");  // big-endian
  Bytes twice = tensor("t", {1});
  std::memset(&twice.text[8], 2, 1);
  twice.text += twice.text.substr(24);
  refuses(twice);
  for (const std::string text : {"", "G", "GGUF", "GGML....", "{\"a\": 1}"}) {
    write_file(path, text);
    CHECK_THROWS_CODE(GgufFile::open(path), "corrupt");
  }

  // Lengths that pass the header but not the data.
  for (const auto& [size, offset] : {std::pair<uint64_t, uint64_t>{uint64_t{1} << 40, 0},
                                     {uint64_t{1} << 34, 0},
                                     {17, 0},
                                     {1, 128},
                                     {1, huge - 31},
                                     {1, huge / 2 - 31}}) {
    write_file(path, tensor("t", {size}, 0, offset).text + std::string(64 + 32, '\0'));
    const GgufFile file = GgufFile::open(path);
    if (size == 17 && offset == 0) continue;  // fits, to show that the others fail for their length
    CHECK_THROWS_CODE(file.floats(*file.find("t")), "corrupt");
  }
}

TEST(model_cut_anywhere_is_refused) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("model.gguf"), bytes = read_file(golden::fixture("tiny-quantised.gguf"));
  const size_t head = check_header_cuts(bytes, path);
  for (size_t n = head; n + 32 < bytes.size(); n += 997) {
    write_file(path, bytes.substr(0, n));
    CHECK_THROWS_CODE(golden::load_model(path, 1), "corrupt");
  }
  write_file(path, bytes);
  CHECK(golden::load_model(path, 1)->config.n_layers == 2);
}

TEST(model_garbled_anywhere_is_refused_or_sound) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("model.gguf"), bytes = read_file(golden::fixture("tiny-quantised.gguf"));
  const size_t head = check_header_cuts(bytes, path);
  int refused = 0;
  for (size_t at = 0; at < head; at++) {
    // Most of the header is the vocabulary, which the trainer skips: a few places of it are enough.
    if (at > 2000 && at + 2500 < head && at % 17 != 0) continue;
    write_file(path, garbled(bytes, at));
    const auto load = [&] {
      const auto model = golden::load_model(path, 1);
      Trainer trainer(model, {}, {}, 1);
      trainer.logits({0, 1, 2});
    };
    refused += loads(load, "garbled at " + std::to_string(at)) ? 0 : 1;
  }
  CHECK(refused > 500);
}

TEST(model_that_is_none) {
  golden::TemporaryFolder folder;
  CHECK_THROWS_CODE(golden::load_model(folder.file("none.gguf")), "not_found");
  CHECK_THROWS_CODE(golden::load_model(golden::fixture("tiny-tied.golden.gguf")), "unsupported");  // no language model
  CHECK_THROWS_CODE(golden::load_model(golden::fixture("tiny-tied.adapter.gguf")), "corrupt");     // no sizes
  CHECK_THROWS_CODE(Model::load(golden::fixture("tiny-tied.gguf"), folder.file("none.so"), {}), "native");

  LoadOptions cancelling;
  cancelling.on_progress = [](double share) { return share < 0.5; };
  CHECK_THROWS_CODE(Model::load(golden::fixture("tiny-tied.gguf"), golden::ggml_library(), cancelling), "cancelled");

  // A weight that is no number.
  std::string bytes = read_file(golden::fixture("tiny-tied.gguf"));
  const float nan = NAN;
  std::memcpy(&bytes[bytes.size() - 64], &nan, sizeof nan);
  write_file(folder.file("nan.gguf"), bytes);
  CHECK_THROWS_CODE(golden::load_model(folder.file("nan.gguf")), "corrupt");
}

TEST(model_says_what_it_is) {
  const auto tied = golden::model("tiny-tied"), untied = golden::model("tiny-untied");
  const ModelConfig& c = tied->config;
  CHECK(c.architecture == "llama" && c.n_layers == 3 && c.d_model == 48 && c.n_heads == 6 && c.n_kv_heads == 2);
  CHECK(c.head_dim == 8 && c.d_ff == 64 && c.n_vocab == 128 && c.n_ctx == 256 && c.tied_head);
  CHECK(!untied->config.tied_head && untied->config.rope.frequencies.size() == 8);
  CHECK(untied->config.head_dim == 16 && untied->config.d_model == 36);  // heads wider than the model
  double last = 0;
  LoadOptions options;
  options.on_progress = [&](double share) {
    CHECK(share >= last && share <= 1);
    last = share;
    return true;
  };
  Model::load(golden::fixture("tiny-tied.gguf"), golden::ggml_library(), options);
  CHECK(last == 1);
}

// Runs a fuzz target without libFuzzer, so that it is an ordinary test with any compiler: its seeds, the files that
// once crashed it (corpus/<target>), and seeded mutations of them, the same in every run. Not here: search by coverage,
// which is libFuzzer's (make fuzz).
//
//   <target>_replay [--runs N] [--seed N] [--write FOLDER] [corpus file or folder …]
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.hpp"
#include "random.hpp"

namespace {

using Bytes = std::string;

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, uint64_t seed) : corpus_(corpus), random_(seed) {}

  Bytes next() {
    Bytes out = pick();
    const size_t changes = 1 + below(4);
    for (size_t i = 0; i < changes && !out.empty(); i++) change(out);
    return out;
  }

 private:
  size_t below(size_t n) { return static_cast<size_t>(random_.uniform() * static_cast<double>(n)); }
  const Bytes& pick() { return corpus_[below(corpus_.size())]; }
  // Half of the changes hit the header, where lengths are; it is a small part of most files.
  size_t place(const Bytes& in) { return below(below(2) ? in.size() : std::min<size_t>(in.size(), 1500)); }

  void change(Bytes& out) {
    switch (below(6)) {
      case 0:
        out[place(out)] ^= static_cast<char>(1u << below(8));
        break;
      case 1:
        out[place(out)] = static_cast<char>(below(256));
        break;
      case 2:
        out.resize(place(out));
        break;
      case 3: {  // a length, a type, a count
        constexpr uint64_t odd[] = {0,          1,          2,          7,          31,         33,
                                    255,        65536,      1u << 24,   0x7fffffff, 0xffffffff, 1ull << 32,
                                    1ull << 40, ~0ull >> 1, ~0ull - 31, ~0ull};
        const uint64_t value = odd[below(std::size(odd))];
        const size_t at = place(out), bytes = below(2) ? 4 : 8;
        std::memcpy(&out[at], &value, std::min(bytes, out.size() - at));
        break;
      }
      case 4: {  // a piece of another file in the place of one of this
        const Bytes& other = pick();
        const size_t from = place(other), count = below(200), at = place(out);
        out.replace(at, below(2) ? count : below(200), other, from, count);
        break;
      }
      default: {  // a number that is none, or a huge one
        constexpr uint32_t floats[] = {0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0x00000001, 0x80000000};
        const size_t at = place(out) / 4 * 4;
        std::memcpy(&out[at], &floats[below(std::size(floats))], std::min<size_t>(4, out.size() - at));
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  engram::Random random_;
};

bool is_sound(const Bytes& input) {
  return fuzz::is_sound(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

Bytes file_at(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 1000, seed = 1;
  const std::vector<Bytes> seeds = fuzz::seeds();
  std::vector<Bytes> corpus = seeds;
  for (int i = 1; i < argc; i++) {
    const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
    if (std::strcmp(argv[i], "--runs") == 0) {
      runs = std::strtoull(value(), nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0) {
      seed = std::strtoull(value(), nullptr, 10);
    } else if (std::strcmp(argv[i], "--write") == 0) {
      const std::filesystem::path folder = value();
      std::filesystem::create_directories(folder);
      for (size_t n = 0; n < seeds.size(); n++)
        std::ofstream(folder / ("seed-" + std::to_string(n)), std::ios::binary) << seeds[n];
      return 0;
    } else if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) corpus.push_back(file_at(entry.path()));
    } else if (std::filesystem::exists(argv[i])) {
      corpus.push_back(file_at(argv[i]));
    }
  }
  // What falls ends the process, by a sanitizer or by abort().
  std::fprintf(stderr, "The input that runs lies in %s.\n", fuzz::scratch().c_str());
  int passed = 0, failed = 0, taken = 0;
  for (size_t i = 0; i < corpus.size(); i++) {
    const bool sound = is_sound(corpus[i]);
    if (!sound && i < seeds.size()) std::printf("seed %zu was refused\n", i);
    ++(!sound && i < seeds.size() ? failed : passed);
  }
  Mutator mutator(corpus, seed);
  for (uint64_t i = 0; i < runs; i++) taken += is_sound(mutator.next()) ? 1 : 0;
  std::printf("%zu files; of %llu mutations %d were sound files\n", corpus.size(),
              static_cast<unsigned long long>(runs), taken);
  std::printf("%d passed, %d failed\n", passed + (runs > 0 ? 1 : 0), failed);
  return failed > 0 ? 1 : 0;
}

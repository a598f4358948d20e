// A model in several files: read as one, bit for bit, and refused by the name of the part where one is missing, cut
// off, another's, or not the first.
#include <deque>
#include <filesystem>

#include "fuse.hpp"
#include "gguf.hpp"
#include "golden.hpp"

using namespace engram;

namespace {

// Not with +, of which GCC 12 warns at -O3 (its bug 105651).
std::string tensor_name(int i) { return std::string("t").append(std::to_string(i)); }

// The last bytes of a name as parts have them.
std::string named(uint64_t no, uint64_t count) {
  return "m-0000" + std::to_string(no + 1) + "-of-0000" + std::to_string(count) + ".gguf";
}

// Writes `values` as parts of as many tensors as `sizes` says; the tensors are t0, t1, … of four values each.
void write_parts(const golden::TemporaryFolder& folder, const std::vector<int>& sizes, uint64_t claimed) {
  static const float values[64] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  int i = 0;
  for (size_t no = 0; no < sizes.size(); no++) {
    GgufWriter out;
    if (no == 0) out.set("general.architecture", std::string("llama"));
    out.set("split.no", static_cast<uint64_t>(no));
    out.set("split.count", static_cast<uint64_t>(sizes.size()));
    out.set("split.tensors.count", claimed);
    for (int n = 0; n < sizes[no]; n++, i++) out.add(tensor_name(i), {2, 2}, values + i);
    out.write(folder.file(named(no, sizes.size())));
  }
}

}  // namespace

TEST(gguf_in_parts_is_read_as_one) {
  golden::TemporaryFolder folder;
  write_parts(folder, {0, 3, 2}, 5);  // the first may hold nothing but metadata
  const GgufFile file = GgufFile::open(folder.file(named(0, 3)));
  CHECK(file.tensors().size() == 5 && file.string("general.architecture") == "llama");
  for (int i = 0; i < 5; i++) {
    const GgufTensor* tensor = file.find(tensor_name(i));
    CHECK(tensor != nullptr && tensor->part == (i < 3 ? 1u : 2u));
    const float first = static_cast<float>(i);
    CHECK(file.floats(*tensor) == (std::vector<float>{first, first + 1, first + 2, first + 3}));
  }
  // What says which part it is is not copied into a model of one file.
  CHECK(file.metadata_count() == 1 && file.metadata().find("split.") == std::string::npos);
}

TEST(gguf_in_parts_is_refused_by_the_part) {
  golden::TemporaryFolder folder;
  const auto refuses = [&](const std::string& path, const char* code, const std::string& says) {
    try {
      GgufFile::open(path);
      check::fail(__FILE__, __LINE__, says + " was read");
    } catch (const Error& error) {
      if (error.code != code || std::string(error.what()).find(says) == std::string::npos)
        check::fail(__FILE__, __LINE__, error.code + ": " + error.what());
    }
  };
  const std::string first = folder.file(named(0, 3));
  write_parts(folder, {1, 1, 1}, 3);
  refuses(folder.file(named(1, 3)), "usage", "is part 2 of 3");
  std::filesystem::copy_file(first, folder.file("renamed.gguf"));
  refuses(folder.file("renamed.gguf"), "corrupt", "not named so");

  const std::string third = golden::read_file(folder.file(named(2, 3)));
  golden::write_file(folder.file(named(2, 3)), third.substr(0, third.size() / 3));
  refuses(first, "corrupt", named(2, 3));
  golden::write_file(folder.file(named(2, 3)), golden::read_file(folder.file(named(1, 3))));
  refuses(first, "corrupt", named(2, 3) + " does not say that it is part 3 of 3");
  std::filesystem::remove(folder.file(named(2, 3)));
  refuses(first, "corrupt", "Part 3 of 3 is missing");

  golden::write_file(folder.file(named(2, 3)), third.substr(0, third.size() - 20));  // of its data
  const GgufFile cut = GgufFile::open(first);
  CHECK_THROWS_CODE(cut.floats(*cut.find("t2")), "corrupt");

  write_parts(folder, {1, 1, 1}, 4);
  refuses(first, "corrupt", "hold 3 tensors, and should hold 4");
}

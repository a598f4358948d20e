// Reads and writes GGUF, the container of llama.cpp's models and adapters (spec: ggml/docs/gguf.md, versions 2 and 3,
// little-endian), also one that lies in several files (gguf_parts.hpp). A file is memory-mapped and never copied; every
// length in it is checked before it is used. Not here: what the tensors mean (model.hpp, adapter_file.hpp) and how
// quantised ones are decoded (ggml.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace engram {

constexpr uint32_t kGgufF32 = 0, kGgufF16 = 1;  // of ggml_type

struct GgufTensor {
  std::string name;
  uint32_t type = 0;  // a ggml_type; 0 is F32
  std::vector<int64_t>
      shape;            // as in the file: the fastest dimension first, so a [n_out, n_in] matrix is {n_in, n_out}
  uint64_t offset = 0;  // from the start of the data section
  uint32_t part = 0;    // the file it lies in, of several
  int64_t elements() const;
};

class GgufFile {
 public:
  // `path` is the first of several parts, which lie beside it. Throws `not_found`, `disk`, `corrupt` (also for a part
  // that is missing or another's), `unsupported` (version, big-endian), `usage` (a part that is not the first).
  static GgufFile open(const std::string& path);
  ~GgufFile();
  GgufFile(GgufFile&&) noexcept;

  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find(std::string_view name) const;  // null if there is none
  // The bytes of a tensor; throws `corrupt` if the file ends before `bytes`.
  const uint8_t* data(const GgufTensor& tensor, uint64_t bytes) const;
  // The values of an F32 tensor.
  std::vector<float> floats(const GgufTensor& tensor) const;

  // Metadata; the first form throws `corrupt` if the key is missing or of another kind. Any integer kind is read as
  // int.
  int64_t integer(const std::string& key) const;
  int64_t integer(const std::string& key, int64_t fallback) const;
  double number(const std::string& key) const;
  double number(const std::string& key, double fallback) const;
  std::string string(const std::string& key) const;
  std::string string(const std::string& key, const std::string& fallback) const;
  bool has(const std::string& key) const { return values_.count(key) > 0; }
  // Is there a list where others have one value?
  bool has_list(const std::string& key) const;

  // For copying: every key and value as they lie in the file but for those that say which part it is, how many there
  // are, and what tensors are aligned to.
  std::string metadata() const;
  uint64_t metadata_count() const { return n_values_; }
  uint64_t alignment() const { return alignment_; }
  uint32_t version() const { return version_; }

 private:
  struct Array {
    uint64_t length;
  };
  using Value = std::variant<int64_t, double, bool, std::string, Array>;
  class Mapping;
  class Reader;

  using Values = std::map<std::string, Value>;
  struct Part {
    std::string path;
    std::unique_ptr<Mapping> mapping;
    uint64_t data_start = 0;
  };

  GgufFile();
  void read_part(const std::string& path);
  void check_part(const Values& values, const std::string& path, int64_t count) const;
  const Value* value(const std::string& key) const;

  std::string path_;
  std::vector<Part> parts_;
  std::vector<std::string_view> metadata_;  // stretches of the first part
  uint64_t n_values_ = 0, alignment_ = 0;
  uint32_t version_ = 0;
  Values values_;  // of the first part
  std::vector<GgufTensor> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
};

// Collects metadata and tensors of F32 or F16 and writes them as one GGUF (version 3).
class GgufWriter {
 public:
  void set(const std::string& key, const std::string& value);
  void set(const std::string& key, float value);
  void set(const std::string& key, uint64_t value);
  // `shape` fastest dimension first; `data` must stay alive until write().
  void add(const std::string& name, std::vector<int64_t> shape, const float* data);
  void add_f16(const std::string& name, std::vector<int64_t> shape, const uint16_t* data);
  // Temporary file beside `path`, fsync, rename. Throws `disk`.
  void write(const std::string& path) const;

 private:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    uint32_t type;
    const void* data;
    uint64_t bytes;
  };
  void add(const std::string& name, std::vector<int64_t> shape, uint32_t type, const void* data, uint64_t bytes_each);
  std::string metadata_;
  uint64_t n_metadata_ = 0;
  std::vector<Entry> tensors_;
};

}  // namespace engram

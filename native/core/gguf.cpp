// GGUF reader and writer (see gguf.hpp).
#include "gguf.hpp"

#include <cstring>
#include <limits>

#include "error.hpp"
#include "file.hpp"
#include "gguf_parts.hpp"

namespace engram {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kMaxString = 16u << 20, kMaxDims = 4, kMaxTensors = 1u << 20;
constexpr int64_t kMaxElements = int64_t{1} << 40;

enum Kind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text_kind, array_kind, u64, i64, f64, kinds };
constexpr uint64_t kKindBytes[kinds] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

uint64_t align_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

}  // namespace

class GgufFile::Mapping : public MappedFile {
  using MappedFile::MappedFile;
};

// Walks the header; every read is checked against the end of the file.
class GgufFile::Reader {
 public:
  Reader(const uint8_t* data, uint64_t size, const std::string& path) : data_(data), size_(size), path_(path) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw Error("corrupt", "Not a sound GGUF file: " + path_ + ": " + what + ".", "Fetch the file again.");
  }
  const uint8_t* bytes(uint64_t n) {
    if (n > size_ - at_) fail("it ends in the middle of its header");
    const uint8_t* p = data_ + at_;
    at_ += n;
    return p;
  }
  template <typename T>
  T get() {
    T value;
    std::memcpy(&value, bytes(sizeof(T)), sizeof(T));
    return value;
  }
  std::string text() {
    const uint64_t n = get<uint64_t>();
    if (n > kMaxString) fail("a text of " + std::to_string(n) + " bytes in its header");
    const uint8_t* p = bytes(n);
    return {reinterpret_cast<const char*>(p), n};
  }
  Value value(uint32_t kind, int depth = 0) {
    switch (kind) {
      case u8:
        return int64_t{get<uint8_t>()};
      case i8:
        return int64_t{get<int8_t>()};
      case u16:
        return int64_t{get<uint16_t>()};
      case i16:
        return int64_t{get<int16_t>()};
      case u32:
        return int64_t{get<uint32_t>()};
      case i32:
        return int64_t{get<int32_t>()};
      case u64:
        return static_cast<int64_t>(get<uint64_t>());
      case i64:
        return get<int64_t>();
      case f32:
        return double{get<float>()};
      case f64:
        return get<double>();
      case boolean:
        return get<uint8_t>() != 0;
      case text_kind:
        return text();
      case array_kind:
        return skip_array(depth);
      default:
        fail("an unknown kind of value (" + std::to_string(kind) + ")");
    }
  }
  uint64_t position() const { return at_; }

 private:
  Array skip_array(int depth) {
    if (depth > 0) fail("nested arrays");
    const uint32_t kind = get<uint32_t>();
    const uint64_t n = get<uint64_t>();
    if (kind >= kinds) fail("an unknown kind of array (" + std::to_string(kind) + ")");
    if (kKindBytes[kind] > 0) {
      if (n > size_ / kKindBytes[kind]) fail("an array longer than the file");
      bytes(n * kKindBytes[kind]);
    } else {
      if (n > size_ / 8) fail("an array longer than the file");  // each text has at least its length
      for (uint64_t i = 0; i < n; i++) {
        if (kind == text_kind) {
          bytes(get<uint64_t>());
        } else {
          value(kind, depth + 1);
        }
      }
    }
    return {n};
  }

  const uint8_t* data_;
  uint64_t size_, at_ = 0;
  const std::string& path_;
};

int64_t GgufTensor::elements() const {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  return n;
}

GgufFile::GgufFile() = default;
GgufFile::~GgufFile() = default;
GgufFile::GgufFile(GgufFile&&) noexcept = default;

GgufFile GgufFile::open(const std::string& path) {
  GgufFile file;
  file.path_ = path;
  file.read_part(path);
  const int64_t count = file.integer("split.count", 1);
  if (count <= 1) return file;
  const int64_t no = file.integer("split.no", 0);
  if (no != 0) throw not_first(path, no, count);
  for (int64_t i = 1; i < count; i++) file.read_part(part_path(path, i, count));
  const int64_t whole = file.integer("split.tensors.count", static_cast<int64_t>(file.tensors_.size()));
  if (whole != static_cast<int64_t>(file.tensors_.size())) {
    throw Error("corrupt",
                "The parts of " + path + " hold " + std::to_string(file.tensors_.size()) +
                    " tensors, and should hold " + std::to_string(whole) + ".",
                "Fetch them again.");
  }
  return file;
}

// Metadata of the first part, tensors of each.
void GgufFile::read_part(const std::string& path) {
  const bool first = parts_.empty();
  Part part{path, std::make_unique<Mapping>(path)};
  Reader in(part.mapping->data(), part.mapping->size(), path);

  if (in.get<uint32_t>() != kMagic) in.fail("it does not begin with GGUF");
  const uint32_t version = in.get<uint32_t>();
  if (version < 2 || version > 3) {
    throw Error("unsupported", "GGUF version " + std::to_string(version) + " of " + path + " cannot be read.",
                "Versions 2 and 3 in little-endian order are.");
  }
  const uint64_t n_tensors = in.get<uint64_t>(), n_values = in.get<uint64_t>();
  if (n_tensors > kMaxTensors || n_values > kMaxTensors) in.fail("absurd counts in its header");
  Values values;
  for (uint64_t i = 0; i < n_values; i++) {
    const uint64_t from = in.position();
    std::string key = in.text();
    const uint32_t kind = in.get<uint32_t>();
    const bool of_part = key.starts_with("split.");
    values.insert_or_assign(std::move(key), in.value(kind));
    if (!first || of_part) continue;
    metadata_.emplace_back(reinterpret_cast<const char*>(part.mapping->data()) + from, in.position() - from);
  }
  if (first) {
    version_ = version;
    n_values_ = metadata_.size();
    values_ = values;
  } else {
    check_part(values, path, integer("split.count"));
  }
  const size_t before = tensors_.size();
  for (uint64_t i = 0; i < n_tensors; i++) {
    GgufTensor t;
    t.name = in.text();
    const uint32_t dims = in.get<uint32_t>();
    if (dims > kMaxDims) in.fail("tensor " + t.name + " has " + std::to_string(dims) + " dimensions");
    int64_t elements = 1;
    for (uint32_t d = 0; d < dims; d++) {
      const int64_t n = in.get<int64_t>();
      if (n < 1 || n > kMaxElements / elements) in.fail("tensor " + t.name + " has an absurd size");
      elements *= n;
      t.shape.push_back(n);
    }
    t.type = in.get<uint32_t>();
    t.offset = in.get<uint64_t>();
    t.part = static_cast<uint32_t>(parts_.size());
    if (!index_.emplace(t.name, tensors_.size()).second) in.fail("two tensors are named " + t.name);
    tensors_.push_back(std::move(t));
  }
  const auto given = values.find("general.alignment");
  int64_t alignment = 32;
  if (given != values.end()) {
    if (!std::holds_alternative<int64_t>(given->second)) in.fail("absurd alignment");
    alignment = std::get<int64_t>(given->second);
  }
  if (alignment < 8 || alignment > (1 << 20) || alignment % 8 != 0) in.fail("absurd alignment");
  // What is aligned in the file is aligned in memory: the functions that decode tensors read words, not bytes.
  for (size_t i = before; i < tensors_.size(); i++) {
    if (tensors_[i].offset % static_cast<uint64_t>(alignment) != 0)
      in.fail("tensor " + tensors_[i].name + " is not aligned");
  }
  if (first) alignment_ = static_cast<uint64_t>(alignment);
  part.data_start = align_up(in.position(), static_cast<uint64_t>(alignment));
  parts_.push_back(std::move(part));
}

// Throws `corrupt` unless the next part says so itself.
void GgufFile::check_part(const Values& values, const std::string& path, int64_t count) const {
  const auto is = [&](const char* key, int64_t expected) {
    const auto at = values.find(key);
    return at != values.end() && std::holds_alternative<int64_t>(at->second) &&
           std::get<int64_t>(at->second) == expected;
  };
  const auto no = static_cast<int64_t>(parts_.size());
  if (is("split.no", no) && is("split.count", count)) return;
  throw Error("corrupt",
              path + " does not say that it is part " + std::to_string(no + 1) + " of " + std::to_string(count) + ".",
              "Fetch it again.");
}

const GgufTensor* GgufFile::find(std::string_view name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &tensors_[at->second];
}

std::string GgufFile::metadata() const {
  std::string out;
  for (const std::string_view stretch : metadata_) out += stretch;
  return out;
}

const uint8_t* GgufFile::data(const GgufTensor& tensor, uint64_t bytes) const {
  const Part& part = parts_[tensor.part];
  const uint64_t size = part.mapping->size(), start = part.data_start;
  if (start > size || tensor.offset > size - start || bytes > size - start - tensor.offset) {
    throw Error("corrupt", part.path + " is truncated: it ends before tensor " + tensor.name + " does.",
                "Fetch the file again.");
  }
  return part.mapping->data() + start + tensor.offset;
}

std::vector<float> GgufFile::floats(const GgufTensor& tensor) const {
  if (tensor.type != 0) throw Error("unsupported", "Tensor " + tensor.name + " of " + path_ + " is not F32.");
  const uint64_t n = static_cast<uint64_t>(tensor.elements());
  const uint8_t* bytes = data(tensor, n * sizeof(float));  // before memory is asked for: the length may be absurd
  std::vector<float> out(n);
  std::memcpy(out.data(), bytes, n * sizeof(float));
  return out;
}

const GgufFile::Value* GgufFile::value(const std::string& key) const {
  const auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

namespace {
[[noreturn]] void missing(const std::string& path, const std::string& key) {
  throw Error("corrupt", path + " lacks " + key + " in its header, or has it in a form that makes no sense.");
}
}  // namespace

int64_t GgufFile::integer(const std::string& key) const {
  const Value* v = value(key);
  if (v == nullptr || !std::holds_alternative<int64_t>(*v)) missing(path_, key);
  return std::get<int64_t>(*v);
}
bool GgufFile::has_list(const std::string& key) const {
  const Value* v = value(key);
  return v != nullptr && std::holds_alternative<Array>(*v);
}

int64_t GgufFile::integer(const std::string& key, int64_t fallback) const { return has(key) ? integer(key) : fallback; }

double GgufFile::number(const std::string& key) const {
  const Value* v = value(key);
  if (v != nullptr && std::holds_alternative<int64_t>(*v)) return static_cast<double>(std::get<int64_t>(*v));
  if (v == nullptr || !std::holds_alternative<double>(*v)) missing(path_, key);
  return std::get<double>(*v);
}
double GgufFile::number(const std::string& key, double fallback) const { return has(key) ? number(key) : fallback; }

std::string GgufFile::string(const std::string& key) const {
  const Value* v = value(key);
  if (v == nullptr || !std::holds_alternative<std::string>(*v)) missing(path_, key);
  return std::get<std::string>(*v);
}
std::string GgufFile::string(const std::string& key, const std::string& fallback) const {
  return has(key) ? string(key) : fallback;
}

namespace {
template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}
void put_text(std::string& out, const std::string& text) {
  put<uint64_t>(out, text.size());
  out += text;
}
constexpr uint64_t kAlignment = 32;
}  // namespace

void GgufWriter::set(const std::string& key, const std::string& value) {
  put_text(metadata_, key);
  put<uint32_t>(metadata_, text_kind);
  put_text(metadata_, value);
  n_metadata_++;
}
void GgufWriter::set(const std::string& key, float value) {
  put_text(metadata_, key);
  put<uint32_t>(metadata_, f32);
  put(metadata_, value);
  n_metadata_++;
}
void GgufWriter::set(const std::string& key, uint64_t value) {
  put_text(metadata_, key);
  put<uint32_t>(metadata_, u64);
  put(metadata_, value);
  n_metadata_++;
}

void GgufWriter::add(const std::string& name, std::vector<int64_t> shape, uint32_t type, const void* data,
                     uint64_t bytes_each) {
  uint64_t bytes = bytes_each;
  for (int64_t d : shape) bytes *= static_cast<uint64_t>(d);
  tensors_.push_back({name, std::move(shape), type, data, bytes});
}

void GgufWriter::add(const std::string& name, std::vector<int64_t> shape, const float* data) {
  add(name, std::move(shape), kGgufF32, data, sizeof *data);
}

void GgufWriter::add_f16(const std::string& name, std::vector<int64_t> shape, const uint16_t* data) {
  add(name, std::move(shape), kGgufF16, data, sizeof *data);
}

void GgufWriter::write(const std::string& path) const {
  std::string head;
  put(head, kMagic);
  put<uint32_t>(head, 3);
  put<uint64_t>(head, tensors_.size());
  put<uint64_t>(head, n_metadata_);
  head += metadata_;
  uint64_t offset = 0;
  for (const Entry& t : tensors_) {
    put_text(head, t.name);
    put<uint32_t>(head, static_cast<uint32_t>(t.shape.size()));
    for (int64_t d : t.shape) put(head, d);
    put(head, t.type);
    put(head, offset);
    offset += align_up(t.bytes, kAlignment);
  }
  AtomicFile file(path);
  file.write(head.data(), head.size());
  uint64_t at = head.size();
  static const char zeros[kAlignment] = {};
  const auto pad = [&] {
    file.write(zeros, align_up(at, kAlignment) - at);
    at = align_up(at, kAlignment);
  };
  pad();
  for (const Entry& t : tensors_) {
    file.write(t.data, t.bytes);
    at += t.bytes;
    pad();
  }
  file.commit();
}

}  // namespace engram

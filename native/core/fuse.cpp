// Copies a GGUF tensor by tensor and adds adapters on the way (see fuse.hpp).
#include "fuse.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>

#include "adapter.hpp"
#include "error.hpp"
#include "file.hpp"
#include "gguf.hpp"
#include "threads.hpp"

namespace engram {
namespace {

constexpr int64_t kChunkBytes = int64_t{16} << 20;    // of values that are held as f32
constexpr uint64_t kSpareBytes = uint64_t{64} << 20;  // left free on the disk

class Fuser {
 public:
  Fuser(const std::string& model, const std::vector<WeightedAdapter>& adapters, const Ggml& ggml,
        const FuseOptions& options)
      : path_(model), file_(GgufFile::open(model)), ggml_(ggml), options_(options), pool_(options.threads) {
    if (adapters.empty()) throw Error("usage", "There are no adapters to fuse.");
    if (file_.string("general.type", "model") == "adapter")
      throw Error("usage", path_ + " is an adapter, not a model.");
    for (const WeightedAdapter& adapter : adapters) take(adapter);
    plan();
  }

  FuseReport run(const std::string& output) {
    std::error_code failed;
    if (std::filesystem::equivalent(path_, output, failed))
      throw Error("usage", "A model is never changed: give another path than its own.");
    require_room(output);
    AtomicFile out(output);
    write(out, header());
    for (size_t i = 0; i < places_.size(); i++) {
      pad(out, places_[i].offset);
      if (places_[i].parts.empty()) {
        copy(out, places_[i]);
      } else {
        fuse(out, places_[i]);
      }
    }
    pad(out, end_);
    out.commit();
    return {static_cast<int64_t>(at_), n_fused_};
  }

 private:
  // A tensor, and where and as what it will lie.
  struct Place {
    const GgufTensor* tensor;
    std::vector<const AdapterPair*> parts;
    uint32_t type;
    uint64_t bytes_before, bytes, offset;  // offset: from the start of the data
  };

  void take(const WeightedAdapter& given) {
    if (!std::isfinite(given.weight)) throw Error("usage", "A weight is not a number.");
    adapters_.push_back(Adapter::read(given.path, ggml_));
    const auto mismatch = [&](const std::string& what) {
      return Error("mismatch", "The adapter " + given.path + " does not fit the model " + path_ + ": " + what + ".",
                   "An adapter can be fused only with the model that it was trained on.");
    };
    if (adapters_.back().architecture != file_.string("general.architecture"))
      throw mismatch("it is for the architecture " + adapters_.back().architecture);
    for (AdapterPair& pair : adapters_.back().pairs) {
      pair.scale *= given.weight;
      const GgufTensor* tensor = file_.find(pair.weight);
      if (tensor == nullptr) throw mismatch("the model has no " + pair.weight);
      if (tensor->shape != std::vector<int64_t>{pair.n_in, pair.n_out})
        throw mismatch(pair.weight + " has another shape");
      // NVFP4: what is stored is not the weight itself.
      const std::string scale = pair.weight.substr(0, pair.weight.rfind('.')) + ".scale";
      if (file_.find(scale) != nullptr)
        throw Error("unsupported", "Adapters cannot be fused with " + pair.weight + ", which has a scale beside it.");
      pairs_.emplace(pair.weight, &pair);
    }
  }

  void plan() {
    uint64_t offset = 0;
    for (const GgufTensor& tensor : file_.tensors()) {
      Place place{&tensor, {}, tensor.type, 0, 0, offset};
      const auto [first, last] = pairs_.equal_range(tensor.name);
      for (auto pair = first; pair != last; ++pair) place.parts.push_back(pair->second);
      place.bytes_before = bytes_of(tensor, tensor.type);
      if (!place.parts.empty()) {
        n_fused_++;
        if (options_.type != "own")
          place.type = ggml_.writable(options_.type);
        else
          ggml_.writable(ggml_.type(tensor.type).name);  // throws here and not in the middle of the file
      }
      place.bytes = bytes_of(tensor, place.type);
      total_ += place.bytes_before;
      offset = align(offset + place.bytes);
      places_.push_back(std::move(place));
    }
    end_ = offset;
  }

  uint64_t bytes_of(const GgufTensor& tensor, uint32_t type) const {
    const Ggml::Type t = ggml_.type(type);
    const int64_t width = tensor.shape.empty() ? 1 : tensor.shape[0];
    if (width % t.block_elements != 0) {
      throw Error("unsupported",
                  "Tensor " + tensor.name + " cannot be stored as " + t.name + ": its rows of " +
                      std::to_string(width) + " values are no whole blocks of " + std::to_string(t.block_elements) +
                      ".",
                  "Choose another type, for example f16.");
    }
    return t.bytes(tensor.elements());
  }

  std::string header() const {
    std::string out;
    const auto put = [&](auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    out += "GGUF";
    put(file_.version());
    put(static_cast<uint64_t>(places_.size()));
    put(file_.metadata_count());
    out += file_.metadata();
    for (const Place& place : places_) {
      put(static_cast<uint64_t>(place.tensor->name.size()));
      out += place.tensor->name;
      put(static_cast<uint32_t>(place.tensor->shape.size()));
      for (const int64_t n : place.tensor->shape) put(n);
      put(place.type);
      put(place.offset);
    }
    out.resize(align(out.size()), '\0');
    return out;
  }

  void require_room(const std::string& output) const {
    const std::filesystem::path folder = std::filesystem::absolute(output).parent_path();
    std::error_code failed;
    const uint64_t free = std::filesystem::space(folder, failed).available;
    const uint64_t needed = end_ + kSpareBytes;
    if (failed || free >= needed) return;  // what cannot be asked is found out by writing
    throw Error("disk",
                "No room for the fused model: it needs " + std::to_string(needed / 1'000'000) + " MB, and " +
                    std::to_string(free / 1'000'000) + " MB are free in " + folder.string() + ".",
                "Free some space, choose a smaller type (--type q8_0) or another disk.");
  }

  void copy(AtomicFile& out, const Place& place) {
    const uint8_t* data = file_.data(*place.tensor, place.bytes);
    for (uint64_t done = 0; done < place.bytes; done += kChunkBytes) {
      const uint64_t n = std::min<uint64_t>(kChunkBytes, place.bytes - done);
      write(out, {reinterpret_cast<const char*>(data + done), n});
      progress(n);
    }
  }

  // Rows are independent of each other, so the result is the same whatever the chunks and threads.
  void fuse(AtomicFile& out, const Place& place) {
    const int64_t width = place.tensor->shape[0], height = place.tensor->shape[1];
    const Ggml::Type from = ggml_.type(place.tensor->type), to = ggml_.type(place.type);
    const uint8_t* data = file_.data(*place.tensor, place.bytes_before);
    const int64_t step = std::clamp<int64_t>(kChunkBytes / (width * static_cast<int64_t>(sizeof(float))), 1, height);
    std::vector<float> values(step * width);
    std::string encoded(to.bytes(step * width), '\0');
    for (int64_t first = 0; first < height; first += step) {
      const int64_t rows = std::min(step, height - first);
      pool_.parallel_for(rows, [&](int64_t i) {
        float* row = &values[i * width];
        from.dequantize(data + from.bytes((first + i) * width), row, width);
        for (const AdapterPair* part : place.parts) add(*part, first + i, row);
        if (!std::all_of(row, row + width, [](float x) { return std::isfinite(x); }))
          throw Error("corrupt", "Tensor " + place.tensor->name + " would hold values that are not finite numbers.");
        ggml_.encode(place.type, row, &encoded[to.bytes(i * width)], 1, width);
      });
      write(out, {encoded.data(), to.bytes(rows * width)});
      progress(from.bytes(rows * width));
    }
  }

  // row += scale · B[o] A, summed in double: W has few digits to spare for the order of sums.
  static void add(const AdapterPair& pair, int64_t o, float* row) {
    std::vector<double> delta(pair.n_in, 0);
    for (int64_t k = 0; k < pair.rank; k++) {
      const double b = pair.scale * pair.B[o * pair.rank + k];
      const float* a = &pair.A[k * pair.n_in];
      for (int64_t i = 0; i < pair.n_in; i++) delta[i] += b * a[i];
    }
    for (int64_t i = 0; i < pair.n_in; i++) row[i] = static_cast<float>(row[i] + delta[i]);
  }

  uint64_t align(uint64_t n) const { return (n + file_.alignment() - 1) / file_.alignment() * file_.alignment(); }

  void write(AtomicFile& out, std::string_view bytes) {
    out.write(bytes.data(), bytes.size());
    at_ += bytes.size();
    if (data_start_ == 0) data_start_ = at_;  // the header comes first
  }
  void pad(AtomicFile& out, uint64_t to) {
    if (at_ < data_start_ + to) write(out, std::string(data_start_ + to - at_, '\0'));
  }

  void progress(uint64_t bytes) {
    done_ += bytes;
    if (options_.on_progress && !options_.on_progress(static_cast<double>(done_) / static_cast<double>(total_)))
      throw Error("cancelled", "Cancelled.");
  }

  const std::string path_;
  const GgufFile file_;
  const Ggml& ggml_;
  const FuseOptions& options_;
  ThreadPool pool_;
  std::deque<Adapter> adapters_;
  std::multimap<std::string, const AdapterPair*, std::less<>> pairs_;
  std::vector<Place> places_;
  int64_t n_fused_ = 0;
  uint64_t end_ = 0, at_ = 0, data_start_ = 0, done_ = 0, total_ = 0;
};

}  // namespace

FuseReport fuse_adapters(const std::string& model, const std::vector<WeightedAdapter>& adapters,
                         const std::string& output, const Ggml& ggml, const FuseOptions& options) {
  return Fuser(model, adapters, ggml, options).run(output);
}

}  // namespace engram

// Files of the operating system: a read-only memory mapping, and a file that appears whole or not at all. Not here:
// formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace engram {

// Throws `not_found` or `disk`. An empty file maps to size 0.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  const uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
};

// Writes beside `path`; commit() flushes to the disk and renames, the destructor removes what was not committed.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);  // throws `disk`
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);  // throws `disk`
  void commit();                               // throws `disk`

 private:
  [[noreturn]] void fail(const char* what);

  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace engram

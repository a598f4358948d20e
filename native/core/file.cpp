// Memory mapping and atomic files for POSIX and Windows (see file.hpp).
#include "file.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>

#include "error.hpp"

#ifdef _WIN32
#define NOMINMAX
#include <io.h>
#include <process.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace engram {
namespace {

[[noreturn]] void cannot_open(const std::string& path, bool missing) {
  if (missing) throw Error("not_found", "No such file: " + path + ".");
  throw Error("disk", "Cannot read " + path + ": " + std::strerror(errno) + ".");
}

// Exclusive: two trainers of one process may write the same file at once, each in a thread of its own.
std::string temporary_name(const std::string& path, int process) {
  static std::atomic<uint64_t> written{0};
  return path + "." + std::to_string(process) + "-" + std::to_string(written.fetch_add(1)) + ".tmp";
}

}  // namespace

#ifdef _WIN32

static std::wstring wide(const std::string& utf8) {
  std::wstring out(static_cast<size_t>(MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, nullptr, 0)), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, out.data(), static_cast<int>(out.size()));
  return out;
}

// The reasons that a user can do something about, as the C library would give them.
static void set_errno(DWORD reason) {
  errno = reason == ERROR_ACCESS_DENIED || reason == ERROR_SHARING_VIOLATION      ? EACCES
          : reason == ERROR_NOT_ENOUGH_MEMORY || reason == ERROR_COMMITMENT_LIMIT ? ENOMEM
          : reason == ERROR_DISK_FULL                                             ? ENOSPC
                                                                                  : EIO;
}

MappedFile::MappedFile(const std::string& path) {
  HANDLE file = CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                            OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) {
    const DWORD reason = GetLastError();
    set_errno(reason);
    cannot_open(path, reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND);
  }
  LARGE_INTEGER size{};
  if (!GetFileSizeEx(file, &size)) size.QuadPart = 0;
  size_ = static_cast<uint64_t>(size.QuadPart);
  HANDLE mapping = size_ > 0 ? CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr) : nullptr;
  if (mapping != nullptr) data_ = static_cast<const uint8_t*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
  set_errno(GetLastError());
  if (mapping != nullptr) CloseHandle(mapping);
  CloseHandle(file);
  if (size_ > 0 && data_ == nullptr) cannot_open(path, false);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
}

static int process_id() { return _getpid(); }
static int sync_to_disk(std::FILE* file) { return _commit(_fileno(file)); }
static int replace(const std::string& from, const std::string& to) {
  if (MoveFileExW(wide(from).c_str(), wide(to).c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) return 0;
  set_errno(GetLastError());
  return -1;
}
static std::FILE* open_for_writing(const std::string& path) { return _wfopen(wide(path).c_str(), L"wbx"); }
static void delete_file(const std::string& path) { DeleteFileW(wide(path).c_str()); }

#else

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK a named pipe would keep us here until somebody writes into it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) cannot_open(path, errno == ENOENT);
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    throw Error("disk", path + " is not a file that can be read.");
  }
  size_ = static_cast<uint64_t>(info.st_size);
  void* map = size_ > 0 ? mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  close(fd);
  if (map == MAP_FAILED) cannot_open(path, false);
  data_ = static_cast<const uint8_t*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_);
}

static int process_id() { return getpid(); }
static int sync_to_disk(std::FILE* file) { return fsync(fileno(file)); }
static int replace(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return -1;
  // The rename itself must reach the disk too.
  const size_t slash = to.find_last_of('/');
  const int folder = ::open(slash == std::string::npos ? "." : to.substr(0, slash + 1).c_str(), O_RDONLY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return 0;
}
static std::FILE* open_for_writing(const std::string& path) { return std::fopen(path.c_str(), "wbxe"); }
static void delete_file(const std::string& path) { std::remove(path.c_str()); }

#endif

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  // A name may be taken by what a process of the same number left when it was killed.
  for (int tries = 0; file_ == nullptr && tries < 1000; tries++) {
    temporary_ = temporary_name(path, process_id());
    file_ = open_for_writing(temporary_);
    if (file_ == nullptr && errno != EEXIST) break;
  }
  if (file_ == nullptr) fail("Cannot write");
}

AtomicFile::~AtomicFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  delete_file(temporary_);
}

void AtomicFile::write(const void* data, size_t bytes) {
  if (bytes > 0 && std::fwrite(data, 1, bytes, file_) != bytes) fail("Cannot write");
}

void AtomicFile::commit() {
  if (std::fflush(file_) != 0 || sync_to_disk(file_) != 0) fail("Cannot write");
  std::FILE* file = file_;
  file_ = nullptr;
  const bool ok = std::fclose(file) == 0 && replace(temporary_, path_) == 0;
  if (!ok) {
    const int reason = errno;
    delete_file(temporary_);
    errno = reason;
    fail("Cannot replace");
  }
}

void AtomicFile::fail(const char* what) {
  const int reason = errno;
  throw Error("disk", std::string(what) + " " + path_ + ": " + std::strerror(reason) + ".",
              reason == ENOSPC ? "Free some space and try again." : "Check the folder and its permissions.");
}

}  // namespace engram

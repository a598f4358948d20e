// Files of the operating system: several writers of one path, what a killed process left, paths that are no files. Not
// here: formats (adapter_test.cpp).
#include "file.hpp"

#include <filesystem>
#include <thread>

#ifndef _WIN32
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "check.hpp"
#include "golden.hpp"

using namespace engram;

namespace {

void write(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  for (const char c : text) file.write(&c, 1);
  file.commit();
}

int files_in(const std::filesystem::path& folder) {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST(file_of_two_writers_is_of_one_of_them) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("file"), a(50'000, 'a'), b(50'000, 'b');
  for (int round = 0; round < 20; round++) {
    std::thread other([&] { write(path, a); });
    write(path, b);
    other.join();
    const std::string text = golden::read_file(path);
    CHECK(text == a || text == b);
  }
  CHECK(files_in(folder.path()) == 1);
}

TEST(file_that_is_not_committed_never_was) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("file");
  write(path, "old");
  {
    AtomicFile file(path);
    file.write("new", 3);
    CHECK(files_in(folder.path()) == 2);
  }
  CHECK(golden::read_file(path) == "old" && files_in(folder.path()) == 1);
}

#ifndef _WIN32
TEST(file_takes_another_name_than_a_killed_process_left) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("file");
  // The names that the next writers of this process would take first.
  std::string next;
  {
    AtomicFile file(path);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) next = entry.path().string();
  }
  const size_t dash = next.find_last_of('-');
  const int number = std::stoi(next.substr(dash + 1));
  for (int i = 1; i <= 5; i++)
    golden::write_file(next.substr(0, dash + 1) + std::to_string(number + i) + ".tmp", "left");
  write(path, "new");
  CHECK(golden::read_file(path) == "new" && files_in(folder.path()) == 6);
}

TEST(file_that_is_none_is_refused_at_once) {
  golden::TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  CHECK(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_CODE(MappedFile{pipe}, "disk");  // and does not wait for a writer
  CHECK_THROWS_CODE(MappedFile{"/dev/zero"}, "disk");
  CHECK_THROWS_CODE(MappedFile{folder.path().string()}, "disk");
  golden::write_file(folder.file("empty"), "");
  CHECK(MappedFile(folder.file("empty")).size() == 0);
}
#endif

// Runs the registered tests, or those whose names contain one of the arguments.
#include <algorithm>
#include <cstring>
#include <exception>

#include "check.hpp"

namespace check {
namespace {

Test* first = nullptr;
bool failed = false;

}  // namespace

Test::Test(const char* name, void (*run)()) : name(name), run(run), next(first) { first = this; }

void fail(const char* file, int line, const std::string& message) {
  std::printf("%s:%d: %s\n", file, line, message.c_str());
  failed = true;
}

}  // namespace check

int main(int argc, char** argv) {
  int n_passed = 0, n_failed = 0;
  for (check::Test* test = check::first; test; test = test->next) {
    const auto names = [&](const char* word) { return std::strstr(test->name, word) != nullptr; };
    if (argc > 1 && std::none_of(argv + 1, argv + argc, names)) continue;
    check::failed = false;
    try {
      test->run();
    } catch (const std::exception& error) {
      check::fail(test->name, 0, std::string("threw: ") + error.what());
    }
    if (check::failed) std::printf("FAILED %s\n", test->name);
    ++(check::failed ? n_failed : n_passed);
  }
  std::printf("%d passed, %d failed\n", n_passed, n_failed);
  return n_failed || !n_passed ? 1 : 0;
}

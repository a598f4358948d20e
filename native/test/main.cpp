// Runs the registered tests, or those whose names contain one of the arguments, and names those that take long.
#include <algorithm>
#include <cstring>
#include <ctime>
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

// Of all threads' processor time: what a test takes does not depend on who else runs.
constexpr double kLongSeconds = 1;

int main(int argc, char** argv) {
  int n_passed = 0, n_failed = 0;
  for (check::Test* test = check::first; test; test = test->next) {
    const auto names = [&](const char* word) { return std::strstr(test->name, word) != nullptr; };
    if (argc > 1 && std::none_of(argv + 1, argv + argc, names)) continue;
    check::failed = false;
    const std::clock_t started = std::clock();
    try {
      test->run();
    } catch (const std::exception& error) {
      check::fail(test->name, 0, std::string("threw: ") + error.what());
    }
    if (check::failed) std::printf("FAILED %s\n", test->name);
    ++(check::failed ? n_failed : n_passed);
    const double seconds = double(std::clock() - started) / CLOCKS_PER_SEC;
    if (seconds > kLongSeconds) std::printf("%s: %.1f s of processor time\n", test->name, seconds);
  }
  std::printf("%d passed, %d failed\n", n_passed, n_failed);
  return n_failed || !n_passed ? 1 : 0;
}

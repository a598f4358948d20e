// A very small test kit: TEST(name) { … } registers a test, the CHECK macros record failures and carry on.
// Not here: fixtures, mocks, parameters. Link main.cpp, which runs everything or the tests whose names contain an
// argument.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

#include "error.hpp"

namespace check {

struct Test {
  const char* name;
  void (*run)();
  Test* next;
  Test(const char* name, void (*run)());
};

// Prints the failure and marks the running test as failed.
void fail(const char* file, int line, const std::string& message);

inline void near(double actual, double expected, double tolerance, const char* text, const char* file, int line) {
  if (std::abs(actual - expected) <= tolerance) return;  // false for NaN too
  char message[256];
  std::snprintf(message, sizeof message, "%s: expected %.9g ± %.3g, got %.9g", text, expected, tolerance, actual);
  fail(file, line, message);
}

template <class F>
void throws_code(F&& f, const std::string& code, const char* text, const char* file, int line) {
  try {
    f();
  } catch (const engram::Error& error) {
    if (error.code != code) fail(file, line, std::string(text) + ": expected `" + code + "`, got `" + error.code + "`");
    return;
  }
  fail(file, line, std::string(text) + ": expected `" + code + "`, nothing was thrown");
}

}  // namespace check

#define TEST(name)                                        \
  static void test_##name();                              \
  static check::Test register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (0)

// |actual - expected| <= tolerance
#define CHECK_NEAR(actual, expected, tolerance) check::near(actual, expected, tolerance, #actual, __FILE__, __LINE__)

// The expression throws an engram::Error with this code.
#define CHECK_THROWS_CODE(expression, code) \
  check::throws_code([&] { (void)(expression); }, code, #expression, __FILE__, __LINE__)

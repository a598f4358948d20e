// The one boundary between C++ exceptions and JavaScript errors: a JS Error with `code` and `hint` (src/errors.ts has
// the codes; TypeScript makes the EngramError). Nothing thrown by the core or by the binding passes it.
#pragma once

#include <exception>
#include <string>
#include <type_traits>

#include "../core/error.hpp"
#include "napi.hpp"

namespace engram::binding {

struct Failure {
  std::string code, message, hint;

  // What went wrong in the exception being handled; call it only inside a catch block.
  static Failure current() noexcept;
  Napi::Value to_js(Napi::Env env) const;
};

// Runs the body of an exported function: whatever it throws becomes a JS exception with a code.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> std::invoke_result_t<Body> {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;  // already a JS exception; node-addon-api hands it over
  } catch (...) {
    const Failure failure = Failure::current();
    throw Napi::Error(env, failure.to_js(env));
  }
}

}  // namespace engram::binding

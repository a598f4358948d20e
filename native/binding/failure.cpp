// Turns exceptions into JS errors (see failure.hpp).
#include "failure.hpp"

#include <new>
#include <stdexcept>
#include <system_error>

namespace engram::binding {

Failure Failure::current() noexcept {
  try {
    throw;
  } catch (const Error& e) {
    return {e.code, e.what(), e.hint};
  } catch (const std::bad_alloc&) {
    return {"memory", "Not enough memory.", "Close other programs, or use a smaller model, rank or text."};
  } catch (const std::length_error&) {  // a vector asked to be larger than memory can be
    return {"memory", "Not enough memory.", "Close other programs, or use a smaller model, rank or text."};
  } catch (const std::system_error& e) {  // a thread that could not be started
    return {"memory", std::string("The system refused a resource: ") + e.what() + ".", "Use fewer threads."};
  } catch (const std::exception& e) {
    return {"internal", e.what(), ""};
  } catch (...) {
    return {"internal", "An unknown fault in the native code.", ""};
  }
}

Napi::Value Failure::to_js(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message);
  Napi::Object value = error.Value();
  value.Set("code", code);
  if (!hint.empty()) value.Set("hint", hint);
  return value;
}

}  // namespace engram::binding

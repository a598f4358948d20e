// The one exception type of the core. Codes are those of src/errors.ts; the binding turns it into an EngramError.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace engram {

class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message, std::string hint = "")
      : std::runtime_error(message), code(std::move(code)), hint(std::move(hint)) {}

  const std::string code;
  const std::string hint;
};

}  // namespace engram

// A GGUF in several files, as llama-gguf-split writes them: name-00001-of-00003.gguf holds the metadata, each its own
// tensors, and each says in `split.no` and `split.count` which it is. Not here: reading them (gguf.hpp).
#pragma once

#include <cstdint>
#include <string>

#include "error.hpp"

namespace engram {

// Path of part `no` (from 0) of `count`, by the path of the first. Throws `corrupt` if that is not named as a first
// part or there is no such file.
std::string part_path(const std::string& first, int64_t no, int64_t count);

// What to say of a part that is given in place of the first.
Error not_first(const std::string& path, int64_t no, int64_t count);

}  // namespace engram

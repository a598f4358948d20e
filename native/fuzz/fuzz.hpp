// What a fuzz target is: a reader of one kind of file and the files that it starts from. Not here: who feeds it:
// libFuzzer (make fuzz) or replay.cpp (make fuzz-replay).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

// Each target's own: sound files of its kind, a few kilobytes each …
std::vector<std::string> seeds();
// … and what reads one and uses it. Throws engram::Error for a bad file.
void read(const std::string& path);

// Reads an input: true if the target took it, false if it refused it with a code that a bad file has. Anything else
// ends the process, and the input is left in the file scratch().
bool is_sound(const uint8_t* data, size_t size);
const std::string& scratch();

// The libggml-base of node_modules, and a file of test/fixtures/golden.
const std::string& ggml_library();
std::string fixture(const std::string& name);

}  // namespace fuzz

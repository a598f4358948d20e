// Shares the rows of an operation out among threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../threads.hpp"

namespace engram {

// Calls body(row) for every row, a few rows a chunk.
template <typename Body>
void for_rows(int64_t T, ThreadPool& pool, const Body& body) {
  constexpr int64_t kRowsPerChunk = 8;
  pool.parallel_for((T + kRowsPerChunk - 1) / kRowsPerChunk, [&](int64_t chunk) {
    const int64_t end = std::min(T, (chunk + 1) * kRowsPerChunk);
    for (int64_t t = chunk * kRowsPerChunk; t < end; t++) body(t);
  });
}

}  // namespace engram

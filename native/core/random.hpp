// splitmix64 (Steele, Lea & Flood 2014): a small generator whose n-th value can be had without the ones before it, so
// that a dropout mask need not be stored. Not for secrets.
#pragma once

#include <cstdint>

namespace engram {

inline uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// Value n of the sequence of `seed`, in [0, 1).
inline double uniform_at(uint64_t seed, uint64_t n) {
  return static_cast<double>(mix64(seed + (n + 1) * 0x9e3779b97f4a7c15ull) >> 11) * 0x1p-53;
}

class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}
  double uniform() { return uniform_at(seed_, n_++); }

 private:
  uint64_t seed_, n_ = 0;
};

}  // namespace engram

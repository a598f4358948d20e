// Vectors of floats that begin on a cache line and are not zeroed when they grow. Two threads that write neighbouring
// columns of such a matrix do not share lines.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace engram {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kLine)); }
  void deallocate(T* p, size_t) { ::operator delete(p, kLine); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;  // not U(): values are left as they are
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(static_cast<Args&&>(args)...);
  }
  bool operator==(const AlignedAllocator&) const { return true; }
};

using Floats = std::vector<float, AlignedAllocator<float>>;

// Grows a buffer to just that size and never shrinks it, so that a training settles into no allocations at all and
// takes what memory.cpp counts.
inline float* sized(Floats& buffer, size_t n) {
  if (buffer.size() < n) {
    buffer.reserve(n);
    buffer.resize(n);
  }
  return buffer.data();
}

}  // namespace engram

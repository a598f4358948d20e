// The loops of vector.hpp compiled for avx512.
#define ENGRAM_VECTOR_TABLE avx512
#include "vector_loops.hpp"

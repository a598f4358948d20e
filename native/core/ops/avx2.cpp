// The loops of vector.hpp compiled for avx2.
#define ENGRAM_VECTOR_TABLE avx2
#include "vector_loops.hpp"

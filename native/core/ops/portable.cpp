// The loops of vector.hpp compiled for portable.
#define ENGRAM_VECTOR_TABLE portable
#include "vector_loops.hpp"

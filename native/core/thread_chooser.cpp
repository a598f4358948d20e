// See thread_chooser.hpp.
#include "thread_chooser.hpp"

namespace engram {

void ThreadChooser::computed(int, double) {}

}  // namespace engram

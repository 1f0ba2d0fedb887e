// What libFuzzer calls; GELEIT_FUZZ names the target (a `fuzz` build makes one program of each).
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  geleit::fuzz::GELEIT_FUZZ({reinterpret_cast<const char*>(data), size});
  return 0;
}

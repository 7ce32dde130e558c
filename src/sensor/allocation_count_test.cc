// Counts the allocations of each thread of the test program, for the promise of Sensor::read(). In
// a file of its own, so that the compiler does not see new and delete together.
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {
thread_local std::int64_t allocations = 0;
}

__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace isojoule {
std::int64_t allocations_of_this_thread();
std::int64_t allocations_of_this_thread() { return allocations; }
}  // namespace isojoule

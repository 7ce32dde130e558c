#include "engine/libtorch/worker/faults.h"

#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>
#include <string_view>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

constexpr const char* kMemoryRemedy = "Take a smaller batch or network, or end other programs.";

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The interpreter of TorchScript tells the way to the fault first and the fault last.
std::string line_that_says_it(const std::string& text) {
  if (!holds(text, "TorchScript")) return text.substr(0, text.find('\n'));
  const std::size_t end = text.find_last_not_of(" \n");
  if (end == std::string::npos) return text;
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, end - begin);
}

Error from_text(const std::string& where, const std::string& text) {
  const std::string line = where + line_that_says_it(text);
  // c10/core/impl/alloc_cpu.cpp and c10/cuda/CUDACachingAllocator.cpp word a failed allocation so.
  for (const char* sign : {"can't allocate memory", "out of memory", "std::bad_alloc"})
    if (holds(text, sign)) return {ErrorKind::engine, "out of memory: " + line, {}, kMemoryRemedy};
  // A shape whose product does not fit into 64 bits (c10/core/TensorImpl.h,
  // aten/src/ATen/EmptyTensor.cpp).
  if (holds(text, "Storage size calculation overflowed"))
    return {ErrorKind::engine, "out of memory: " + line, {}, kMemoryRemedy};
  if (holds(text, "not implemented for 'Half'") || holds(text, "for Half is not implemented"))
    return {ErrorKind::unsupported,
            line,
            {},
            "This LibTorch has no fp16 for it on this device: take precision fp32."};
  if (holds(text, "not implemented for"))
    return {ErrorKind::unsupported, line, {}, "Use a model with another type of elements."};
  return {ErrorKind::engine, line, {}, {}};
}

}  // namespace

Error caught(const std::string& where) {
  try {
    throw;
  } catch (const Fault& fault) {
    return fault.error;
  } catch (const Refusal& refusal) {
    return {refusal.kind,
            where + refusal.what(),
            {},
            "Export the model otherwise, or run it in another engine."};
  } catch (const c10::Error& error) {
    return from_text(where, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return {ErrorKind::engine, "out of memory: " + where + "no room", {}, kMemoryRemedy};
  } catch (const std::length_error&) {
    return {ErrorKind::engine,
            "out of memory: " + where + "a tensor larger than any memory",
            {},
            kMemoryRemedy};
  } catch (const std::exception& exception) {
    return from_text(where, exception.what());
  } catch (...) {
    return {ErrorKind::engine, where + "an exception of no known kind", {}, {}};
  }
}

}  // namespace isojoule::libtorch

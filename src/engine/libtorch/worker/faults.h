// LibTorch's exceptions, and ours of operator.h, as typed errors.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "base/error.h"

namespace isojoule::libtorch {

// An error that is worded already, on its way through LibTorch.
class Fault : public std::exception {
 public:
  explicit Fault(Error said) : error(std::move(said)) {}
  const char* what() const noexcept override { return error.what.c_str(); }
  Error error;
};

// What is being handled, as an error; only in a catch clause. `where` ("" or "operator ...: ")
// stands before LibTorch's own words.
Error caught(const std::string& where);

// Runs what calls LibTorch. `Value` is what `work` returns.
template <typename Work>
auto guarded(Work work) -> Result<decltype(work())> {
  using Value = decltype(work());
  try {
    if constexpr (std::is_void_v<Value>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (...) {
    return tl::unexpected<Error>(caught(""));
  }
}

}  // namespace isojoule::libtorch

// OpenCV throws; what it throws becomes an Error here and nowhere else.
#pragma once

#include <opencv2/core.hpp>

#include "base/error.h"

namespace isojoule {

// Memory that could not be had is "out of memory: ...", what OpenCV has not written is unsupported;
// everything else is of `kind`.
Error error_of(const cv::Exception& exception, ErrorKind kind);

template <typename Work>
auto guarded(ErrorKind kind, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const cv::Exception& exception) {
    return tl::unexpected<Error>(error_of(exception, kind));
  }
}

}  // namespace isojoule

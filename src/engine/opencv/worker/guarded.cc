#include "engine/opencv/worker/guarded.h"

#include <cctype>

namespace isojoule {
namespace {

// OpenCV's messages run over lines and repeat their source files.
std::string in_one_line(const std::string& text) {
  constexpr std::size_t kLongest = 400;
  std::string line;
  for (const char c : text) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
  }
  if (line.size() > kLongest) line = line.substr(0, kLongest) + "...";
  return line;
}

}  // namespace

Error error_of(const cv::Exception& exception, ErrorKind kind) {
  const std::string text = in_one_line(exception.err);
  for (const char* sign : {"Failed to allocate", "Insufficient memory", "out of memory"})
    if (exception.code == cv::Error::StsNoMem || text.find(sign) != std::string::npos)
      return {ErrorKind::engine,
              "out of memory: OpenCV: " + text,
              {},
              "Take a smaller batch or network, or end other programs."};
  if (exception.code == cv::Error::StsNotImplemented) kind = ErrorKind::unsupported;
  Error error{kind, "OpenCV: " + text, {}, {}};
  if (kind == ErrorKind::unsupported)
    error.remedy =
        "OpenCV's DNN module runs convolutional networks; export the model with ONNX operator set "
        "11, or take another engine ('isojoule list engines').";
  if (kind == ErrorKind::parse)
    error.remedy = "Check the file: it may be cut short, or of a kind that OpenCV does not read.";
  return error;
}

}  // namespace isojoule

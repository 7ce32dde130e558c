// OpenCV's DNN module (https://opencv.org): convolutional networks as ONNX or Darknet files, in a
// worker program of its own.
#include "engine/engine.h"
#include "engine/worker_engine.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Engine>> open_opencv(const std::string& worker_directory, Clock& clock) {
  return make_worker_engine("opencv", worker_directory, clock);
}

}  // namespace

const EngineKind& engine_kind_opencv() {
  static const EngineKind kind = {
      "opencv",
      "OpenCV DNN on the CPU, or CUDA where OpenCV was built with it: ONNX files, and Darknet's "
      "X.cfg with X.weights beside it. graph=static fuses layers, dynamic does not. Options: "
      "shape.INPUT=1x3x224x224, timeout_s=SECONDS",
      {{"graph", {"static", "dynamic"}},
       {"accelerator", {"cpu", "gpu"}},
       {"precision", {"fp32", "fp16"}}},
      open_opencv,
      11};  // 4.6 reads no linear Resize of 10; the Clip of 11 is put into the form that it reads
  return kind;
}

}  // namespace isojoule

// What an ONNX model needs so that OpenCV reads it. OpenCV 4.6 knows Clip only as it was before
// operator set 11 (limits as attributes), and computes with shapes (operator Shape) only where no
// dimension is open.
//
// Only a model that needs it is changed: that costs a copy of its weights.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "data/tensor.h"

namespace isojoule {

struct OnnxChanges {
  bool clips = false;   // limits become attributes
  bool shapes = false;  // the inputs get the dimensions of this run
  bool any() const { return clips || shapes; }
  std::string words() const;  // "Clip as in operator set 10"
};

OnnxChanges needed_changes(const onnx::GraphProto& graph);
// `inputs`: with no dimension open.
void change(onnx::GraphProto& graph, const OnnxChanges& changes,
            const std::vector<TensorSpec>& inputs);

}  // namespace isojoule

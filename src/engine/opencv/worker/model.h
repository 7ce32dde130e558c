// A model file as OpenCV's network, with what OpenCV does not tell of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <opencv2/dnn.hpp>

#include "base/error.h"
#include "data/tensor.h"
#include "engine/engine.h"
#include "engine/worker_run.h"

namespace isojoule {

struct ModelBytes {
  std::vector<char> model;      // ONNX, or Darknet's weights
  std::vector<char> structure;  // Darknet's cfg; empty: the model is ONNX
};

struct BuiltModel {
  cv::dnn::Net net;
  std::vector<TensorSpec> inputs;  // no dimension is open
  // As the model declares them (-1: open); empty: a Darknet file, which does not.
  std::vector<TensorSpec> outputs;
  std::map<std::string, std::string> operations;  // ONNX node or output -> "Conv"
  std::map<std::string, std::string> notes;
};

// X.cfg or X.weights is a pair of Darknet's, everything else ONNX. Errors: not_found (a partner
// that is not beside, too), io.
Result<ModelBytes> load_model(const std::string& path);

// Errors: parse (no such file, or cut short), unsupported (an operator, a type), those of
// resolve_inputs().
Result<BuiltModel> build_onnx(const ModelBytes& bytes, const Job& job, const CommonOptions& common);
Result<BuiltModel> build_darknet(const ModelBytes& bytes, const Job& job,
                                 const CommonOptions& common);

}  // namespace isojoule

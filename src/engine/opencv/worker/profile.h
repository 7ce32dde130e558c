// OpenCV's times of its layers (Net::getPerfProfile), as layers of the model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <opencv2/dnn.hpp>

#include "data/run.h"

namespace isojoule {

// What getPerfProfile gave after each batch, in ticks by layer. A layer that OpenCV has fused into
// the one before it has no time of its own: it is named in that one's operation
// ("Conv+BatchNormalization+Relu") and left out. May throw cv::Exception.
std::vector<LayerTime> layer_times(cv::dnn::Net& net,
                                   const std::vector<std::vector<double>>& ticks_by_batch,
                                   const std::map<std::string, std::string>& operations);

}  // namespace isojoule
